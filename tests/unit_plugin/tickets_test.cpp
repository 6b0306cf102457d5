#include "plugin/host/tickets.hpp"

#include <gtest/gtest.h>

namespace tombo::plugin {
namespace {

using Kind = Decision::Kind;

constexpr MonoTime kSoon{Milliseconds{100}};

struct Heard {
  Tickets::Done done() {
    return [this](Decision decision) {
      ++count;
      kind = decision.kind;
    };
  }
  int count = 0;
  Kind kind = Kind::unknown;
};

TEST(Tickets, AreCompletedOnce) {
  Tickets tickets{10};
  Heard heard;
  const auto ticket = tickets.open(kSoon, false, heard.done());
  ASSERT_TRUE(ticket);
  EXPECT_TRUE(tickets.complete(*ticket, decision_of(TOMBO_ALLOW)));
  EXPECT_FALSE(tickets.complete(*ticket, decision_of(TOMBO_DENY)));
  EXPECT_EQ(heard.count, 1);
  EXPECT_EQ(heard.kind, Kind::allow);
}

TEST(Tickets, ThatNeverWereAreRefused) {
  Tickets tickets{10};
  EXPECT_FALSE(tickets.complete(0, decision_of(TOMBO_ALLOW)));
  EXPECT_FALSE(tickets.complete(77, decision_of(TOMBO_ALLOW)));
}

TEST(Tickets, AreRefusedAtTheirDeadline) {
  Tickets tickets{10};
  Heard heard;
  const auto ticket = tickets.open(kSoon, false, heard.done());
  EXPECT_EQ(tickets.next_due(), kSoon);
  EXPECT_EQ(tickets.expire(kSoon - Milliseconds{1}), 0U);
  EXPECT_EQ(tickets.expire(kSoon), 1U);
  EXPECT_EQ(heard.kind, Kind::error);
  EXPECT_FALSE(tickets.complete(*ticket, decision_of(TOMBO_ALLOW)));
  EXPECT_EQ(heard.count, 1);
  EXPECT_EQ(tickets.next_due(), kNever);
}

TEST(Tickets, ThatAreHeldKeepAnEarlyAnswerForTheirCaller) {
  Tickets tickets{10};
  Heard heard;
  const auto ticket = tickets.open(kSoon, true, heard.done());
  EXPECT_TRUE(tickets.complete(*ticket, decision_of(TOMBO_DENY)));
  EXPECT_FALSE(tickets.complete(*ticket, decision_of(TOMBO_ALLOW)));
  const auto answer = tickets.settle(*ticket, decision_of(TOMBO_ALLOW));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->kind, Kind::deny) << "the first answer counts";
  EXPECT_EQ(heard.count, 0) << "the caller has it already";
  EXPECT_EQ(tickets.size(), 0U);
}

TEST(Tickets, ThatWereHeldAnswerLater) {
  Tickets tickets{10};
  Heard heard;
  const auto ticket = tickets.open(kSoon, true, heard.done());
  EXPECT_EQ(tickets.expire(kSoon), 0U) << "its call still runs";
  EXPECT_FALSE(tickets.settle(*ticket, {}));
  EXPECT_EQ(tickets.expire(kSoon), 1U);
  EXPECT_EQ(heard.count, 1);
}

TEST(Tickets, AreLimitedInNumber) {
  Tickets tickets{1};
  Heard heard;
  const auto ticket = tickets.open(kSoon, false, heard.done());
  EXPECT_FALSE(tickets.open(kSoon, false, heard.done()));
  EXPECT_TRUE(tickets.forget(*ticket));
  EXPECT_FALSE(tickets.forget(*ticket));
  EXPECT_TRUE(tickets.open(kSoon, false, heard.done()));
}

TEST(Tickets, AreAllRefusedAtTheEnd) {
  Tickets tickets{10};
  Heard heard;
  tickets.open(kSoon, false, heard.done());
  tickets.open(kSoon, true, heard.done());
  tickets.close();
  EXPECT_EQ(heard.count, 2);
  EXPECT_EQ(heard.kind, Kind::error);
  EXPECT_FALSE(tickets.open(kSoon, false, heard.done()));
}

}  // namespace
}  // namespace tombo::plugin
