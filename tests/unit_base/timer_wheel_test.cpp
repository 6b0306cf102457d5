#include "base/timer_wheel.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace tombo {
namespace {

constexpr MonoTime kStart{Milliseconds{1'000'000}};
constexpr Milliseconds kRevolution = TimerWheel::kTick * static_cast<std::int64_t>(TimerWheel::kSlots);

std::vector<TimerNode*> fired(TimerWheel& wheel, MonoTime now) {
  std::vector<TimerNode*> nodes;
  wheel.advance(now, [&](TimerNode& node) { nodes.push_back(&node); });
  return nodes;
}

TEST(TimerWheel, NeverFiresBeforeTheDeadlineAndAtMostATickAfter) {
  for (std::int64_t ms = -50; ms <= 1000; ms += 7) {
    TimerWheel wheel(kStart);
    TimerNode node;
    const MonoTime due = kStart + Milliseconds{ms};
    wheel.arm(node, due);
    MonoTime now = kStart;
    while (node.armed() && now < kStart + Milliseconds{3000}) {
      now += Milliseconds{1};
      wheel.advance(now, [](TimerNode&) {});
    }
    ASSERT_FALSE(node.armed()) << ms;
    EXPECT_GE(now, due) << ms;
    EXPECT_LE(now, std::max(due, kStart) + TimerWheel::kTick) << ms;
  }
}

TEST(TimerWheel, LetsAFarDeadlineWaitForItsRevolution) {
  TimerWheel wheel(kStart);
  TimerNode node;
  const MonoTime due = kStart + kRevolution * 3 + Milliseconds{4200};
  wheel.arm(node, due);
  for (MonoTime now = kStart; now < due; now += TimerWheel::kTick) ASSERT_TRUE(fired(wheel, now).empty());
  EXPECT_EQ(fired(wheel, due + TimerWheel::kTick).size(), 1U);
}

TEST(TimerWheel, FindsEverythingAfterALongSleep) {
  TimerWheel wheel(kStart);
  std::vector<std::unique_ptr<TimerNode>> nodes;
  for (int i = 0; i < 500; ++i) {
    nodes.push_back(std::make_unique<TimerNode>());
    wheel.arm(*nodes.back(), kStart + Milliseconds{i * 977});
  }
  EXPECT_EQ(fired(wheel, kStart + kRevolution * 50).size(), 500U);
  EXPECT_EQ(wheel.next_due(), kNever);
}

TEST(TimerWheel, LetsANodeBeArmedAgainWhileItFires) {
  TimerWheel wheel(kStart);
  TimerNode node;
  wheel.arm(node, kStart + Milliseconds{100});
  int count = 0;
  wheel.advance(kStart + Milliseconds{1000}, [&](TimerNode& due) {
    ++count;
    wheel.arm(due, kStart + Milliseconds{100 + 100 * count});
  });
  // Each arming lies a tick after the one that fires, so all of them happen in one call.
  EXPECT_EQ(count, 10);
  EXPECT_TRUE(node.armed());
  EXPECT_EQ(node.due(), kStart + Milliseconds{1100});
}

TEST(TimerWheel, LetsNodesOfTheSameSlotBeDestroyedWhileOneFires) {
  TimerWheel wheel(kStart);
  std::vector<std::unique_ptr<TimerNode>> nodes;
  for (int i = 0; i < 10; ++i) {
    nodes.push_back(std::make_unique<TimerNode>());
    wheel.arm(*nodes.back(), kStart + Milliseconds{100});
  }
  int count = 0;
  wheel.advance(kStart + Milliseconds{200}, [&](TimerNode&) {
    ++count;
    nodes.clear();  // the firing node included
  });
  EXPECT_EQ(count, 1);
  EXPECT_EQ(wheel.next_due(), kNever);
}

TEST(TimerWheel, ForgetsANodeThatIsUnlinkedOrMoved) {
  TimerWheel wheel(kStart);
  TimerNode gone;
  TimerNode moved;
  wheel.arm(gone, kStart + Milliseconds{200});
  wheel.arm(moved, kStart + Milliseconds{200});
  wheel.arm(moved, kStart + Milliseconds{900});
  gone.unlink();
  EXPECT_FALSE(gone.armed());
  EXPECT_TRUE(fired(wheel, kStart + Milliseconds{800}).empty());
  EXPECT_EQ(fired(wheel, kStart + Milliseconds{1000}), std::vector<TimerNode*>{&moved});
}

TEST(TimerWheel, TellsWhenItWantsToBeAskedNext) {
  TimerWheel wheel(kStart);
  EXPECT_EQ(wheel.next_due(), kNever);
  TimerNode far;
  TimerNode near;
  wheel.arm(far, kStart + Milliseconds{5000});
  wheel.arm(near, kStart + Milliseconds{250});
  EXPECT_EQ(wheel.next_due(), kStart + Milliseconds{300});
  EXPECT_EQ(fired(wheel, kStart + Milliseconds{300}).size(), 1U);
  EXPECT_EQ(wheel.next_due(), kStart + Milliseconds{5000});
}

TEST(TimerWheel, KeepsADeadlineThatNeverComes) {
  TimerWheel wheel(kStart);
  TimerNode node(7);
  wheel.arm(node, kNever);
  EXPECT_TRUE(fired(wheel, kStart + kRevolution * 100).empty());
  EXPECT_TRUE(node.armed());
  EXPECT_EQ(node.kind(), 7);
}

TEST(TimerWheel, MayDieBeforeItsNodes) {
  TimerNode node;
  {
    TimerWheel wheel(kStart);
    wheel.arm(node, kStart + Milliseconds{100});
  }
  EXPECT_FALSE(node.armed());
}

}  // namespace
}  // namespace tombo
