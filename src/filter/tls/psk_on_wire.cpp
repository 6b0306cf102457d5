#include "filter/tls/psk_on_wire.hpp"

#include "filter/tls/limits.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace tombo::filter {

namespace {

constexpr std::size_t kMessageHeaderBytes = 4;  // type and length
constexpr std::size_t kSizeBytes = 2;           // of a length in front of an identity
constexpr std::size_t kTicketAgeBytes = 4;      // behind an identity in ClientHello
constexpr std::uint8_t kClientKeyExchange = 16;

std::size_t number(const std::uint8_t* bytes, std::size_t count) {
  std::size_t value = 0;
  for (std::size_t i = 0; i < count; ++i) value = value << 8 | bytes[i];
  return value;
}

}  // namespace

std::vector<std::string_view> offered_identities(Bytes extension) {
  std::vector<std::string_view> found;
  if (extension.size() < kSizeBytes) return found;
  const std::size_t claimed = number(extension.data(), kSizeBytes);
  Bytes list = extension.subspan(kSizeBytes);
  list = list.first(std::min(claimed, list.size()));
  while (found.size() < kPskOffersMax && list.size() >= kSizeBytes) {
    const std::size_t size = number(list.data(), kSizeBytes);
    list = list.subspan(kSizeBytes);
    if (list.size() < size + kTicketAgeBytes) break;
    found.emplace_back(reinterpret_cast<const char*>(list.data()), size);
    list = list.subspan(size + kTicketAgeBytes);
  }
  return found;
}

std::optional<std::string> KeyExchangeReader::take(Bytes bytes) {
  while (!done_ && !bytes.empty()) {
    const std::size_t passed = std::min(skip_, bytes.size());
    skip_ -= passed;
    bytes = bytes.subspan(passed);
    if (bytes.empty()) break;
    kept_.push_back(static_cast<char>(bytes.front()));
    bytes = bytes.subspan(1);
    if (auto identity = look()) return identity;
  }
  return {};
}

/// At what is kept, which has one byte more.
std::optional<std::string> KeyExchangeReader::look() {
  const auto* at = reinterpret_cast<const std::uint8_t*>(kept_.data());
  if (kept_.size() < kMessageHeaderBytes) return {};
  const std::size_t message = number(at + 1, kMessageHeaderBytes - 1);
  if (at[0] != kClientKeyExchange) {
    skip_ = message;
    kept_.clear();
    return {};
  }
  if (message < kSizeBytes) {
    end();
    return {};
  }
  if (kept_.size() < kMessageHeaderBytes + kSizeBytes) return {};
  const std::size_t size = number(at + kMessageHeaderBytes, kSizeBytes);
  if (size > kPskIdentityBytesMax || size + kSizeBytes > message) {
    end();
    return {};
  }
  if (kept_.size() < kMessageHeaderBytes + kSizeBytes + size) return {};
  end();
  return std::exchange(kept_, {}).substr(kMessageHeaderBytes + kSizeBytes);
}

}  // namespace tombo::filter
