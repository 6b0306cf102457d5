#include "app/out_of_memory.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

namespace tombo::app {

namespace {
#ifdef TOMBO_SANITIZED
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif
}  // namespace

TEST(OutOfMemory, EndsTheProcessAndSaysWhy) {
  if (kSanitized) GTEST_SKIP() << "sanitizers end the process themselves when an allocation fails";
  const auto exhaust = [] {
    end_when_memory_is_exhausted();
    volatile std::size_t much = ~std::size_t{0} / 4;
    ::operator delete(::operator new(much));
  };
  EXPECT_DEATH(exhaust(), "memory is exhausted");
}

}  // namespace tombo::app
