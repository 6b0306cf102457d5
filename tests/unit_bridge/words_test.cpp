#include "bridge/topic_map.hpp"
#include "config/bridge_words.hpp"
#include "config/load.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tombo::bridge {
namespace {

using config::parse_bridge_address;
using config::parse_bridge_topic;

TEST(BridgeTopic, ReadsItsWords) {
  const auto topic = parse_bridge_topic("a/+ both 2 here/ there/");
  ASSERT_TRUE(topic.ok());
  EXPECT_EQ(topic->local_filter(), "here/a/+");
  EXPECT_EQ(topic->remote_filter(), "there/a/+");
  EXPECT_EQ(topic->qos, 2);
  EXPECT_TRUE(topic->goes_out() && topic->comes_in());
  EXPECT_TRUE(parse_bridge_topic("#")->goes_out());
  EXPECT_EQ(parse_bridge_topic("# in 1 \"\" there/")->local_prefix, "");
}

TEST(BridgeTopic, RefusesWhatIsNone) {
  for (const char* text : {"", "# sideways", "# out 3", "#/x out", "a+ out", "# out 0 a/+/ b/", "\"\" out 1 one",
                           "# out 0 a b c", "$share/g/#"}) {
    EXPECT_FALSE(parse_bridge_topic(text).ok()) << text;
  }
}

TEST(BridgeAddress, ReadsHostAndPort) {
  EXPECT_EQ(parse_bridge_address("broker.example:1884")->port, 1884);
  EXPECT_EQ(parse_bridge_address("broker.example")->port, 0);
  EXPECT_EQ(parse_bridge_address("[2001:db8::1]:1884")->host, "2001:db8::1");
  EXPECT_EQ(parse_bridge_address("2001:db8::1")->host, "2001:db8::1");
  for (const char* text : {"", ":1883", "a:b", "a:0", "a:70000", "[::1", "[::1]x", "a b"})
    EXPECT_FALSE(parse_bridge_address(text).ok()) << text;
}

TEST(TopicMap, TheFirstEntryThatMatchesDecides) {
  const TopicMap map{{"a/# out 0 \"\" one/", "a/b out 1 \"\" two/", "# in 2 in/ \"\"", "\"\" both 0 mine yours"}};
  std::string to;
  ASSERT_TRUE(map.outward("a/b", to));
  EXPECT_EQ(to, "one/a/b");
  ASSERT_TRUE(map.outward("mine", to));
  EXPECT_EQ(to, "yours");
  EXPECT_FALSE(map.outward("x", to));
  ASSERT_TRUE(map.inward("x", to));
  EXPECT_EQ(to, "in/x");
  EXPECT_FALSE(map.inward("$SYS/x", to));
  EXPECT_THAT(map.out_only(), testing::ElementsAre("one/a/#", "two/a/b"));
}

std::string problems_of(const std::string& text) {
  std::string all;
  for (const auto& problem : config::load_toml(text, "t.toml").problems) {
    all += std::to_string(problem.line) + ":" + std::to_string(problem.column) + " " + problem.message + "\n";
  }
  return all;
}

TEST(BridgeOptions, AreCheckedAllAtOnceWithTheirPlaces) {
  const std::string all = problems_of(R"([[listener]]
[[bridge]]
name = "a"
addresses = ["b:0"]
topics = ["# out 9"]
[[bridge]]
name = "a"
addresses = ["b"]
topics = ["#"]
psk = "xyz"
restart_min_s = 60
restart_max_s = 30
verify_host = false
[[bridge]]
)");
  using testing::HasSubstr;
  EXPECT_THAT(all, HasSubstr("4:1 'addresses' in [[bridge]] holds the port of \"b:0\""));
  EXPECT_THAT(all, HasSubstr("5:1 'topics' in [[bridge]] holds \"# out 9\": the QoS"));
  EXPECT_THAT(all, HasSubstr("7:1 'name' in [[bridge]] \"a\" is the name of the bridge in line 2, too"));
  EXPECT_THAT(all, HasSubstr("10:1 'psk' in [[bridge]] is no key in hex"));
  EXPECT_THAT(all, HasSubstr("11:1 'restart_min_s' in [[bridge]] is 60"));
  EXPECT_THAT(all, HasSubstr("14:1 'name' in [[bridge]] is missing"));
}

}  // namespace
}  // namespace tombo::bridge
