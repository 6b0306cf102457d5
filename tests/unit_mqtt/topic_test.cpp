#include "mqtt/topic.hpp"

#include <gtest/gtest.h>

#include <string>

namespace tombo::mqtt {
namespace {

// covers: 5.0 MQTT-3.3.2-2, 5.0 MQTT-4.7.3-1, 3.1.1 MQTT-3.3.2-2, 3.1.1 MQTT-4.7.3-1
TEST(TopicName, HasACharacterAndNoWildcard) {
  for (const char* good : {"a", "/", "a/b", "/a", "a/", "a//b", " ", "$SYS/x", "a b"}) {
    EXPECT_TRUE(is_valid_topic_name(good)) << good;
  }
  for (const char* bad : {"", "+", "#", "a/+", "a/#", "a+b", "a/b#", "12345678/#", "1234567+"}) {
    EXPECT_FALSE(is_valid_topic_name(bad)) << bad;
  }
}

// covers: 5.0 MQTT-4.7.1-1, 5.0 MQTT-4.7.1-2, 3.1.1 MQTT-4.7.1-2, 3.1.1 MQTT-4.7.1-3
TEST(TopicFilter, HasWildcardsAloneInTheirLevelAndHashLast) {
  for (const char* good :
       {"a", "/", "#", "+", "+/+", "a/#", "a/+/b", "/#", "+/#", "//", "/+/", "$SYS/#", "+//#"}) {
    EXPECT_TRUE(is_valid_topic_filter(good)) << good;
  }
  for (const char* bad :
       {"", "a#", "#a", "#/a", "a/#/b", "a+", "+a", "a/b+", "a/+b/c", "##", "++", "+#", "a/#/", "#/"}) {
    EXPECT_FALSE(is_valid_topic_filter(bad)) << bad;
  }
}

TEST(TopicFilter, TellsWhetherItHasAWildcard) {
  EXPECT_TRUE(has_wildcard("a/+"));
  EXPECT_TRUE(has_wildcard("12345678#"));
  EXPECT_FALSE(has_wildcard("a/b"));
  EXPECT_FALSE(has_wildcard(""));
  // Neighbours of the wildcards among the characters.
  EXPECT_FALSE(has_wildcard("\",*$!\"*,\"$"));
}

// covers: 5.0 MQTT-4.8.2-1, 5.0 MQTT-4.8.2-2
TEST(SharedFilter, IsTakenApart) {
  const ParsedFilter plain = parse_filter("a/+");
  EXPECT_TRUE(plain.valid);
  EXPECT_FALSE(plain.shared);
  EXPECT_EQ(plain.filter, "a/+");
  const ParsedFilter shared = parse_filter("$share/group/a/#");
  EXPECT_TRUE(shared.valid);
  EXPECT_TRUE(shared.shared);
  EXPECT_EQ(shared.share_name, "group");
  EXPECT_EQ(shared.filter, "a/#");
  const ParsedFilter slash = parse_filter("$share/g//");
  EXPECT_TRUE(slash.valid);
  EXPECT_EQ(slash.filter, "/");
}

// covers: 5.0 MQTT-4.8.2-1, 5.0 MQTT-4.8.2-2
TEST(SharedFilter, NeedsANameAndAFilter) {
  for (const char* bad : {"$share/", "$share//a", "$share/g", "$share/g/", "$share/g+/a", "$share/#/a",
                          "$share/+/a", "$share/g/a#", "$share/g/#/a"}) {
    EXPECT_FALSE(parse_filter(bad).valid) << bad;
    EXPECT_TRUE(parse_filter(bad).shared) << bad;
  }
  EXPECT_TRUE(parse_filter("$share").valid);
  EXPECT_FALSE(parse_filter("$share").shared);
  EXPECT_FALSE(parse_filter("$shared/g/a").shared);
  EXPECT_FALSE(parse_filter("").valid);
}

struct Pair {
  const char* filter;
  const char* topic;
};

TEST(Matching, FindsWhatTheFilterNames) {
  for (const Pair& pair : std::initializer_list<Pair>{
           {"a", "a"},       {"a/b", "a/b"},       {"/", "/"},           {"a/", "a/"},
           {"+", "a"},       {"+", " "},           {"a/+", "a/b"},       {"a/+", "a/"},
           {"+/+", "/a"},    {"/+", "/a"},         {"+/b/+", "a/b/c"},   {"#", "a"},
           {"#", "/"},       {"#", "a/b/c"},       {"a/#", "a"},         {"a/#", "a/"},
           {"a/#", "a/b/c"}, {"+/#", "a"},         {"+/#", "a/b"},       {"a/+/#", "a/b"},
           {"//#", "//"},    {"$SYS/#", "$SYS/x"}, {"$SYS/+", "$SYS/x"}, {"$SYS/#", "$SYS"},
           {"a/$b", "a/$b"}, {"a/+", "a/$b"}}) {
    EXPECT_TRUE(matches(pair.filter, pair.topic)) << pair.filter << ' ' << pair.topic;
  }
}

// covers: 5.0 MQTT-4.7.3-4, 3.1.1 MQTT-4.7.3-4
TEST(Matching, LeavesEverythingElse) {
  for (const Pair& pair : std::initializer_list<Pair>{{"a", "b"},
                                                      {"a", "A"},
                                                      {"a", "a/"},
                                                      {"a/", "a"},
                                                      {"a", "/a"},
                                                      {"/a", "a"},
                                                      {"+", "/a"},
                                                      {"+", "a/b"},
                                                      {"+", "a/"},
                                                      {"a/+", "a"},
                                                      {"a/+", "a/b/c"},
                                                      {"+/+", "a"},
                                                      {"a/#", "ab"},
                                                      {"a/#", "b/a"},
                                                      {"a/b/#", "a"},
                                                      {"a/+/#", "a"},
                                                      {"abc", "abcd"},
                                                      {"abcd", "abc"},
                                                      {"\xC3\xA4", "a\xCC\x88"}}) {
    EXPECT_FALSE(matches(pair.filter, pair.topic)) << pair.filter << ' ' << pair.topic;
  }
}

// covers: 5.0 MQTT-4.7.2-1, 3.1.1 MQTT-4.7.2-1
TEST(Matching, HidesDollarTopicsFromALeadingWildcard) {
  for (const char* filter : {"#", "+", "+/x", "+/#", "+/+"})
    EXPECT_FALSE(matches(filter, "$SYS/x")) << filter;
  EXPECT_FALSE(matches("#", "$SYS"));
  EXPECT_FALSE(matches("+", "$SYS"));
}

TEST(Scan, AgreesWithALookAtEachCharacter) {
  const std::string alphabet = "a/+#.*,\"$\x7F" + std::string(1, '\0') + "\xC3\xA4";
  std::uint32_t random = 1;
  for (int round = 0; round < 20000; ++round) {
    std::string topic;
    for (std::uint32_t size = round % 30U; size > 0; --size) {
      random = random * 1664525U + 1013904223U;
      topic += alphabet[(random >> 16) % alphabet.size()];
    }
    TopicScan expected;
    for (const char c : topic) {
      if (c == '/') ++expected.levels;
      if (c == '+' || c == '#') expected.wildcard = true;
      if (c == '\0' || static_cast<unsigned char>(c) >= 0x80) expected.plain = false;
    }
    const TopicScan seen = scan_topic(topic);
    ASSERT_EQ(seen.levels, expected.levels) << topic;
    ASSERT_EQ(seen.wildcard, expected.wildcard) << topic;
    ASSERT_EQ(seen.plain, expected.plain) << topic;
    ASSERT_EQ(count_levels(topic), expected.levels) << topic;
  }
}

}  // namespace
}  // namespace tombo::mqtt
