#include "config/mosquitto/bridge_topic.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace tombo::config::mosquitto {

namespace {

constexpr std::string_view kEmpty = "\"\"";
enum Part : std::size_t { kFilter, kDirection, kQos, kLocal, kRemote, kParts };

/// Whether a text is a topic filter: wildcards stand alone in their level, and # at the end.
bool is_filter(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '+' && text[i] != '#') continue;
    const bool begins = i == 0 || text[i - 1] == '/';
    const bool ends = i + 1 == text.size() || (text[i] == '+' && text[i + 1] == '/');
    if (!begins || !ends) return false;
  }
  return true;
}

/// What is wrong with the words, or nothing.
std::string mistake_in(const std::vector<std::string_view>& words) {
  const auto word = [&](Part part) { return words.size() > part ? words[part] : std::string_view{}; };
  const auto is_empty = [&](Part part) { return word(part).empty() || word(part) == kEmpty; };
  const std::string_view direction = word(kDirection);
  if (!direction.empty() && direction != "in" && direction != "out" && direction != "both") {
    return fmt::format("has the direction '{}', but must be carried in, out or both; a filter cannot hold blanks",
                       direction);
  }
  const std::string_view qos = word(kQos);
  if (!qos.empty() && qos != "0" && qos != "1" && qos != "2")
    return fmt::format("has the QoS '{}', but there are 0, 1 and 2", qos);
  if (is_empty(kFilter) && (is_empty(kLocal) || is_empty(kRemote)))
    return "is empty and so wants both prefixes, which are then the topics";
  for (const Part prefix : {kLocal, kRemote}) {
    if (word(prefix).find_first_of("+#") != std::string_view::npos) {
      return fmt::format("has the prefix '{}', which may hold no wildcard (+ or #)", word(prefix));
    }
    const std::string whole =
        fmt::format("{}{}", is_empty(prefix) ? "" : word(prefix), is_empty(kFilter) ? "" : word(kFilter));
    if (!is_filter(whole))
      return fmt::format("is no filter as '{}': + and # stand alone between slashes, # at the end", whole);
  }
  return {};
}

}  // namespace

std::optional<std::string> bridge_topic(Reading& reading, const Line& line) {
  auto words = words_of(line.value);
  const auto comment = std::find_if(words.begin() + std::min<std::ptrdiff_t>(kQos, std::ssize(words)), words.end(),
                                    [](std::string_view word) { return word.starts_with('#'); });
  if (comment != words.end()) {
    reading.warning(line, "a comment stands on a line of its own; what follows '#' is not read");
    words.erase(comment, words.end());
  }
  if (const std::string mistake = mistake_in(words); !mistake.empty()) {
    reading.error(line, fmt::format("the topic '{}' {}", words[kFilter], mistake));
    return std::nullopt;
  }
  if (words.size() > kParts) {
    reading.warning(line, fmt::format("'topic' takes five words; what follows '{}' is not read", words[kRemote]));
    words.resize(kParts);
  }
  std::string topic;
  for (const std::string_view word : words) topic += fmt::format("{}{}", topic.empty() ? "" : " ", word);
  return topic;
}

}  // namespace tombo::config::mosquitto
