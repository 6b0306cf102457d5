#include "unit_bridge/world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace tombo::test {
namespace {

using config::BridgeVersion;
using mqtt::Qos;
using mqtt::Version;

/// Three brokers, each with a bridge to the next, and a subscriber at each.
class Ring : public testing::TestWithParam<std::tuple<BridgeVersion, const char*>> {
 protected:
  Ring() {
    for (const char* name : {"a", "b", "c"}) world_.add(name);
    const std::map<std::string, std::string> next{{"a", "b"}, {"b", "c"}, {"c", "a"}};
    for (const auto& [from, to] : next) {
      auto options = bridge_to(to, {std::string{"t/# "} + std::get<1>(GetParam()) + " 1"}, std::get<0>(GetParam()));
      bridges_[from] = &world_.bridge(from, options);
    }
    world_.settle();
    for (const char* name : {"a", "b", "c"}) {
      readers_[name] = std::make_unique<TestClient>(world_.broker(name), Version::v5);
      readers_[name]->connect("reader");
      readers_[name]->subscribe("t/#", Qos::at_most_once);
    }
  }
  void publish(const std::string& at, const std::string& payload) {
    TestClient client(world_.broker(at), Version::v5);
    client.connect("writer");
    client.publish("t/x", payload, Qos::at_least_once);
    client.disconnect();
    world_.settle();
  }
  std::map<std::string, int> count(const std::string& at) {
    std::map<std::string, int> seen;
    for (const auto& publish : readers_[at]->publishes()) ++seen[publish.payload];
    return seen;
  }

  World world_;
  std::map<std::string, bridge::Bridge*> bridges_;
  std::map<std::string, std::unique_ptr<TestClient>> readers_;
};

INSTANTIATE_TEST_SUITE_P(Bridge, Ring,
                         testing::Combine(testing::Values(BridgeVersion::v3_1_1, BridgeVersion::v5),
                                          testing::Values("out", "in", "both")));

TEST_P(Ring, ComesToRestAndEverybodyHasIt) {
  for (const char* from : {"a", "b", "c"}) publish(from, std::string{"from "} + from);
  world_.advance(Seconds{5});
  const bool both = std::string{std::get<1>(GetParam())} == "both";
  for (const char* at : {"a", "b", "c"}) {
    const auto seen = count(at);
    for (const char* from : {"a", "b", "c"}) {
      const auto found = seen.find(std::string{"from "} + from);
      ASSERT_NE(found, seen.end()) << "at " << at << " from " << from;
      // With both directions there are two ways round, and each may bring one.
      EXPECT_LE(found->second, both ? 2 : 1) << "at " << at << " from " << from;
    }
  }
}

TEST_P(Ring, IsWholeAgainWhenOneWasAway) {
  world_.reachable("b", false);
  publish("a", "while b was away");
  world_.advance(Seconds{3});
  world_.reachable("b", true);
  world_.advance(Seconds{65});
  publish("a", "after that");
  world_.advance(Seconds{3});
  EXPECT_THAT(count("b"), testing::AllOf(testing::Contains(testing::Key("while b was away")),
                                         testing::Contains(testing::Key("after that"))));
  EXPECT_THAT(count("c"), testing::Contains(testing::Key("after that")));
}

TEST(LoopGuard, FindsItsOwnNodeAndWhatItRemembers) {
  broker::LoopGuard guard{1};
  guard.set_node("me");
  guard.begin_remembering();
  mqtt::PropertyWriter properties;
  properties.user("tombo-node", "other").user("tombo-node", "me");
  mqtt::PublishView publish;
  publish.topic = "t";
  publish.payload = mqtt::bytes_of("x");
  EXPECT_FALSE(guard.has_come_round(publish, MonoTime{}));
  publish.properties.raw = properties.bytes();
  publish.properties.user_properties = 2;
  EXPECT_TRUE(guard.has_come_round(publish, MonoTime{}));
  publish.properties = {};
  guard.remember("t", mqtt::bytes_of("x"), MonoTime{}, 10);
  EXPECT_TRUE(guard.has_come_round(publish, MonoTime{} + Seconds{9}));
  EXPECT_FALSE(guard.has_come_round(publish, MonoTime{} + Seconds{12}));
  publish.topic = "u";
  EXPECT_FALSE(guard.has_come_round(publish, MonoTime{}));
}

TEST(LoopGuard, RemembersABoundedNumber) {
  broker::LoopGuard guard{1};
  guard.begin_remembering();
  for (int i = 0; i < 400'000; ++i)
    guard.remember("t/" + std::to_string(i), {}, MonoTime{} + Seconds{i / 1000}, 100'000);
  int kept = 0;
  for (int i = 0; i < 400'000; ++i) {
    mqtt::PublishView publish;
    const std::string topic = "t/" + std::to_string(i);
    publish.topic = topic;
    if (guard.has_come_round(publish, MonoTime{} + Seconds{400})) ++kept;
  }
  EXPECT_LE(kept, static_cast<int>(broker::LoopGuard::kRemembered) + 400);
  EXPECT_GT(kept, static_cast<int>(broker::LoopGuard::kRemembered) / 2);
}

}  // namespace
}  // namespace tombo::test
