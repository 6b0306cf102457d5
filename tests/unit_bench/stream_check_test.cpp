#include "bench/measure/stream_check.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <set>
#include <vector>

namespace tombo::bench {
namespace {

using Verdict = StreamCheck::Verdict;

/// The same rules with a set that forgets nothing.
struct NaiveModel {
  std::set<std::uint64_t> seen;
  Faults faults;

  Verdict arrived(std::uint64_t sequence) {
    const std::uint64_t next = seen.empty() ? 0 : *seen.rbegin() + 1;
    if (!seen.insert(sequence).second) {
      ++faults.duplicated;
      return Verdict::duplicate;
    }
    if (sequence >= next) return Verdict::fresh;
    ++faults.reordered;
    return Verdict::late;
  }
  Faults at_end(std::uint64_t sent) const {
    Faults all = faults;
    all.lost = sent - seen.size();
    return all;
  }
};

void expect_equal(const Faults& a, const Faults& b) {
  EXPECT_EQ(a.lost, b.lost);
  EXPECT_EQ(a.duplicated, b.duplicated);
  EXPECT_EQ(a.reordered, b.reordered);
  EXPECT_EQ(a.corrupted, b.corrupted);
}

/// `count` sequence numbers, with losses, seconds and swaps over short distances.
std::vector<std::uint64_t> disturbed(std::uint64_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<std::uint64_t> sequence;
  for (std::uint64_t i = 0; i < count; ++i) {
    if (random() % 50 == 0) continue;
    sequence.push_back(i);
    if (random() % 50 == 0) sequence.push_back(i);
    if (random() % 80 == 0 && i > 0) sequence.push_back(random() % i);
  }
  for (std::size_t i = 0; i < sequence.size() / 40; ++i) {
    const std::size_t at = random() % sequence.size();
    std::swap(sequence[at], sequence[std::min(sequence.size() - 1, at + random() % 30)]);
  }
  return sequence;
}

TEST(StreamCheck, FindsNothingWrongWithAnOrderlyStream) {
  StreamCheck check;
  for (std::uint64_t i = 0; i < 200'000; ++i) ASSERT_EQ(check.arrived(i), Verdict::fresh);
  EXPECT_EQ(check.received(), 200'000U);
  expect_equal(check.faults(200'000), {});
}

TEST(StreamCheck, AgreesWithANaiveModel) {
  for (unsigned seed = 1; seed <= 50; ++seed) {
    StreamCheck check;
    NaiveModel model;
    const std::uint64_t count = 20 + seed * 400;
    for (const std::uint64_t sequence : disturbed(count, seed)) {
      ASSERT_EQ(check.arrived(sequence), model.arrived(sequence)) << "seed " << seed << ", " << sequence;
    }
    EXPECT_EQ(check.received(), model.seen.size());
    expect_equal(check.faults(count), model.at_end(count));
  }
}

TEST(StreamCheck, ForgetsBeyondItsWindowButNeverCountsTwice) {
  StreamCheck check;
  check.arrived(0);
  EXPECT_EQ(check.arrived(200'000), Verdict::fresh);
  EXPECT_EQ(check.arrived(0), Verdict::late);  // too long ago to know it
  EXPECT_EQ(check.arrived(200'000 - 65'535), Verdict::late);
  EXPECT_EQ(check.arrived(200'000 - 65'535), Verdict::duplicate);
  const Faults faults = check.faults(200'001);
  EXPECT_EQ(faults.reordered, 2U);
  EXPECT_EQ(faults.duplicated, 1U);
}

TEST(StreamCheck, CallsAnOldOneASecondWhenNoneIsMissing) {
  StreamCheck check;
  for (std::uint64_t i = 0; i < 100'000; ++i) check.arrived(i);
  EXPECT_EQ(check.arrived(3), Verdict::duplicate);
  expect_equal(check.faults(100'000), {.duplicated = 1});
}

TEST(StreamCheck, LetsASharedGroupReorder) {
  StreamCheck check(false);
  for (const std::uint64_t i : {3, 1, 0, 2, 2}) check.arrived(i);
  expect_equal(check.faults(5), {.lost = 1, .duplicated = 1});
}

TEST(StreamCheck, LosesTheEndToo) {
  StreamCheck check;
  expect_equal(check.faults(10), {.lost = 10});
  check.arrived(0);
  expect_equal(check.faults(10), {.lost = 9});
}

TEST(StreamCheck, SurvivesAbsurdNumbers) {
  StreamCheck check;
  EXPECT_EQ(check.arrived(std::numeric_limits<std::uint64_t>::max()), Verdict::late);
  EXPECT_EQ(check.arrived(std::numeric_limits<std::uint64_t>::max() - 1), Verdict::fresh);
  EXPECT_EQ(check.arrived(std::numeric_limits<std::uint64_t>::max()), Verdict::late);
  EXPECT_EQ(check.received(), 1U);
}

}  // namespace
}  // namespace tombo::bench
