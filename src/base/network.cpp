#include "base/network.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace tombo {

namespace {
constexpr unsigned kMappedBits = 96;

/// The address with all bits behind the first `bits` taken away.
std::array<std::uint8_t, 16> masked(std::array<std::uint8_t, 16> bytes, unsigned bits) {
  for (unsigned i = 0; i < bytes.size(); ++i) {
    const unsigned kept = std::clamp(bits, 8 * i, 8 * i + 8) - 8 * i;
    bytes[i] = static_cast<std::uint8_t>(bytes[i] & (0xFF00U >> kept));
  }
  return bytes;
}

bool same_begin(const std::array<std::uint8_t, 16>& a, const std::array<std::uint8_t, 16>& b, unsigned bits) {
  const auto whole = static_cast<std::ptrdiff_t>(bits / 8);
  if (!std::equal(a.begin(), a.begin() + whole, b.begin())) return false;
  if (bits % 8 == 0) return true;
  const auto at = static_cast<std::size_t>(whole);
  return ((a[at] ^ b[at]) >> (8 - bits % 8)) == 0;
}

/// The number behind the slash; nothing if it is none or too large.
std::optional<unsigned> prefix_of(std::string_view text, unsigned max) {
  unsigned prefix = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), prefix);
  if (error != std::errc{} || end != text.data() + text.size() || prefix > max) return std::nullopt;
  return prefix;
}
}  // namespace

Result<Network, std::string> Network::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string_view head = text.substr(0, slash);
  const auto address = Address::parse(head);
  if (!address) {
    return Failure{
        fmt::format("\"{}\" is no network: an IPv4 or IPv6 address is wanted, as in \"192.168.0.0/16\" or "
                    "\"2001:db8::/32\"",
                    text)};
  }
  // "::ffff:192.0.2.0/120" is written with the bits of IPv6 and means an IPv4 network.
  const bool written_as_v4 = head.find(':') == std::string_view::npos;
  unsigned bits = 128;
  if (slash != std::string_view::npos) {
    const unsigned max = written_as_v4 ? 32 : 128;
    const auto prefix = prefix_of(text.substr(slash + 1), max);
    if (!prefix)
      return Failure{fmt::format("\"{}\" is no network: its prefix must be a number from 0 to {}", text, max)};
    bits = written_as_v4 ? *prefix + kMappedBits : *prefix;
  }
  const Address first(masked(address->bytes_, bits));
  const bool v4 = address->is_v4() && bits >= kMappedBits;
  const Network meant(first, bits, v4);
  if (first != *address) {
    return Failure{fmt::format("\"{}\" has bits set behind its prefix; \"{}\" is the network that holds it", text,
                               meant.to_string())};
  }
  return meant;
}

bool Network::contains(const Address& address) const {
  return same_begin(first_.bytes_, address.bytes_, bits_) && (v4_ || !address.is_v4());
}

std::string Network::to_string() const {
  return fmt::format("{}/{}", first_.to_string(), prefix());
}

NetworkSet::NetworkSet(std::span<const Network> networks) {
  entries_.reserve(networks.size());
  for (const Network& network : networks) entries_.push_back({network, -1});
  std::sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) {
    if (a.network.first() != b.network.first()) return a.network.first() < b.network.first();
    if (a.network.is_v4() != b.network.is_v4()) return b.network.is_v4();
    return a.network.prefix() < b.network.prefix();
  });
  // Two networks are apart or one is in the other, so the ones around an entry are those around the entry before it,
  // or that entry itself.
  for (std::size_t i = 1; i < entries_.size(); ++i) {
    auto around = static_cast<std::int32_t>(i) - 1;
    while (around >= 0) {
      const Network& candidate = entries_[static_cast<std::size_t>(around)].network;
      if (candidate.contains(entries_[i].network.first())) break;
      around = entries_[static_cast<std::size_t>(around)].around;
    }
    entries_[i].around = around;
  }
}

Result<NetworkSet, std::string> NetworkSet::parse(std::span<const std::string> texts) {
  std::vector<Network> networks;
  networks.reserve(texts.size());
  for (const std::string& text : texts) {
    auto network = Network::parse(text);
    if (!network) return Failure{network.error()};
    networks.push_back(*network);
  }
  return NetworkSet(networks);
}

std::optional<unsigned> NetworkSet::longest_prefix(const Address& address) const {
  const auto behind = std::upper_bound(entries_.begin(), entries_.end(), address,
                                       [](const Address& a, const Entry& entry) { return a < entry.network.first(); });
  auto at = static_cast<std::int32_t>(behind - entries_.begin()) - 1;
  while (at >= 0) {
    const Entry& entry = entries_[static_cast<std::size_t>(at)];
    if (entry.network.contains(address)) return entry.network.prefix();
    at = entry.around;
  }
  return std::nullopt;
}

Result<NetworkDoor, std::string> NetworkDoor::parse(std::span<const std::string> allow,
                                                    std::span<const std::string> deny) {
  auto allowed = NetworkSet::parse(allow);
  if (!allowed) return Failure{"allow_networks: " + allowed.error()};
  auto denied = NetworkSet::parse(deny);
  if (!denied) return Failure{"deny_networks: " + denied.error()};
  return NetworkDoor(std::move(*allowed), std::move(*denied));
}

bool NetworkDoor::admits(const Address& address) const {
  const auto denied = deny_.longest_prefix(address);
  if (!denied && allow_.empty()) return true;
  const auto allowed = allow_.longest_prefix(address);
  if (denied) return allowed && *allowed > *denied;
  return allowed.has_value();
}

}  // namespace tombo
