// Feeds a PROXY filter the input in one piece and, to another, in pieces: both must say the same, and what goes inward must
// be the input's end.  The first byte is the size of the pieces.
#include "filter/proxy_header.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>

namespace {

using namespace tombo;

void check(bool holds) {
  if (!holds) std::abort();
}

struct Side {
  Side() {
    config::Listener options;
    options.user_name_from = config::UserNameFrom::certificate_cn;
    filter = filter::make_proxy_header(options);
  }
  void feed(filter::Bytes bytes) {
    if (going_on) going_on = filter->receive(bytes, inward, outward);
    check(filter->memory() < 40'000);
  }
  auth::Peer peer() const {
    auth::Peer known;
    filter->describe(known);
    return known;
  }
  std::unique_ptr<filter::ByteFilter> filter;
  filter::Sink inward;
  filter::Sink outward;
  bool going_on = true;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const filter::Bytes input{data + 1, size - 1};
  Side whole;
  Side pieces;
  whole.feed(input);
  const std::size_t piece = 1U + data[0];
  for (std::size_t at = 0; at < input.size(); at += piece)
    pieces.feed(input.subspan(at, std::min(piece, input.size() - at)));
  check(whole.going_on == pieces.going_on);
  check(whole.filter->open() == pieces.filter->open());
  check(whole.filter->why() == pieces.filter->why());
  check(whole.inward == pieces.inward);
  check(whole.outward.empty() && pieces.outward.empty());
  check(whole.inward.size() <= input.size() && std::equal(whole.inward.rbegin(), whole.inward.rend(), input.rbegin()));
  const auth::Peer a = whole.peer();
  const auth::Peer b = pieces.peer();
  check(a.address == b.address && a.certificate_cn == b.certificate_cn && a.user_name == b.user_name);
  check(a.server_name == b.server_name && a.tls_version == b.tls_version && a.tls_cipher == b.tls_cipher);
  // An identity comes only with a header that is whole and right.
  check(whole.filter->open() || a.user_name.empty());
  return 0;
}
