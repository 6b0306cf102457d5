#include "routing/retained_store.hpp"

#include "mqtt/topic.hpp"
#include "unit_routing/retained_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tombo::routing {
namespace {

using Stored = RetainedStore::Stored;
using test::at_ms;
using test::message;
using test::walk_all;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string payload_of(const Ref<mqtt::Message>& found) {
  return found ? std::string(found->payload().begin(), found->payload().end()) : "none";
}

// covers: 5.0 MQTT-3.3.1-5, MQTT-3.3.1-6, MQTT-3.3.1-7, 3.1.1 MQTT-3.3.1-5, MQTT-3.3.1-10, MQTT-3.3.1-11
TEST(RetainedStoreTest, KeepsTheLastMessageOfATopicAndForgetsItOnAnEmptyPayload) {
  RetainedStore store({});
  EXPECT_EQ(store.store(message("a/b", "1")), Stored::added);
  EXPECT_EQ(store.store(message("a/b", "22")), Stored::replaced);
  EXPECT_EQ(payload_of(store.find("a/b")), "22");
  EXPECT_EQ(payload_of(store.find("a")), "none");
  EXPECT_EQ(store.count(), 1U);
  EXPECT_EQ(store.store(message("a/b", "")), Stored::removed);
  EXPECT_EQ(store.store(message("a/b", "")), Stored::nothing_to_remove);
  EXPECT_EQ(store.count(), 0U);
  EXPECT_EQ(store.bytes(), 0U);
}

TEST(RetainedStoreTest, KnowsWhoStoredAMessageAndCountsIt) {
  RetainedStore store({});
  store.store(message("a", "1"));
  const auto bytes = store.bytes();
  const auto writer = std::make_shared<const RetainedSource>("writer");
  std::shared_ptr<const RetainedSource> source;
  EXPECT_EQ(store.store(message("a", "1"), writer), Stored::replaced);
  EXPECT_EQ(store.bytes(), bytes + writer->footprint());
  EXPECT_TRUE(store.find("a", &source));
  EXPECT_EQ(source, writer);
  store.store(message("b", "2"));
  std::vector<Ref<mqtt::Message>> messages;
  std::vector<std::shared_ptr<const RetainedSource>> sources;
  const auto cursor = store.walk("#");
  store.next(*cursor, 10, 100, MonoTime{}, messages, &sources);
  ASSERT_EQ(messages.size(), 2U);
  ASSERT_EQ(sources.size(), 2U);
  EXPECT_EQ(sources[messages[0]->topic() == "a" ? 0 : 1], writer);
  EXPECT_EQ(sources[messages[0]->topic() == "a" ? 1 : 0], nullptr);
  EXPECT_EQ(store.store(message("a", "1")), Stored::replaced);
  store.find("a", &source);
  EXPECT_EQ(source, nullptr) << "the new message is another's";
  store.remove("b");
  EXPECT_EQ(store.bytes(), bytes);
}

TEST(RetainedStoreTest, TopicsThatContainEachOtherAreApart) {
  RetainedStore store({});
  for (const char* topic : {"a", "a/", "a//", "/a", "/", "a/b/c"})
    EXPECT_EQ(store.store(message(topic, topic)), Stored::added);
  for (const char* topic : {"a", "a/", "a//", "/a", "/", "a/b/c"}) EXPECT_EQ(payload_of(store.find(topic)), topic);
  EXPECT_EQ(payload_of(store.find("a/b")), "none");
  EXPECT_TRUE(store.remove("a"));
  EXPECT_FALSE(store.remove("a"));
  EXPECT_FALSE(store.remove("a/b"));
  EXPECT_EQ(payload_of(store.find("a/b/c")), "a/b/c");
  for (const char* topic : {"a/", "a//", "/a", "/", "a/b/c"}) EXPECT_TRUE(store.remove(topic));
  EXPECT_EQ(store.bytes(), 0U);
}

TEST(RetainedStoreTest, TheLimitOfCountRefusesNewTopicsOnly) {
  RetainedStore store({.count_max = 2});
  store.store(message("a", "1"));
  store.store(message("b", "1"));
  const auto bytes = store.bytes();
  EXPECT_EQ(store.store(message("c/d/e", "1")), Stored::refused);
  EXPECT_EQ(store.bytes(), bytes);
  EXPECT_EQ(store.store(message("a", "2")), Stored::replaced);
  store.remove("b");
  EXPECT_EQ(store.store(message("c", "1")), Stored::added);
}

TEST(RetainedStoreTest, RefusesTopicsOfMoreLevelsThanTheBrokerKnows) {
  RetainedStore store({});
  const std::string deepest(mqtt::kTopicLevelsMax - 1, '/');
  EXPECT_EQ(store.store(message(deepest, "1")), Stored::added);
  EXPECT_EQ(store.store(message(deepest, "2")), Stored::replaced);
  EXPECT_EQ(store.store(message(deepest + "/", "1")), Stored::refused);
  EXPECT_THAT(walk_all(store, "#"), ElementsAre(deepest));
}

TEST(RetainedStoreTest, TheLimitOfBytesCountsMessagesAndNodes) {
  RetainedStore store({.bytes_max = 2000});
  EXPECT_EQ(store.store(message("big", std::string(1000, 'x'))), Stored::added);
  EXPECT_EQ(store.store(message("too/big", std::string(1000, 'x'))), Stored::refused);
  EXPECT_EQ(store.store(message("big", std::string(1900, 'x'))), Stored::refused);
  EXPECT_EQ(store.find("big")->payload().size(), 1000U);
  EXPECT_EQ(store.store(message("big", std::string(1500, 'x'))), Stored::replaced);
  std::size_t added = 0;
  while (added < 100 && store.store(message("s/" + std::to_string(added), "x")) == Stored::added) ++added;
  EXPECT_GT(added, 0U);
  EXPECT_LT(added, 5U);
  store.set_limits({.bytes_max = 100});
  EXPECT_EQ(store.store(message("big", std::string(1500, 'y'))), Stored::replaced);  // no larger than it was
  EXPECT_EQ(store.store(message("big", std::string(1501, 'y'))), Stored::refused);
  EXPECT_LE(store.bytes(), 2000U);
}

// covers: 5.0 MQTT-3.3.2-5
TEST(RetainedStoreTest, ExpiredMessagesGoInTheOrderOfTheirTime) {
  RetainedStore store({});
  for (int i = 0; i < 100; ++i) store.store(message("e/" + std::to_string(i * 37 % 100), "x", at_ms(i * 37 % 100)));
  store.store(message("stays", "x"));
  EXPECT_EQ(store.expire(at_ms(-1), 1000), 0U);
  EXPECT_EQ(store.expire(at_ms(9), 1000), 10U);
  EXPECT_FALSE(store.find("e/9"));
  EXPECT_TRUE(store.find("e/10"));
  EXPECT_EQ(store.expire(at_ms(99), 5), 5U);
  EXPECT_FALSE(store.find("e/14"));
  EXPECT_TRUE(store.find("e/15"));
  EXPECT_EQ(walk_all(store, "e/+", 10, at_ms(97)).size(), 2U);  // expired but not yet removed: skipped
  EXPECT_EQ(store.expire(at_ms(1000), 1000), 85U);
  EXPECT_EQ(store.count(), 1U);
}

TEST(RetainedStoreTest, AReplacedMessageTakesItsExpiryWithIt) {
  RetainedStore store({});
  store.store(message("a", "1", at_ms(10)));
  store.store(message("a", "2", at_ms(30)));
  store.store(message("b", "1", at_ms(10)));
  store.store(message("b", "2"));
  store.store(message("c", "1", at_ms(10)));
  store.remove("c");
  EXPECT_EQ(store.expire(at_ms(20), 10), 0U);
  EXPECT_EQ(store.expire(at_ms(30), 10), 1U);
  EXPECT_EQ(payload_of(store.find("b")), "2");
  EXPECT_THAT(walk_all(store, "#"), ElementsAre("b"));
}

}  // namespace
}  // namespace tombo::routing
