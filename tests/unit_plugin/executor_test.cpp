#include "plugin/executor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <vector>

namespace tombo::plugin {
namespace {

/// Keeps an executor busy until it is let go.
struct Busy {
  explicit Busy(Executor& executor) {
    std::promise<void> begun;
    executor.run([this, &begun] {
      begun.set_value();
      go_.get_future().wait();
    });
    begun.get_future().wait();
  }
  void let_go() { go_.set_value(); }
  std::promise<void> go_;
};

TEST(Executor, RunsTasksInTheirOrderOnOneThread) {
  Executor executor{"test", {}};
  std::vector<int> order;
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(executor.run([&executor, &order, i] {
      EXPECT_TRUE(executor.is_this_thread());
      order.push_back(i);
    }));
  }
  executor.call([&order] { order.push_back(100); }).wait();
  ASSERT_EQ(order.size(), 101U);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  EXPECT_FALSE(executor.is_this_thread());
}

TEST(Executor, RefusesWhatIsTooMuchAndTakesWhatMustRun) {
  Executor executor{"test", {2, 1'000}};
  Busy busy{executor};
  EXPECT_TRUE(executor.run([] {}));
  EXPECT_TRUE(executor.run([] {}));
  EXPECT_FALSE(executor.run([] {}));
  bool ran = false;
  EXPECT_TRUE(executor.must_run([&ran] { ran = true; }));
  EXPECT_EQ(executor.waiting(), 3U);
  busy.let_go();
  executor.close();
  EXPECT_TRUE(ran);
  EXPECT_FALSE(executor.run([] {}));
  EXPECT_FALSE(executor.must_run([] {}));
  executor.call([] { FAIL() << "it is closed"; }).wait();
}

TEST(Executor, CountsTheBytesThatWait) {
  Executor executor{"test", {100, 1'000}};
  Busy busy{executor};
  EXPECT_FALSE(executor.run([] {}, 1'001));
  EXPECT_TRUE(executor.run([] {}, 600));
  EXPECT_FALSE(executor.run([] {}, 401));
  EXPECT_TRUE(executor.run([] {}, 400));
  busy.let_go();
  executor.call([] {}).wait();
  EXPECT_TRUE(executor.run([] {}, 1'000));
}

TEST(Executor, DropsWhatWaitsButNotWhatMustRun) {
  Executor executor{"test", {}};
  Busy busy{executor};
  bool dropped = true;
  bool kept = false;
  executor.run([&dropped] { dropped = false; }, 10);
  executor.must_run([&kept] { kept = true; });
  executor.drop_waiting();
  busy.let_go();
  executor.close();
  EXPECT_TRUE(dropped);
  EXPECT_TRUE(kept);
}

}  // namespace
}  // namespace tombo::plugin
