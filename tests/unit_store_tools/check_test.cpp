#include "tomboctl/store/check.hpp"

#include "unit_store_tools/arrange.hpp"

#include <gmock/gmock.h>

#include <algorithm>

namespace tombo::tomboctl {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> findings(const store::Engine& engine, CheckTotals* totals = nullptr) {
  std::vector<std::string> lines;
  const auto done = check_store(engine, [&](const Finding& finding) {
    lines.push_back((finding.weight == Finding::Weight::loss ? "loss: " : "waste: ") + finding.text);
  });
  EXPECT_TRUE(done.ok());
  if (done && totals != nullptr) *totals = *done;
  return lines;
}

TEST(Check, FindsNothingInASoundStore) {
  Shelf shelf;
  shelf.fill();
  CheckTotals totals;
  EXPECT_THAT(findings(shelf.engine(), &totals), IsEmpty());
  EXPECT_EQ(totals.rows, rows_of(shelf.engine()).size());
  EXPECT_EQ(totals.losses + totals.wastes, 0u);
}

TEST(Check, FindsADeliveryWhoseMessageIsGone) {
  Shelf shelf;
  shelf.fill();
  shelf.erase(store::message_key(kEpoch + 7));
  EXPECT_THAT(findings(shelf.engine()),
              ElementsAre("loss: delivery 3-10 of session 3-1 names message 3-7, which is not there or cannot be read",
                          "loss: delivery 3-12 of session 3-2 names message 3-7, which is not there or cannot be read"));
}

TEST(Check, FindsAMessageThatNobodyNames) {
  Shelf shelf;
  shelf.fill();
  shelf.message(8, message_row("left"));
  EXPECT_THAT(findings(shelf.engine()), ElementsAre("waste: message 3-8 is named by no delivery"));
}

TEST(Check, FindsWhatBelongsToASessionThatIsGone) {
  Shelf shelf;
  shelf.fill();
  shelf.put(store::head_key(kEpoch + 2), store::encode_number(kEpoch + 12));
  shelf.erase(store::session_key(kEpoch + 2));
  CheckTotals totals;
  EXPECT_THAT(findings(shelf.engine(), &totals),
              ElementsAre("waste: head of session 3-2 belongs to a session that is not there",
                          "waste: delivery 3-12 of session 3-2 belongs to a session that is not there",
                          "waste: subscription $share/g/a/+ of session 3-2 belongs to a session that is not there",
                          "waste: received packet 99 of session 3-2 belongs to a session that is not there"));
  EXPECT_EQ(totals.losses, 0u);
  EXPECT_EQ(totals.wastes, 4u);
}

TEST(Check, FindsADeliveryBelowTheHead) {
  Shelf shelf;
  shelf.fill();
  shelf.put(store::head_key(kEpoch + 1), store::encode_number(kEpoch + 11));
  EXPECT_THAT(findings(shelf.engine()),
              ElementsAre("loss: delivery 3-10 of session 3-1 lies before its session's head, so nobody looks for it"));
}

TEST(Check, FindsTwoSessionsOfOneClient) {
  Shelf shelf;
  shelf.fill();
  shelf.session(3, session_row("one"));
  EXPECT_THAT(findings(shelf.engine()), ElementsAre("loss: session 3-3 has the same client id as session 3-1"));
}

TEST(Check, FindsARetainedMessageUnderAnotherTopic) {
  Shelf shelf;
  shelf.fill();
  shelf.put(store::retained_key("r/2"), encode(message_row("r/1")));
  EXPECT_THAT(findings(shelf.engine()), ElementsAre("loss: retained r/2 holds a message of another topic, r/1"));
}

TEST(Check, FindsNumbersThatWouldBeGivenOutAgain) {
  Shelf shelf;
  shelf.fill();
  shelf.put(store::key_of_state("epoch"), store::encode_number(2));
  EXPECT_EQ(findings(shelf.engine()).size(), 2u + 3u + 1u);
}

TEST(Check, FindsAFormatThatItDoesNotKnow) {
  Shelf shelf;
  shelf.put(store::key_of_state("format"), store::encode_number(store::kFormat + 1));
  EXPECT_THAT(findings(shelf.engine()), ElementsAre("loss: the store's format is 2, and this program knows 1"));
  shelf.erase(store::key_of_state("format"));
  EXPECT_THAT(findings(shelf.engine()), ElementsAre("loss: the store's format is not there"));
}

TEST(Check, FindsADeliveryWithoutAMessageAndOneThatCannotBeReleased) {
  Shelf shelf;
  shelf.session(1, session_row("one"));
  shelf.delivery(1, 10, store::DeliveryRow{});
  store::DeliveryRow released;
  released.qos = mqtt::Qos::exactly_once;
  released.released = true;
  released.packet_id = 5;
  shelf.delivery(1, 11, released);
  released.packet_id = 0;
  shelf.delivery(1, 12, released);
  const auto lines = findings(shelf.engine());
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_THAT(lines[0], ::testing::StartsWith("loss: delivery 3-10 of session 3-1"));
  EXPECT_THAT(lines[1], ::testing::StartsWith("loss: delivery 3-12 of session 3-1"));
}

TEST(Check, FindsKeysThatNobodyKnows) {
  Shelf shelf;
  shelf.fill();
  for (const auto* key : {"A", "Z1", "q", "zz", "s1"}) shelf.put(key, "value");
  const auto lines = findings(shelf.engine());
  EXPECT_EQ(lines.size(), 5u);
  EXPECT_THAT(lines, ::testing::Each(::testing::StartsWith("waste: ")));
}

/// Whatever row is damaged, the check tells of that key, and of nothing else that is not due to it.
TEST(Check, FindsAnyRowThatCannotBeRead) {
  Shelf shelf;
  shelf.fill();
  for (const auto& [key, value] : rows_of(shelf.engine())) {
    if (value.empty()) continue;  // received packets: there is nothing to be read
    shelf.put(key, value + "x");
    CheckTotals totals;
    const auto lines = findings(shelf.engine(), &totals);
    EXPECT_GE(totals.losses, 1u) << key;
    shelf.put(key, value);
  }
  EXPECT_THAT(findings(shelf.engine()), IsEmpty());
}

}  // namespace
}  // namespace tombo::tomboctl
