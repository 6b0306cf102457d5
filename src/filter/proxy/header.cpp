#include "filter/proxy/header.hpp"

#include <algorithm>
#include <array>

namespace tombo::filter {

namespace {
constexpr std::array<std::uint8_t, 6> kLine{'P', 'R', 'O', 'X', 'Y', ' '};
constexpr std::array<std::uint8_t, 12> kBinary{0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A};

/// Whether the bytes begin so, as far as both go.
bool agree(Bytes bytes, Bytes begin) {
  const std::size_t size = std::min(bytes.size(), begin.size());
  return std::equal(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size), begin.begin());
}
}  // namespace

ProxyProgress read_proxy_header(Bytes bytes, ProxyHeader& header) {
  if (agree(bytes, kLine)) return read_proxy_line(bytes, header);
  if (agree(bytes, kBinary)) return read_proxy_binary(bytes, header);
  return {ProxyProgress::Kind::wrong, 0, "PROXY: the connection does not begin with a PROXY header"};
}

}  // namespace tombo::filter
