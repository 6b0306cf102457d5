// Feeds a WebSocket filter the input in one piece and, to another, in pieces of sizes that the input chooses: both must
// say the same.  The first bytes choose whether the input begins after a handshake, the pieces and the options.
#include "filter/websocket.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

namespace {

using namespace tombo;

constexpr std::string_view kHandshake =
    "GET /mqtt HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: "
    "dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n";
/// What a filter may hold, whatever it is told.
constexpr std::size_t kMemoryMax = 5'000;
constexpr std::size_t kHeaderMax = 600;

void check(bool holds) {
  if (!holds) std::abort();
}

struct Side {
  explicit Side(const config::Listener& options) {
    auto peer = std::make_shared<auth::Peer>();
    peer->address = "10.0.0.1:1";
    filter = filter::make_websocket(options, std::move(peer));
  }
  void feed(filter::Bytes bytes) {
    if (!going_on) return;
    going_on = filter->receive(bytes, inward, outward);
    check(filter->memory() < kMemoryMax + 3 * kHeaderMax);
    check(going_on || !filter->why().empty());
  }
  std::unique_ptr<filter::ByteFilter> filter;
  filter::Sink inward;
  filter::Sink outward;
  bool going_on = true;
};

/// The answers without pongs, whose number depends on the pieces.  Frames that a server sends here are short.
filter::Sink without_pongs(const filter::Sink& outward, std::size_t begin) {
  filter::Sink rest;
  for (std::size_t at = begin; at < outward.size();) {
    check(at + 1 < outward.size() && outward[at + 1] < 126);
    const std::size_t size = 2U + outward[at + 1];
    check(at + size <= outward.size());
    const auto frame = outward.begin() + static_cast<std::ptrdiff_t>(at);
    if (*frame != 0x8A) rest.insert(rest.end(), frame, frame + static_cast<std::ptrdiff_t>(size));
    at += size;
  }
  return rest;
}

std::string address_of(const Side& side) {
  auth::Peer peer;
  side.filter->describe(peer);
  return peer.address;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kChoices = 4;
  if (size < kChoices) return 0;
  const filter::Bytes choices{data, kChoices};
  const filter::Bytes input{data + kChoices, size - kChoices};
  config::Listener options;
  options.websocket_header_bytes_max = kHeaderMax;
  if ((choices[0] & 2) != 0) options.websocket_path = "/mqtt";
  if ((choices[0] & 4) != 0) options.websocket_origins = {"https://a"};
  if ((choices[0] & 8) != 0) options.websocket_trusted_proxies = {"10.0.0.0/8"};

  Side whole(options);
  Side pieces(options);
  if ((choices[0] & 1) != 0) {
    for (Side* side : {&whole, &pieces})
      side->feed({reinterpret_cast<const std::uint8_t*>(kHandshake.data()), kHandshake.size()});
  }
  const bool open_before = whole.filter->open();
  whole.feed(input);
  for (std::size_t at = 0, i = 0; at < input.size(); ++i) {
    const std::size_t piece = std::min<std::size_t>(input.size() - at, 1U + choices[1 + i % 3]);
    pieces.feed(input.subspan(at, piece));
    at += piece;
  }
  check(whole.going_on == pieces.going_on);
  check(whole.inward == pieces.inward);
  check(whole.inward.size() <= input.size());
  check(whole.filter->open() == pieces.filter->open());
  check(whole.filter->ended() == pieces.filter->ended());
  check(whole.filter->why() == pieces.filter->why());
  check(address_of(whole) == address_of(pieces));
  const std::string_view answer(reinterpret_cast<const char*>(whole.outward.data()), whole.outward.size());
  const std::size_t head = answer.starts_with("HTTP/1.1 101 ") ? answer.find("\r\n\r\n") + 4 : 0;
  if (head == 0) {
    check(!open_before && whole.outward == pieces.outward);
    return 0;
  }
  check(std::equal(answer.begin(), answer.begin() + static_cast<std::ptrdiff_t>(head), pieces.outward.begin()));
  check(without_pongs(whole.outward, head) == without_pongs(pieces.outward, head));
  return 0;
}
