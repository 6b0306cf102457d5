#include "filter/first_bytes.hpp"

namespace tombo::filter {

namespace {
constexpr std::uint8_t kConnect = 0x10;
constexpr std::uint8_t kTlsHandshake = 0x16;
}  // namespace

Spoken first_bytes(Bytes bytes) {
  if (bytes.empty()) return Spoken::nothing_yet;
  const std::uint8_t first = bytes.front();
  if (first == kConnect) return Spoken::mqtt;
  if (first >= 'A' && first <= 'Z') return Spoken::http;
  return first == kTlsHandshake ? Spoken::tls : Spoken::other;
}

}  // namespace tombo::filter
