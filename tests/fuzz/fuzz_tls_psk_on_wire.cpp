// Reads the input as a pre_shared_key extension and as the handshake messages of a TLS 1.2 client, whole and in pieces: both
// ways find the same, and nothing that was not there.
#include "filter/tls/limits.hpp"
#include "filter/tls/psk_on_wire.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

namespace {

using namespace tombo::filter;

void check(bool holds) {
  if (!holds) std::abort();
}

std::optional<std::string> found_in(Bytes flight, std::size_t step) {
  KeyExchangeReader reader;
  std::optional<std::string> found;
  while (!flight.empty()) {
    const Bytes piece = flight.first(std::min(step, flight.size()));
    if (auto identity = reader.take(piece)) {
      check(!found);
      found = std::move(identity);
    }
    flight = flight.subspan(piece.size());
  }
  return found;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes input(data, size);
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto offered = offered_identities(input);
  check(offered.size() <= kPskOffersMax);
  for (const std::string_view identity : offered) {
    check(identity.data() >= text.data() && identity.data() + identity.size() <= text.data() + text.size());
  }
  const auto whole = found_in(input, std::max<std::size_t>(size, 1));
  check(whole == found_in(input, 1) && whole == found_in(input, 5));
  if (whole) check(whole->size() <= kPskIdentityBytesMax && text.find(*whole) != std::string_view::npos);
  return 0;
}
