#include "routing/qsbr.hpp"

#include <gtest/gtest.h>

namespace tombo::routing {
namespace {

struct Thing {
  int* freed;
  static void destroy(void* thing) {
    ++*static_cast<Thing*>(thing)->freed;
    delete static_cast<Thing*>(thing);
  }
};

TEST(QsbrTest, WhenEverybodySleepsCollectFreesAtOnce) {
  int freed = 0;
  Qsbr qsbr(3);
  qsbr.retire(new Thing{&freed}, Thing::destroy);
  EXPECT_EQ(qsbr.waiting(), 1U);
  qsbr.collect();
  EXPECT_EQ(freed, 1);
  EXPECT_EQ(qsbr.waiting(), 0U);
}

TEST(QsbrTest, EveryShardAwakeMustPassAQuiescentPointFirst) {
  int freed = 0;
  Qsbr qsbr(3);
  qsbr.online(0);
  qsbr.quiescent(1);  // wakes, too
  qsbr.retire(new Thing{&freed}, Thing::destroy);
  qsbr.quiescent(0);
  qsbr.quiescent(1);
  qsbr.collect();  // the points lay before it got its epoch: not counted
  EXPECT_EQ(freed, 0);
  qsbr.quiescent(0);
  qsbr.collect();
  EXPECT_EQ(freed, 0);
  qsbr.offline(1);
  qsbr.collect();
  EXPECT_EQ(freed, 1);
}

TEST(QsbrTest, AShardThatWakesLaterHoldsNothingUp) {
  int freed = 0;
  Qsbr qsbr(2);
  qsbr.retire(new Thing{&freed}, Thing::destroy);
  qsbr.online(0);
  qsbr.collect();  // conservative: retired without an epoch yet
  qsbr.retire(new Thing{&freed}, Thing::destroy);
  qsbr.quiescent(0);
  qsbr.collect();
  EXPECT_EQ(freed, 1);
  qsbr.quiescent(0);
  qsbr.collect();
  EXPECT_EQ(freed, 2);
}

TEST(QsbrTest, CollectStaysWithinItsBudgetAndKeepsTheOrder) {
  int freed = 0;
  Qsbr qsbr(1);
  qsbr.online(0);
  for (int i = 0; i < 50; ++i) qsbr.retire(new Thing{&freed}, Thing::destroy);
  qsbr.collect();
  qsbr.quiescent(0);
  qsbr.collect(20);
  EXPECT_EQ(freed, 20);
  qsbr.collect(100);
  EXPECT_EQ(freed, 50);
}

TEST(QsbrTest, LongRunsOfRetiringFreeOnTheirOwn) {
  int freed = 0;
  Qsbr qsbr(1);
  qsbr.online(0);
  std::size_t most = 0;
  for (int i = 0; i < 10'000; ++i) {
    qsbr.retire(new Thing{&freed}, Thing::destroy);
    qsbr.quiescent(0);
    most = std::max(most, qsbr.waiting());
  }
  EXPECT_LT(most, 300U);
}

TEST(QsbrTest, TheDestructorFreesTheRest) {
  int freed = 0;
  {
    Qsbr qsbr(1);
    qsbr.online(0);
    qsbr.retire(new Thing{&freed}, Thing::destroy);
    qsbr.collect();
    EXPECT_EQ(freed, 0);
  }
  EXPECT_EQ(freed, 1);
}

}  // namespace
}  // namespace tombo::routing
