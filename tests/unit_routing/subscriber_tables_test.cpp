#include "routing/subscriber_tables.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace tombo::routing {
namespace {

TEST(SubscriberTablesTest, AFilterWithoutSubscribersHasNone) {
  SubscriberTables tables;
  EXPECT_TRUE(tables.of(0).empty());
  EXPECT_TRUE(tables.of(77).empty());
  EXPECT_EQ(tables.filters(), 0U);
}

TEST(SubscriberTablesTest, RemovingFromTheMiddleMovesTheLastOne) {
  SubscriberTables tables;
  for (std::uint32_t i = 0; i < 3; ++i) EXPECT_EQ(tables.add(9, {i, 10 * i}), i);
  const auto removed = tables.remove(9, 0);
  EXPECT_TRUE(removed.moved);
  EXPECT_FALSE(removed.empty);
  EXPECT_EQ(removed.mover.session, 2U);
  ASSERT_EQ(tables.of(9).size(), 2U);
  EXPECT_EQ(tables.of(9)[0].record, 20U);
  EXPECT_FALSE(tables.remove(9, 1).moved);
  EXPECT_EQ(tables.of(9)[0].session, 2U);
  tables.renumber(9, 0, 5);
  EXPECT_EQ(tables.of(9)[0].record, 5U);
  EXPECT_TRUE(tables.remove(9, 0).empty);
  EXPECT_TRUE(tables.of(9).empty());
}

TEST(SubscriberTablesTest, AnEntrySaysWhatDeliveryNeedsAndCanBeChangedInPlace) {
  SubscriberTables tables;
  mqtt::SubscribeOptions options;
  options.qos = mqtt::Qos::exactly_once;
  options.retain_as_published = true;
  for (std::uint32_t i = 0; i < 2; ++i) {
    tables.add(4, {i, i, Subscriber::terms_of(options, mqtt::kSubscriptionIdMax - i)});
  }
  const Subscriber first = tables.of(4)[0];
  EXPECT_EQ(first.qos(), mqtt::Qos::exactly_once);
  EXPECT_TRUE(first.retain_as_published());
  EXPECT_FALSE(first.no_local());
  EXPECT_EQ(first.subscription_id(), mqtt::kSubscriptionIdMax);
  options = {};
  options.no_local = true;
  tables.change_terms(4, 1, Subscriber::terms_of(options, 0));
  const Subscriber second = tables.of(4)[1];
  EXPECT_EQ(second.session, 1U);
  EXPECT_EQ(second.qos(), mqtt::Qos::at_most_once);
  EXPECT_FALSE(second.retain_as_published());
  EXPECT_TRUE(second.no_local());
  EXPECT_EQ(second.subscription_id(), 0U);
  EXPECT_EQ(tables.of(4)[0].subscription_id(), mqtt::kSubscriptionIdMax);
}

TEST(SubscriberTablesTest, AgreesWithAModelUnderChurn) {
  SubscriberTables tables;
  std::map<FilterId, std::vector<Subscriber>> model;
  std::mt19937 random(5);
  for (std::uint32_t round = 0; round < 200'000; ++round) {
    const auto filter = static_cast<FilterId>(random() % 3000 * (random() % 2 == 0 ? 1 : 977));
    auto& list = model[filter];
    const bool grow = random() % 10 < (round / 40'000 % 2 == 0 ? 7 : 3);
    if (grow) {
      ASSERT_EQ(tables.add(filter, {round, round / 2}), list.size());
      list.push_back({round, round / 2});
    } else if (!list.empty()) {
      const auto position = static_cast<std::uint32_t>(random() % list.size());
      const auto removed = tables.remove(filter, position);
      ASSERT_EQ(removed.moved, position + 1 < list.size());
      if (removed.moved) {
        ASSERT_EQ(removed.mover.session, list.back().session);
      }
      list[position] = list.back();
      list.pop_back();
      ASSERT_EQ(removed.empty, list.empty());
    }
    if (list.empty()) model.erase(filter);
    ASSERT_EQ(tables.filters(), model.size());
    if (round % 5000 != 0) continue;
    for (auto& [id, expected] : model) {
      const auto found = tables.of(id);
      ASSERT_EQ(found.size(), expected.size());
      for (std::size_t i = 0; i < found.size(); ++i) ASSERT_EQ(found[i].session, expected[i].session);
    }
  }
}

}  // namespace
}  // namespace tombo::routing
