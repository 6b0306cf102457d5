// Keys for TLS-PSK, asked of a plugin of Mosquitto's interface.
#include "plugin/host/limits.hpp"
#include "plugin/mosquitto/function_of.hpp"
#include "plugin/mosquitto/module.hpp"

#include <array>
#include <cstring>
#include <utility>

namespace tombo::plugin::mosquitto {

namespace {

/// Twice the longest key, in hexadecimal digits; the NUL comes behind.
constexpr std::size_t kDigitsMax = 2 * kPskKeyMax;

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Empty where it is no key.
std::string from_hex(std::string_view hex) {
  std::string bytes;
  bytes.reserve(kPskKeyMax);
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    const int high = digit(hex[i]);
    const int low = digit(hex[i + 1]);
    if (high < 0 || low < 0) break;
    bytes.push_back(static_cast<char>(high << 4 | low));
  }
  if (bytes.size() * 2 == hex.size()) return bytes;
  ::explicit_bzero(bytes.data(), bytes.size());
  return {};
}

/// What a plugin writes a key into; wiped.
class KeyRoom {
 public:
  KeyRoom() = default;
  KeyRoom(const KeyRoom&) = delete;
  KeyRoom& operator=(const KeyRoom&) = delete;
  ~KeyRoom() { ::explicit_bzero(digits_.data(), digits_.size()); }
  std::span<char> for_plugin() { return {digits_.data(), kDigitsMax}; }
  /// As far as its NUL, which is there whatever the plugin has done.
  std::string_view text() const { return {digits_.data(), ::strnlen(digits_.data(), kDigitsMax)}; }

 private:
  std::array<char, kDigitsMax + 1> digits_{};
};

}  // namespace

int Module::ask_for_key(const auth::KeyWanted& wanted, std::span<char> key) {
  ::mosquitto& client = clients_.stranger(wanted.listener, *wanted.peer);
  const char* hint = wanted.hint.c_str();
  const char* identity = wanted.identity.c_str();
  const int size = static_cast<int>(key.size());
  if (version_ == 2) {
    return function_of<PskKeyGet2>(old_.psk_key_get)(user_data_, hint, identity, key.data(), size);
  }
  if (version_ < 5) {
    return function_of<PskKeyGet>(old_.psk_key_get)(user_data_, &client, hint, identity, key.data(), size);
  }
  EvtPskKey event{};
  event.client = &client;
  event.hint = hint;
  event.identity = identity;
  event.key = key.data();
  event.max_key_len = size;
  return ask(kPskKey, &event);
}

Decision Module::psk_key(const auth::KeyWanted& wanted) {
  const Entered entered{*this};
  KeyRoom room;
  const int result = ask_for_key(wanted, room.for_plugin());
  Decision decision;
  decision.kind = Decision::Kind::deny;
  if (result == kPluginDefer || result == kPluginIgnore) {
    decision.kind = Decision::Kind::unknown;
  } else if (result == kSuccess) {
    decision.data = from_hex(room.text());
    if (!decision.data.empty()) {
      decision.kind = Decision::Kind::allow;
    } else {
      parts_.logger.warning(
          "plugin {}: what it gives as key of PSK identity \"{}\" is none: a key is hexadecimal digits, 2 to {}",
          parts_.name, printable(wanted.identity), kDigitsMax);
    }
  }
  return decision;
}

}  // namespace tombo::plugin::mosquitto
