#include "filter/proxy/header.hpp"

#include "base/network.hpp"
#include "filter/crc32c.hpp"
#include "mqtt/utf8.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include <netinet/in.h>
#include <sys/socket.h>

namespace tombo::filter {

namespace {
constexpr std::size_t kHead = 16;  // signature, version and command, family, length
constexpr std::uint8_t kLocal = 0x20;
constexpr std::uint8_t kProxy = 0x21;
constexpr std::uint8_t kUnspecified = 0x00;
constexpr std::uint8_t kTcp4 = 0x11;
constexpr std::uint8_t kTcp6 = 0x21;
constexpr std::uint8_t kUnixStream = 0x31;
constexpr std::size_t kUnixPath = 108;

constexpr std::uint8_t kTypeAuthority = 0x02;
constexpr std::uint8_t kTypeCrc32c = 0x03;
constexpr std::uint8_t kTypeSsl = 0x20;
constexpr std::uint8_t kSubtypeVersion = 0x21;
constexpr std::uint8_t kSubtypeCn = 0x22;
constexpr std::uint8_t kSubtypeCipher = 0x23;
constexpr std::uint8_t kClientSsl = 0x01;
constexpr std::uint8_t kClientCertificate = 0x02 | 0x04;  // shown on this connection, or earlier in its session
constexpr std::size_t kSslHead = 5;

/// Longest text that is believed to be a name or a cipher.
constexpr std::size_t kTextMax = 1024;

ProxyProgress wrong(std::string_view why) {
  return {ProxyProgress::Kind::wrong, 0, why};
}

std::size_t two_bytes(Bytes bytes) {
  return std::size_t{bytes[0]} << 8 | bytes[1];
}

struct Entry {
  std::uint8_t type = 0;
  Bytes value;
};

/// Takes the next type-length-value from `bytes`; nothing if it does not fit.
std::optional<Entry> take_entry(Bytes& bytes) {
  if (bytes.size() < 3) return std::nullopt;
  const std::size_t size = two_bytes(bytes.subspan(1));
  if (bytes.size() - 3 < size) return std::nullopt;
  const Entry entry{bytes[0], bytes.subspan(3, size)};
  bytes = bytes.subspan(3 + size);
  return entry;
}

/// A name that identifies somebody or stands in a log: no control characters, well-formed, and told only once.
bool take_text(Bytes value, std::string& into) {
  const std::string_view text(reinterpret_cast<const char*>(value.data()), value.size());
  const bool control =
      std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
  if (text.empty() || text.size() > kTextMax || control || !mqtt::is_valid_text(text) || !into.empty()) return false;
  into = text;
  return true;
}

bool read_ssl(Bytes value, ProxyHeader& header) {
  if (value.size() < kSslHead) return false;
  const std::uint8_t client = value[0];
  const bool verified = value[1] == 0 && value[2] == 0 && value[3] == 0 && value[4] == 0;
  std::string version;
  std::string cipher;
  std::string cn;
  for (Bytes rest = value.subspan(kSslHead); !rest.empty();) {
    const auto entry = take_entry(rest);
    if (!entry) return false;
    if (entry->type == kSubtypeVersion && !take_text(entry->value, version)) return false;
    if (entry->type == kSubtypeCipher && !take_text(entry->value, cipher)) return false;
    if (entry->type == kSubtypeCn && !take_text(entry->value, cn)) return false;
  }
  if ((client & kClientSsl) == 0) return true;
  header.tls_version = version.empty() ? "TLS" : version;
  header.tls_cipher = cipher;
  if ((client & kClientCertificate) != 0 && verified) header.certificate_cn = cn;
  return true;
}

/// Whether the checksum at `value`, which lies within `whole`, is that of the header with the checksum itself as zeros.
bool is_checksum_right(Bytes whole, Bytes value) {
  if (value.size() != 4) return false;
  const auto before = static_cast<std::size_t>(value.data() - whole.data());
  constexpr std::array<std::uint8_t, 4> kZeros{};
  std::uint32_t crc = crc32c(whole.first(before));
  crc = crc32c(kZeros, crc);
  crc = crc32c(whole.subspan(before + value.size()), crc);
  const std::uint32_t told = static_cast<std::uint32_t>(two_bytes(value) << 16 | two_bytes(value.subspan(2)));
  return crc == told;
}

ProxyProgress read_entries(Bytes whole, Bytes rest, ProxyHeader& header) {
  bool has_ssl = false;
  while (!rest.empty()) {
    const auto entry = take_entry(rest);
    if (!entry) return wrong("PROXY: an entry does not fit into the header");
    if (entry->type == kTypeCrc32c && !is_checksum_right(whole, entry->value))
      return wrong("PROXY: the checksum is wrong");
    if (entry->type == kTypeAuthority && !take_text(entry->value, header.server_name))
      return wrong("PROXY: a malformed server name");
    if (entry->type != kTypeSsl) continue;
    if (has_ssl || !read_ssl(entry->value, header)) return wrong("PROXY: malformed information on TLS");
    has_ssl = true;
  }
  return {ProxyProgress::Kind::whole, whole.size(), {}};
}

std::string ipv4(Bytes bytes) {
  sockaddr_in socket{};
  socket.sin_family = AF_INET;
  std::memcpy(&socket.sin_addr, bytes.data(), sizeof socket.sin_addr);
  return Address::of(reinterpret_cast<const sockaddr&>(socket))
      ->with_port(static_cast<std::uint16_t>(two_bytes(bytes.subspan(8))));
}

std::string ipv6(Bytes bytes) {
  sockaddr_in6 socket{};
  socket.sin6_family = AF_INET6;
  std::memcpy(&socket.sin6_addr, bytes.data(), sizeof socket.sin6_addr);
  return Address::of(reinterpret_cast<const sockaddr&>(socket))
      ->with_port(static_cast<std::uint16_t>(two_bytes(bytes.subspan(32))));
}

/// A path up to its NUL; that of a client is most often empty.
std::optional<std::string> unix_path(Bytes bytes) {
  const auto end = std::find(bytes.begin(), bytes.begin() + kUnixPath, std::uint8_t{0});
  const std::string path(bytes.begin(), end);
  const bool control =
      std::any_of(path.begin(), path.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
  if (control || !mqtt::is_valid_text(path)) return std::nullopt;
  return "unix:" + path;
}

/// Bytes that the addresses of a family take; nothing for families that this broker does not serve.
std::optional<std::size_t> address_bytes(std::uint8_t family) {
  switch (family) {
    case kUnspecified:
      return 0;
    case kTcp4:
      return 12;
    case kTcp6:
      return 36;
    case kUnixStream:
      return 2 * kUnixPath;
    default:
      return std::nullopt;
  }
}
}  // namespace

ProxyProgress read_proxy_binary(Bytes bytes, ProxyHeader& header) {
  if (bytes.size() < kHead) {
    const bool odd = bytes.size() > 12 && bytes[12] != kLocal && bytes[12] != kProxy;
    return odd ? wrong("PROXY: neither LOCAL nor PROXY of version 2") : ProxyProgress{};
  }
  const std::uint8_t command = bytes[12];
  const std::uint8_t family = bytes[13];
  const std::size_t length = two_bytes(bytes.subspan(14));
  if (command != kLocal && command != kProxy) return wrong("PROXY: neither LOCAL nor PROXY of version 2");
  if (length > kProxyBodyMax) return wrong("PROXY: a header of more than 8192 bytes");
  const auto addresses = address_bytes(family);
  if (command == kProxy && !addresses) return wrong("PROXY: an unknown family of addresses");
  if (command == kProxy && length < *addresses) return wrong("PROXY: a header without its addresses");
  if (bytes.size() < kHead + length) return {};
  const Bytes whole = bytes.first(kHead + length);
  if (command == kLocal) return {ProxyProgress::Kind::whole, whole.size(), {}};
  const Bytes body = whole.subspan(kHead);
  if (family == kTcp4) header.address = ipv4(body);
  if (family == kTcp6) header.address = ipv6(body);
  if (family == kUnixStream) {
    auto path = unix_path(body);
    if (!path) return wrong("PROXY: a malformed path");
    header.address = std::move(*path);
  }
  return read_entries(whole, body.subspan(*addresses), header);
}

}  // namespace tombo::filter
