#include "tomboctl/store/keys.hpp"

#include "tomboctl/human.hpp"

#include <fmt/format.h>

namespace tombo::tomboctl {

namespace {
constexpr std::size_t kNumberBytes = 8;
constexpr std::size_t kAfterNumber = 1 + kNumberBytes;
/// Keys may hold topics of 64 KiB.
constexpr std::size_t kShownMax = 200;

std::string session_in(std::string_view key) { return readable_number(store::number_in_key(key)); }
}  // namespace

std::string readable_number(std::uint64_t number) {
  return fmt::format("{}-{}", number >> store::kEpochShift, number & ((std::uint64_t{1} << store::kEpochShift) - 1));
}

std::string_view filter_in_key(std::string_view key) { return key.size() < kAfterNumber ? std::string_view{} : key.substr(kAfterNumber); }

std::string_view topic_in_key(std::string_view key) { return key.substr(1); }

mqtt::PacketId packet_id_in_key(std::string_view key) {
  if (key.size() != kAfterNumber + 2) return 0;
  return static_cast<mqtt::PacketId>(static_cast<std::uint8_t>(key[kAfterNumber]) << 8 | static_cast<std::uint8_t>(key[kAfterNumber + 1]));
}

std::string readable_key(std::string_view key) {
  const bool numbered = key.size() >= kAfterNumber;
  switch (key.empty() ? '\0' : key.front()) {
    case 'F': return fmt::format("the store's {}", printable(key.substr(1), kShownMax));
    case 'r': return fmt::format("retained {}", printable(topic_in_key(key), kShownMax));
    case 's': if (numbered) return fmt::format("session {}", session_in(key)); break;
    case 'h': if (numbered) return fmt::format("head of session {}", session_in(key)); break;
    case 'm': if (numbered) return fmt::format("message {}", session_in(key)); break;
    case 'u':
      if (numbered) return fmt::format("subscription {} of session {}", printable(filter_in_key(key), kShownMax), session_in(key));
      break;
    case 'q':
      if (numbered) return fmt::format("delivery {} of session {}", readable_number(store::seq_in_key(key)), session_in(key));
      break;
    case 'i':
      if (numbered) return fmt::format("received packet {} of session {}", packet_id_in_key(key), session_in(key));
      break;
    default: break;
  }
  std::string bytes;
  for (const char byte : key.substr(0, kShownMax / 2)) bytes += fmt::format("{:02x}", static_cast<std::uint8_t>(byte));
  return fmt::format("key 0x{}", bytes);
}

}  // namespace tombo::tomboctl
