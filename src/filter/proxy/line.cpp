#include "filter/proxy/header.hpp"

#include "base/network.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace tombo::filter {

namespace {
constexpr std::string_view kUnknown = "PROXY UNKNOWN";
constexpr std::size_t kWords = 4;  // two addresses and two ports

ProxyProgress wrong(std::string_view why) {
  return {ProxyProgress::Kind::wrong, 0, why};
}

/// As the protocol writes ports: decimal, without leading zeros.
std::optional<std::uint16_t> port_of(std::string_view text) {
  std::uint16_t port = 0;
  if (text.empty() || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return port;
}

/// Splits at single spaces; false unless there are exactly as many words as wanted.
bool split(std::string_view text, std::array<std::string_view, kWords>& words) {
  for (std::size_t i = 0; i < kWords; ++i) {
    const std::size_t space = i + 1 < kWords ? text.find(' ') : text.size();
    if (space == std::string_view::npos) return false;
    words[i] = text.substr(0, space);
    text.remove_prefix(std::min(text.size(), space + 1));
  }
  return true;
}

bool read_words(std::string_view text, bool v4, ProxyHeader& header) {
  std::array<std::string_view, kWords> words;
  if (!split(text, words)) return false;
  const auto is_of_family = [&](std::string_view word) { return (word.find(':') == std::string_view::npos) == v4; };
  const auto source = Address::parse(words[0]);
  const auto port = port_of(words[2]);
  if (!source || !port || !is_of_family(words[0])) return false;
  if (!Address::parse(words[1]) || !is_of_family(words[1]) || !port_of(words[3])) return false;
  header.address = source->with_port(*port);
  return true;
}
}  // namespace

ProxyProgress read_proxy_line(Bytes bytes, ProxyHeader& header) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), std::min(bytes.size(), kProxyLineMax));
  const std::size_t end = text.find("\r\n");
  if (end == std::string_view::npos) {
    if (text.size() == kProxyLineMax) return wrong("PROXY: a line of more than 107 bytes");
    return {};
  }
  const ProxyProgress whole{ProxyProgress::Kind::whole, end + 2, {}};
  const std::string_view line = text.substr(0, end);
  // What else stands behind UNKNOWN is not to be looked at.
  if (line == kUnknown || (line.starts_with(kUnknown) && line[kUnknown.size()] == ' ')) return whole;
  const bool v4 = line.starts_with("PROXY TCP4 ");
  if (!v4 && !line.starts_with("PROXY TCP6 ")) return wrong("PROXY: neither TCP4, TCP6 nor UNKNOWN");
  if (!read_words(line.substr(std::string_view("PROXY TCP4 ").size()), v4, header)) {
    return wrong("PROXY: a line without two addresses and two ports");
  }
  return whole;
}

}  // namespace tombo::filter
