#include "tomboctl/store/inventory.hpp"

#include "unit_store_tools/arrange.hpp"

namespace tombo::tomboctl {
namespace {

TEST(Inventory, CountsRowsAndBytesOfEachKind) {
  Shelf shelf;
  shelf.fill();
  const auto inventory = take_inventory(shelf.engine());
  ASSERT_TRUE(inventory.ok());
  EXPECT_EQ(inventory->format, store::kFormat);
  EXPECT_EQ(inventory->epoch, 3u);
  EXPECT_EQ(inventory->sessions.rows, 2u);
  EXPECT_EQ(inventory->subscriptions.rows, 2u);
  EXPECT_EQ(inventory->deliveries.rows, 3u);
  EXPECT_EQ(inventory->messages.rows, 1u);
  EXPECT_EQ(inventory->received.rows, 1u);
  EXPECT_EQ(inventory->retained.rows, 1u);
  EXPECT_EQ(inventory->others.rows, 2u);
  std::uint64_t bytes = 0;
  for (const auto& [key, value] : rows_of(shelf.engine())) bytes += key.size() + value.size();
  EXPECT_EQ(inventory->sessions.bytes + inventory->subscriptions.bytes + inventory->deliveries.bytes + inventory->messages.bytes +
                inventory->received.bytes + inventory->retained.bytes + inventory->others.bytes,
            bytes);
}

TEST(Inventory, TellsWhatBelongsToEachSession) {
  Shelf shelf;
  shelf.fill();
  std::vector<SessionSum> sums;
  ASSERT_TRUE(list_sessions(shelf.engine(), 0, [&](const SessionSum& sum) { return sums.push_back(sum), true; }).ok());
  ASSERT_EQ(sums.size(), 2u);
  EXPECT_EQ(sums[0].row.client_id, "one");
  EXPECT_EQ(sums[0].deliveries, 2u);
  EXPECT_EQ(sums[0].queued_bytes, 10u + 10u);
  EXPECT_EQ(sums[0].received, 0u);
  EXPECT_EQ(sums[1].deliveries, 1u);
  EXPECT_EQ(sums[1].subscriptions, 1u);
  EXPECT_EQ(sums[1].received, 1u);
}

TEST(Inventory, GoesOnFromANumberAndStopsWhenTold) {
  Shelf shelf;
  // More than are looked at together; every third with something that belongs to it.
  constexpr unsigned kSessions = 2500;
  for (unsigned i = 1; i <= kSessions; ++i) {
    shelf.session(i, session_row("client " + std::to_string(i)));
    if (i % 3 == 0) shelf.delivery(i, i, delivery_of(message_row("t")));
  }
  unsigned seen = 0, queued = 0;
  const auto count = [&](const SessionSum& sum) {
    ++seen;
    queued += sum.deliveries == 0 ? 0 : 1;
    EXPECT_EQ(sum.deliveries, (sum.number & 0xFFFF) % 3 == 0 ? 1u : 0u);
    return true;
  };
  ASSERT_TRUE(list_sessions(shelf.engine(), 0, count).ok());
  EXPECT_EQ(seen, kSessions);
  EXPECT_EQ(queued, kSessions / 3);
  seen = 0;
  ASSERT_TRUE(list_sessions(shelf.engine(), kEpoch + 2001, count).ok());
  EXPECT_EQ(seen, 500u);
  seen = 0;
  ASSERT_TRUE(list_sessions(shelf.engine(), 0, [&](const SessionSum&) { return ++seen < 3; }).ok());
  EXPECT_EQ(seen, 3u);
}

}  // namespace
}  // namespace tombo::tomboctl
