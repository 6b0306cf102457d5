#include "mqtt/topic.hpp"

#include "mqtt/words.hpp"

namespace tombo::mqtt {
namespace {

void scan_word(TopicScan& scan, std::uint64_t word) {
  scan.plain &= words::is_plain(word);
  scan.wildcard |= (words::where(word, '+') | words::where(word, '#')) != 0;
  scan.levels += words::count(words::where(word, '/'));
}

constexpr std::string_view kSharePrefix = "$share/";

/// Takes the first level of `rest` off; false when there is none left.  An empty level is a level.
struct Levels {
  std::string_view rest;
  bool done = false;

  std::string_view next() {
    const std::size_t slash = rest.find('/');
    const std::string_view level = rest.substr(0, slash);
    done = slash == std::string_view::npos;
    rest = done ? std::string_view{} : rest.substr(slash + 1);
    return level;
  }
};

}  // namespace

TopicScan scan_topic(std::string_view topic) {
  TopicScan scan;
  const char* at = topic.data();
  std::size_t left = topic.size();
  for (; left >= 8; at += 8, left -= 8) scan_word(scan, words::load(at));
  if (left != 0) scan_word(scan, words::load_rest(at, left));
  return scan;
}

std::size_t count_levels(std::string_view topic) {
  return scan_topic(topic).levels;
}

bool is_valid_topic_name(std::string_view topic) {
  return !topic.empty() && !has_wildcard(topic);
}

bool has_wildcard(std::string_view filter) {
  return scan_topic(filter).wildcard;
}

bool is_valid_topic_filter(std::string_view filter) {
  if (filter.empty()) return false;
  if (!has_wildcard(filter)) return true;
  Levels levels{filter};
  while (!levels.done) {
    const std::string_view level = levels.next();
    if (level == "#") return levels.done;
    if (level != "+" && has_wildcard(level)) return false;
  }
  return true;
}

ParsedFilter parse_filter(std::string_view text) {
  if (!text.starts_with(kSharePrefix)) return {is_valid_topic_filter(text), false, {}, text};
  const std::string_view rest = text.substr(kSharePrefix.size());
  const std::size_t slash = rest.find('/');
  if (slash == std::string_view::npos) return {false, true, rest, {}};
  const std::string_view name = rest.substr(0, slash);
  const std::string_view filter = rest.substr(slash + 1);
  const bool valid = !name.empty() && !has_wildcard(name) && is_valid_topic_filter(filter);
  return {valid, true, name, filter};
}

bool matches(std::string_view filter, std::string_view topic) {
  if (topic.starts_with('$') && !filter.starts_with('$')) {
    if (filter.starts_with('+') || filter.starts_with('#')) return false;
  }
  Levels filter_levels{filter};
  Levels topic_levels{topic};
  while (true) {
    const std::string_view wanted = filter_levels.next();
    if (wanted == "#") return true;
    const std::string_view level = topic_levels.next();
    if (wanted != "+" && wanted != level) return false;
    if (topic_levels.done) {
      // "a/#" matches "a", too.
      return filter_levels.done || filter_levels.rest == "#";
    }
    if (filter_levels.done) return false;
  }
}

}  // namespace tombo::mqtt
