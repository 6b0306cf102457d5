#include "config/bridge_words.hpp"

#include <charconv>
#include <vector>

#include <fmt/format.h>

namespace tombo::config {

namespace {

constexpr std::size_t kTopicBytesMax = 65'535;

/// Words are parted by blanks; "" is an empty word.
std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  for (std::size_t at = text.find_first_not_of(" \t"); at != std::string_view::npos;
       at = text.find_first_not_of(" \t", at)) {
    const std::size_t end = std::min(text.find_first_of(" \t", at), text.size());
    const std::string_view word = text.substr(at, end - at);
    words.push_back(word == "\"\"" ? std::string_view{} : word);
    at = end;
  }
  return words;
}

/// Wildcards stand alone in their level, '#' is last.
bool is_filter(std::string_view filter) {
  for (std::size_t at = 0; at < filter.size(); ++at) {
    if (filter[at] != '+' && filter[at] != '#') continue;
    const bool begins = at == 0 || filter[at - 1] == '/';
    const bool ends = at + 1 == filter.size();
    if (!begins || (!ends && (filter[at] == '#' || filter[at + 1] != '/'))) return false;
  }
  return true;
}

std::string judge(const BridgeTopic& topic) {
  for (const std::string& prefix : {topic.local_prefix, topic.remote_prefix}) {
    if (prefix.find_first_of("+#") != std::string::npos)
      return fmt::format("a prefix holds no wildcard, as \"{}\" does", prefix);
  }
  if (topic.filter.empty()) {
    if (!topic.local_prefix.empty() && !topic.remote_prefix.empty()) return {};
    return "an empty filter stands for one topic, which both prefixes name: \"\\\"\\\" out 1 local/topic "
           "remote/topic\"";
  }
  if (topic.filter.starts_with("$share/"))
    return "shared subscriptions are not carried; connections = N shares the work";
  for (const std::string& filter : {topic.local_filter(), topic.remote_filter()}) {
    if (!is_filter(filter))
      return fmt::format("\"{}\" is no topic filter: + and # stand alone in a level, # comes last", filter);
    if (filter.size() > kTopicBytesMax)
      return fmt::format("a filter with its prefix has {} bytes at most", kTopicBytesMax);
  }
  return {};
}

}  // namespace

Result<BridgeTopic, std::string> parse_bridge_topic(std::string_view text) {
  const std::vector<std::string_view> words = words_of(text);
  if (words.empty()) return Failure{std::string{"no filter is named"}};
  if (words.size() > 5) return Failure{std::string{"more than filter, direction, QoS and two prefixes"}};
  BridgeTopic topic;
  topic.filter = words[0];
  if (words.size() > 1) {
    using Direction = BridgeTopic::Direction;
    if (words[1] == "out")
      topic.direction = Direction::out;
    else if (words[1] == "in")
      topic.direction = Direction::in;
    else if (words[1] == "both")
      topic.direction = Direction::both;
    else
      return Failure{fmt::format("the direction is \"{}\", but directions are out, in and both", words[1])};
  }
  if (words.size() > 2) {
    if (words[2] != "0" && words[2] != "1" && words[2] != "2")
      return Failure{fmt::format("the QoS is \"{}\", but must be 0, 1 or 2", words[2])};
    topic.qos = static_cast<std::uint8_t>(words[2][0] - '0');
  }
  if (words.size() > 3) topic.local_prefix = words[3];
  if (words.size() > 4) topic.remote_prefix = words[4];
  if (std::string wrong = judge(topic); !wrong.empty()) return Failure{std::move(wrong)};
  return topic;
}

Result<BridgeAddress, std::string> parse_bridge_address(std::string_view text) {
  BridgeAddress address;
  std::string_view port;
  bool has_port = false;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return Failure{fmt::format("\"{}\" lacks the ] of an IPv6 address", text)};
    address.host = text.substr(1, end - 1);
    const std::string_view rest = text.substr(end + 1);
    has_port = rest.starts_with(':');
    if (!rest.empty() && !has_port) return Failure{fmt::format("\"{}\" goes on behind the ]", text)};
    if (has_port) port = rest.substr(1);
  } else if (const std::size_t colon = text.find(':'); colon != text.rfind(':')) {
    address.host = text;  // IPv6 without a port
  } else {
    address.host = text.substr(0, colon);
    has_port = colon != std::string_view::npos;
    if (has_port) port = text.substr(colon + 1);
  }
  if (address.host.empty() || address.host.find_first_of(" \t/[]\"") != std::string::npos) {
    return Failure{
        fmt::format("\"{}\" is no host or host:port; an IPv6 address with a port is written [2001:db8::1]:1883", text)};
  }
  if (!has_port) return address;
  const auto read = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (read.ec != std::errc{} || read.ptr != port.data() + port.size() || address.port == 0) {
    return Failure{fmt::format("the port of \"{}\" must be between 1 and 65535", text)};
  }
  return address;
}

bool parse_hex(std::string_view text, std::string& bytes) {
  bytes.clear();
  if (text.size() % 2 != 0) return false;
  for (std::size_t at = 0; at < text.size(); at += 2) {
    unsigned value = 0;
    const auto read = std::from_chars(text.data() + at, text.data() + at + 2, value, 16);
    if (read.ec != std::errc{} || read.ptr != text.data() + at + 2) return false;
    bytes.push_back(static_cast<char>(value));
  }
  return true;
}

}  // namespace tombo::config
