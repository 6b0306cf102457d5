#include "base/result.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace tombo {
namespace {

Result<int, std::string> half_of(int value) {
  if (value % 2 != 0) return Failure{std::string("odd")};
  return value / 2;
}

TEST(Result, HoldsAValueOrAReason) {
  EXPECT_TRUE(half_of(4).ok());
  EXPECT_EQ(*half_of(4), 2);
  EXPECT_FALSE(half_of(3));
  EXPECT_EQ(half_of(3).error(), "odd");
}

TEST(Result, TellsValueAndReasonOfOneTypeApart) {
  const Result<int, int> value(1);
  const Result<int, int> failure(Failure{1});
  EXPECT_TRUE(value);
  EXPECT_FALSE(failure);
  EXPECT_EQ(failure.error(), 1);
}

TEST(Result, MovesWhatCannotBeCopied) {
  Result<std::unique_ptr<int>, int> result(std::make_unique<int>(5));
  const std::unique_ptr<int> taken = std::move(*result);
  EXPECT_EQ(*taken, 5);
}

TEST(Result, OfNothingIsFineUnlessItFailed) {
  Result<void, int> fine;
  Result<void, int> failed = Failure{0};
  EXPECT_TRUE(fine);
  EXPECT_FALSE(failed);
  EXPECT_EQ(failed.error(), 0);
}

TEST(ResultDeathTest, StopsTheProgramWhenTheWrongHalfIsAskedFor) {
  EXPECT_DEATH((void)half_of(4).error(), "internal error");
  EXPECT_DEATH((void)half_of(3).value(), "internal error");
}

}  // namespace
}  // namespace tombo
