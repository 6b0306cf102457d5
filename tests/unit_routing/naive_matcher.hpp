#pragma once

#include "mqtt/topic.hpp"

#include <random>
#include <string>
#include <string_view>

namespace tombo::test {

/// Matching by recursion over the text, written to be obviously right; tests compare the trees with it.
inline bool matches_rest(std::string_view filter, std::string_view topic) {
  const auto filter_end = filter.find('/');
  const auto topic_end = topic.find('/');
  const std::string_view wanted = filter.substr(0, filter_end);
  if (wanted == "#") return true;
  if (wanted != "+" && wanted != topic.substr(0, topic_end)) return false;
  if (filter_end == std::string_view::npos) return topic_end == std::string_view::npos;
  if (topic_end == std::string_view::npos) return filter.substr(filter_end + 1) == "#";
  return matches_rest(filter.substr(filter_end + 1), topic.substr(topic_end + 1));
}
inline bool naive_match(std::string_view filter, std::string_view topic) {
  if (topic.starts_with('$') && (filter.starts_with('+') || filter.starts_with('#'))) return false;
  return matches_rest(filter, topic);
}

/// Random topics and filters over few names, so that they meet; empty levels and '$' among them.
class TopicMaker {
 public:
  explicit TopicMaker(std::uint32_t seed) : random_(seed) {}
  std::uint32_t below(std::uint32_t bound) { return static_cast<std::uint32_t>(random_() % bound); }

  std::string topic() {
    std::string text = below(10) == 0 ? "$" : "";
    const std::uint32_t more = below(below(20) == 0 ? 30 : 5);
    text += name();
    for (std::uint32_t i = 0; i < more; ++i) text += "/" + name();
    return text.empty() ? "/" : text;
  }
  std::string filter() {
    std::string text;
    const std::string base = topic();
    for (std::size_t begin = 0; begin <= base.size();) {
      const std::size_t end = std::min(base.find('/', begin), base.size());
      if (begin > 0) text += '/';
      const std::uint32_t dice = below(12);
      if (dice == 0) return text + "#";
      text += dice < 4 ? "+" : base.substr(begin, end - begin);
      begin = end + 1;
    }
    return text;
  }

 private:
  std::string name() {
    static constexpr std::string_view kNames[] = {"", "a", "b", "c", "aa", "room", "a-much-longer-name-than-others"};
    return std::string(kNames[below(std::size(kNames))]);
  }
  std::mt19937 random_;
};

}  // namespace tombo::test
