#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tombo::mqtt {

/// Levels that a topic name or filter may have at most, whatever the configuration says: the matchers keep a
/// stack of fixed size.
inline constexpr std::size_t kTopicLevelsMax = 255;

std::size_t count_levels(std::string_view topic);

/// What one pass over a topic tells.
struct TopicScan {
  bool plain = true;         // only U+0001..U+007F; otherwise is_valid_text() has to be asked
  bool wildcard = false;     // '+' or '#' anywhere
  std::uint32_t levels = 1;  // of an empty topic, too
};
/// Looks at eight characters at a time: every PUBLISH passes here.
TopicScan scan_topic(std::string_view topic);

/// A topic name has a character, no wildcard.  Text validity is the decoder's business.  [MQTT-3.3.2-2,
/// MQTT-4.7.3-1]
bool is_valid_topic_name(std::string_view topic);

/// A filter without the $share prefix: wildcards stand alone in their level, '#' is last.  [MQTT-4.7.1-1,
/// MQTT-4.7.1-2]
bool is_valid_topic_filter(std::string_view filter);

bool has_wildcard(std::string_view filter);

/// A filter as a client sends it, taken apart.
struct ParsedFilter {
  bool valid = false;
  bool shared = false;          // began with "$share/"
  std::string_view share_name;  // empty if not shared
  std::string_view filter;      // what is matched
};

/// Takes "$share/{name}/{filter}" apart and checks both parts.  [MQTT-4.8.2-1, MQTT-4.8.2-2]
ParsedFilter parse_filter(std::string_view text);

/// Whether `topic` matches `filter`, by the book and slow: for tests, retained messages and access rules, not
/// for routing.  Topics that begin with '$' are not matched by a leading wildcard.  [MQTT-4.7.2-1]
bool matches(std::string_view filter, std::string_view topic);

}  // namespace tombo::mqtt
