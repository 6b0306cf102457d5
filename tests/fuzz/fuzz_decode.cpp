// Any bytes through framer and decoders of every version and both sides; what decodes is encoded and decoded
// again. Input: a byte that says version and sender, then packets.

#include "support/codec.hpp"

#include "base/assert.hpp"

#include <algorithm>

using namespace tombo;
using namespace tombo::mqtt;

namespace {

constexpr std::size_t kPacketMax = 1 << 20;

void check_round_trip(const Frame& frame, Version version, Sender sender) {
  const std::vector<std::uint8_t> first = test::reencode(frame, version, sender);
  const FrameResult framed = next_frame(first, kFixedHeaderMax + kRemainingLengthMax);
  TOMBO_ASSERT(framed.status == FrameStatus::complete && framed.frame.size == first.size());
  TOMBO_ASSERT(test::decode_any(framed.frame, version, sender) == ReasonCode::success);
  TOMBO_ASSERT(test::reencode(framed.frame, version, sender) == first);
  if (!test::has_one_form(frame, version)) return;
  TOMBO_ASSERT(
      std::equal(frame.body.begin(), frame.body.end(), framed.frame.body.begin(), framed.frame.body.end()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto version = static_cast<Version>(3 + data[0] % 3);
  const Sender sender = data[0] / 3 % 2 == 0 ? Sender::client : Sender::server;
  Bytes rest(data + 1, size - 1);
  while (true) {
    const FrameResult framed = next_frame(rest, kPacketMax);
    if (framed.status != FrameStatus::complete) return 0;
    if (test::decode_any(framed.frame, version, sender) == ReasonCode::success) {
      check_round_trip(framed.frame, version, sender);
    }
    rest = rest.subspan(framed.frame.size);
  }
}
