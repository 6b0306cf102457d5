#include "session/subscription.hpp"

#include "routing/topic_tree.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <vector>

namespace tombo::test {

using session::SubscriptionList;

TEST(SubscriptionList, FindsEachFilterWithAndWithoutItsIndex) {
  std::vector<std::unique_ptr<routing::Filter>> filters;
  SubscriptionList list;
  for (std::uint32_t i = 0; i < 100; ++i) {
    filters.push_back(std::make_unique<routing::Filter>());
    EXPECT_EQ(list.find(filters.back().get()), SubscriptionList::kNone);
    EXPECT_EQ(list.add({filters.back().get(), i}), i);
    for (std::uint32_t k = 0; k <= i; ++k) ASSERT_EQ(list.find(filters[k].get()), k);
  }
}

TEST(SubscriptionList, MovesTheLastRecordIntoTheGap) {
  std::vector<routing::Filter> filters(3);
  SubscriptionList list;
  for (std::uint32_t i = 0; i < 3; ++i) list.add({&filters[i], i + 1});
  list.remove(0);
  EXPECT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0].position, 3u);
  EXPECT_EQ(list.find(&filters[2]), 0u);
  EXPECT_EQ(list.find(&filters[0]), SubscriptionList::kNone);
  list.remove(1);
  EXPECT_EQ(list.find(&filters[1]), SubscriptionList::kNone);
  EXPECT_EQ(list.find(&filters[2]), 0u);
}

TEST(SubscriptionList, AgreesWithAMapThroughManyChanges) {
  std::vector<routing::Filter> filters(200);
  SubscriptionList list;
  std::map<const routing::Filter*, std::uint32_t> model;  // filter -> position
  std::mt19937 random(3);
  for (int step = 0; step < 20'000; ++step) {
    auto* filter = &filters[random() % filters.size()];
    const auto record = list.find(filter);
    ASSERT_EQ(record != SubscriptionList::kNone, model.contains(filter));
    if (record == SubscriptionList::kNone) {
      const auto id = static_cast<std::uint32_t>(random() | 1);
      list.add({filter, id});
      model[filter] = id;
    } else {
      ASSERT_EQ(list[record].position, model[filter]);
      list.remove(record);
      model.erase(filter);
    }
    ASSERT_EQ(list.size(), model.size());
  }
}

}  // namespace tombo::test
