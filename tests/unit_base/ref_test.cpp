#include "base/ref.hpp"

#include <gtest/gtest.h>

namespace tombo {
namespace {

/// Counts itself and tells when the last reference went.
struct Counted {
  explicit Counted(int& alive) : alive_(alive) { ++alive_; }
  void add_ref() const { ++count; }
  void release() const {
    if (--count == 0) {
      --alive_;
      delete this;
    }
  }
  mutable int count = 1;
  int& alive_;
};

TEST(Ref, DestroysTheObjectWithItsLastReference) {
  int alive = 0;
  {
    Ref<Counted> first = Ref<Counted>::adopt(new Counted(alive));
    EXPECT_EQ(first->count, 1);
    {
      const Ref<Counted> second = first;
      EXPECT_EQ(first->count, 2);
      EXPECT_TRUE(first == second);
    }
    EXPECT_EQ(first->count, 1);
    EXPECT_EQ(alive, 1);
  }
  EXPECT_EQ(alive, 0);
}

TEST(Ref, MovesWithoutCounting) {
  int alive = 0;
  Ref<Counted> first = Ref<Counted>::adopt(new Counted(alive));
  const Ref<Counted> second = std::move(first);
  EXPECT_FALSE(first);  // NOLINT: a moved-from reference is empty
  EXPECT_EQ(second->count, 1);
}

TEST(Ref, LetsGoOfTheOldObjectWhenItTakesANewOne) {
  int alive = 0;
  Ref<Counted> ref = Ref<Counted>::adopt(new Counted(alive));
  ref = Ref<Counted>::adopt(new Counted(alive));
  EXPECT_EQ(alive, 1);
  const Ref<Counted>& self = ref;
  ref = self;
  EXPECT_EQ(alive, 1);
  ref = nullptr;
  EXPECT_EQ(alive, 0);
}

}  // namespace
}  // namespace tombo
