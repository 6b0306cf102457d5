#include "bench/engine/in_flight.hpp"
#include "bench/engine/layout.hpp"
#include "bench/engine/text_template.hpp"
#include "mqtt/topic.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace tombo::bench::engine {
namespace {

TEST(Templates, FillInTheirLetters) {
  const TemplateValues values{.number = 7,
                              .user_name = "joe",
                              .client_id = "c7",
                              .run_word = "abcd",
                              .sequence = 3,
                              .kind = 's',
                              .place = 7,
                              .time_us = 12};
  EXPECT_EQ(expand("%i/%u/%c/%r/%s/%t", values), "7/joe/c7/abcd/3/12");
  EXPECT_EQ(expand("ml-%r-%k-%n", values), "ml-abcd-s-00007");
  EXPECT_EQ(expand("100%% %x %", values), "100% %x %");
  EXPECT_TRUE(differs_by_message("a/%s"));
  EXPECT_FALSE(differs_by_message("a/%%s/%i"));
  EXPECT_TRUE(differs_by_client("a/%i"));
}

TEST(InFlight, GivesOutIdentifiersInTurnAndNeverTwice) {
  InFlight in_flight;
  std::set<mqtt::PacketId> open;
  for (std::uint32_t i = 0; i < 65'535; ++i) {
    ASSERT_GT(in_flight.room(), 0U);
    ASSERT_TRUE(open.insert(in_flight.add(i, 0, 0)).second);
  }
  EXPECT_EQ(in_flight.room(), 0U);
  EXPECT_FALSE(open.contains(0));
  // All but the oldest are acknowledged: still no room, for the next identifier would be the oldest one's.
  for (std::uint32_t id = 65'535; id > 1; --id) in_flight.remove(*in_flight.find(static_cast<mqtt::PacketId>(id)));
  EXPECT_EQ(in_flight.count(), 1U);
  EXPECT_EQ(in_flight.room(), 0U);
  in_flight.remove(*in_flight.find(1));
  EXPECT_EQ(in_flight.room(), 65'535U);
  EXPECT_EQ(in_flight.find(1), nullptr);
}

TEST(InFlight, FindsWhatIsUnderWayInAnyOrder) {
  InFlight in_flight;
  in_flight.limit(100);
  std::vector<mqtt::PacketId> ids;
  for (std::uint64_t n = 0; n < 100'000; ++n) {
    if (in_flight.room() == 0) {
      for (const mqtt::PacketId id : {ids[50], ids[0], ids[99]}) in_flight.remove(*in_flight.find(id));
      EXPECT_EQ(in_flight.find(ids[50]), nullptr);
      std::erase_if(ids, [&](mqtt::PacketId id) { return in_flight.find(id) == nullptr; });
    }
    ids.push_back(in_flight.add(n, 0, 0));
    ASSERT_EQ(in_flight.find(ids.back())->sequence, n);
  }
  EXPECT_EQ(in_flight.count(), ids.size());
}

Layout layout_of(const Plan& plan) {
  EXPECT_EQ(find_mistake(plan), std::nullopt);
  auto layout = make_layout(plan);
  EXPECT_TRUE(layout.ok());
  return std::move(*layout);
}

/// How many filters of the subscribers take a topic.
std::size_t takers(const Layout& layout, const std::string& topic) {
  std::size_t count = 0;
  for (const ClientSpec& spec : layout.clients) {
    if (spec.sends()) continue;
    count += static_cast<std::size_t>(std::ranges::count_if(spec.filters, [&](const std::string& filter) {
      return mqtt::matches(mqtt::parse_filter(filter).filter, topic);
    }));
  }
  return count;
}

TEST(Layout, BringsEachMessageToAsManySubscribersAsItCounts) {
  for (const Topology topology : {Topology::pairs, Topology::fan_in, Topology::fan_out, Topology::wildcard}) {
    for (const char* topic : {"bench/%r/%i", "bench/%r/%i/%s"}) {
      if (topology == Topology::wildcard && std::string_view(topic).ends_with("%s")) continue;
      Plan plan;
      plan.topology = topology;
      plan.topic = topic;
      plan.publishers = plan.subscribers = 3;
      const Layout layout = layout_of(plan);
      for (const ClientSpec& spec : layout.clients) {
        if (!spec.sends()) continue;
        std::vector<std::string> topics = spec.topics;
        if (topics.empty()) {
          topics.push_back(expand(layout.topic, {.number = spec.number, .run_word = layout.run_word, .sequence = 5}));
        }
        for (const std::string& one : topics) {
          EXPECT_EQ(takers(layout, one), layout.copies) << one << " topology " << static_cast<int>(topology);
        }
      }
    }
  }
}

TEST(Layout, OfSubscriptionsGivesEachTopicOneTaker) {
  Plan plan;
  plan.topology = Topology::subscriptions;
  plan.filters = 1000;
  plan.filters_exact = 0.5;
  plan.filters_plus = 0.3;
  const Layout layout = layout_of(plan);
  std::size_t plus = 0;
  std::size_t hash = 0;
  std::size_t all = 0;
  for (const ClientSpec& spec : layout.clients) {
    for (const std::string& filter : spec.filters) {
      ++all;
      if (filter.find('+') != std::string::npos) ++plus;
      if (filter.ends_with('#')) ++hash;
    }
  }
  EXPECT_EQ(all, 1000U);
  EXPECT_EQ(plus, 300U);
  EXPECT_EQ(hash, 200U);
  for (std::size_t i = 0; i < 50; ++i) EXPECT_EQ(takers(layout, layout.clients.back().topics[i]), 1U);
}

TEST(Layout, NumbersClientsFromTheFirstOneOn) {
  Plan plan;
  plan.topology = Topology::pairs;
  plan.publishers = plan.subscribers = 2;
  plan.first_client = 100;
  plan.run_word = "same";
  plan.client.client_id = "x-%r-%k-%n";
  const Layout layout = layout_of(plan);
  std::vector<std::string> ids;
  for (const ClientSpec& spec : layout.clients) ids.push_back(spec.client_id);
  EXPECT_THAT(ids, testing::ElementsAre("x-same-s-00100", "x-same-s-00101", "x-same-p-00100", "x-same-p-00101"));
  EXPECT_THAT(layout.clients[0].filters, testing::ElementsAre("bench/same/100"));
  EXPECT_THAT(layout.clients[2].topics, testing::ElementsAre("bench/same/100"));
}

TEST(Layout, KeepsASharedGroupOnOneThread) {
  Plan plan;
  plan.topology = Topology::shared;
  plan.threads = 4;
  const Layout layout = layout_of(plan);
  for (const ClientSpec& spec : layout.clients) {
    EXPECT_EQ(spec.worker == 0, !spec.sends()) << "what the members see together is counted without locks";
  }
}

}  // namespace
}  // namespace tombo::bench::engine
