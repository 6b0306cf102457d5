#include "session/in_flight.hpp"
#include "unit_session/deliveries.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <vector>

namespace tombo::test {

using mqtt::PacketId;
using session::Delivery;
using session::InFlight;

namespace {
PacketId add(InFlight& window, PacketId& next, const std::string& payload = "x") {
  return window.add(delivery(payload), next).packet_id;
}
void finish(InFlight& window, PacketId id) {
  Delivery* found = window.find(id);
  ASSERT_NE(found, nullptr) << id;
  window.finish(*found);
}
}  // namespace

// covers: 5.0 MQTT-2.2.1-4
TEST(InFlight, CountsIdentifiersUpAndLeavesOutZeroWhenTheyComeRound) {
  InFlight window;
  PacketId next = 65533;
  std::vector<PacketId> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(add(window, next));
  EXPECT_EQ(ids, (std::vector<PacketId>{65534, 65535, 1, 2, 3}));
  for (const auto id : ids) {
    ASSERT_NE(window.find(id), nullptr) << id;
    EXPECT_EQ(window.find(id)->packet_id, id);
  }
  EXPECT_EQ(window.find(0), nullptr);
  EXPECT_EQ(window.find(4), nullptr);
}

TEST(InFlight, SkipsIdentifiersThatAreStillInUseWhenTheyComeRound) {
  InFlight window;
  PacketId next = 0;
  EXPECT_EQ(add(window, next, "stuck"), 1);
  EXPECT_EQ(add(window, next), 2);
  EXPECT_EQ(add(window, next, "stuck too"), 3);
  finish(window, 2);
  for (int i = 0; i < 65532; ++i) finish(window, add(window, next));
  EXPECT_EQ(next, 65535);
  EXPECT_EQ(add(window, next), 2);
  EXPECT_EQ(add(window, next), 4);
  EXPECT_EQ(payload_of(*window.find(1)), "stuck");
  EXPECT_EQ(payload_of(*window.find(3)), "stuck too");
  EXPECT_EQ(window.size(), 4u);
}

TEST(InFlight, TakesAcknowledgementsInAnyOrder) {
  InFlight window;
  PacketId next = 0;
  for (int i = 0; i < 100; ++i) add(window, next);
  std::vector<PacketId> order;
  for (PacketId id = 1; id <= 100; ++id) order.push_back(id);
  std::shuffle(order.begin(), order.end(), std::mt19937(7));
  for (std::size_t i = 0; i < order.size(); ++i) {
    finish(window, order[i]);
    EXPECT_EQ(window.find(order[i]), nullptr);
    EXPECT_EQ(window.size(), 99 - i);
  }
  EXPECT_TRUE(window.empty());
}

TEST(InFlight, VisitsWhatIsOpenInTheOrderOfSendingAfterMiddleOnesHaveGone) {
  InFlight window;
  PacketId next = 65530;
  for (int i = 0; i < 12; ++i) add(window, next, std::to_string(i));
  finish(window, 65533);
  finish(window, 1);
  finish(window, 65531);
  std::string seen;
  window.for_each([&](Delivery& d) { seen += payload_of(d) + " "; });
  EXPECT_EQ(seen, "1 3 4 6 7 8 9 10 11 ");
}

TEST(InFlight, FindsEveryOpenIdentifierWhateverComesAndGoes) {
  // Against a plain set, with one delivery that stays unacknowledged for several rounds of the identifiers.
  InFlight window;
  PacketId next = 0;
  std::set<PacketId> open;
  std::mt19937 random(42);
  open.insert(add(window, next));
  for (int step = 0; step < 200'000; ++step) {
    if (open.size() < 40 && random() % 2 == 0) {
      const PacketId id = add(window, next);
      ASSERT_NE(id, 0);
      ASSERT_TRUE(open.insert(id).second) << "identifier " << id << " is in use";
    } else if (open.size() > 1) {
      auto victim = open.lower_bound(static_cast<PacketId>(random()));
      if (victim == open.end() || *victim == 1) victim = std::prev(open.end());
      finish(window, *victim);
      open.erase(victim);
    }
    const auto probe = static_cast<PacketId>(random());
    ASSERT_EQ(window.find(probe) != nullptr, open.contains(probe));
    ASSERT_EQ(window.size(), open.size());
  }
  for (const auto id : open) EXPECT_NE(window.find(id), nullptr);
}

TEST(InFlight, DoesNotGrowWhileTheEldestIsNeverAcknowledged) {
  InFlight window;
  PacketId next = 0;
  add(window, next);
  for (int i = 0; i < 300'000; ++i) finish(window, add(window, next));
  EXPECT_EQ(window.size(), 1u);
  EXPECT_LE(window.capacity(), 8u);
}

TEST(InFlight, HoldsEveryIdentifierAtOnce) {
  InFlight window;
  PacketId next = 1000;
  for (int i = 0; i < 65534; ++i) add(window, next);
  EXPECT_EQ(window.size(), 65534u);
  EXPECT_EQ(add(window, next), 1000);
  finish(window, 5);
  EXPECT_EQ(add(window, next), 5);
}

}  // namespace tombo::test
