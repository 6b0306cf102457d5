#include "bench/measure/histogram.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <vector>

namespace tombo::bench {
namespace {

constexpr double kErrorMax = 1.0 / 128;

std::vector<std::int64_t> random_values(std::size_t count, unsigned seed) {
  std::mt19937_64 random(seed);
  std::lognormal_distribution<double> spread(11, 2.5);  // around 60 µs, now and then seconds
  std::vector<std::int64_t> values(count);
  for (auto& value : values) value = static_cast<std::int64_t>(spread(random));
  return values;
}

Histogram histogram_of(const std::vector<std::int64_t>& values) {
  Histogram histogram;
  for (const std::int64_t value : values) histogram.record(value);
  return histogram;
}

TEST(Histogram, HoldsNothingAtFirst) {
  const Histogram empty;
  EXPECT_EQ(empty.count(), 0U);
  EXPECT_EQ(empty.min_ns(), 0);
  EXPECT_EQ(empty.max_ns(), 0);
  EXPECT_EQ(empty.percentile_ns(99), 0);
  EXPECT_EQ(empty.mean_ns(), 0);
  EXPECT_EQ(empty.deviation_ns(), 0);
}

TEST(Histogram, AgreesWithASortedVector) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    auto values = random_values(seed * 777, seed);
    const Histogram histogram = histogram_of(values);
    std::ranges::sort(values);
    ASSERT_EQ(histogram.count(), values.size());
    EXPECT_EQ(histogram.min_ns(), values.front());
    EXPECT_EQ(histogram.max_ns(), values.back());
    for (const double percent : {0.0, 1.0, 50.0, 90.0, 99.0, 99.9, 99.99, 100.0}) {
      const auto rank = static_cast<std::size_t>(std::ceil(percent / 100 * static_cast<double>(values.size()) - 1e-6));
      const auto exact = static_cast<double>(values[std::max<std::size_t>(rank, 1) - 1]);
      EXPECT_NEAR(static_cast<double>(histogram.percentile_ns(percent)), exact, exact * kErrorMax + 0.5)
          << percent << " % of " << values.size();
    }
    const double mean = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
    EXPECT_NEAR(histogram.mean_ns(), mean, mean * 1e-9);
    double squares = 0;
    for (const auto value : values) squares += std::pow(static_cast<double>(value) - mean, 2);
    const double deviation = std::sqrt(squares / static_cast<double>(values.size()));
    EXPECT_NEAR(histogram.deviation_ns(), deviation, deviation * 0.01);
  }
}

TEST(Histogram, KeepsEveryMagnitudeWithinItsError) {
  for (std::int64_t value = 1; value <= Histogram::kLongestNs; value = value * 5 / 4 + 1) {
    Histogram histogram;
    histogram.record(0);
    histogram.record(value);
    histogram.record(Histogram::kLongestNs);
    EXPECT_NEAR(static_cast<double>(histogram.percentile_ns(50)), static_cast<double>(value),
                static_cast<double>(value) * kErrorMax);
  }
}

TEST(Histogram, CutsWhatIsOutOfRange) {
  Histogram histogram;
  histogram.record(-5);
  histogram.record(Histogram::kLongestNs * 3, 2);
  histogram.record(7, 0);
  EXPECT_EQ(histogram.count(), 3U);
  EXPECT_EQ(histogram.min_ns(), 0);
  EXPECT_EQ(histogram.max_ns(), Histogram::kLongestNs);
}

TEST(Histogram, MergesAsIfOneHadRecordedAll) {
  const auto first = random_values(5000, 1);
  const auto second = random_values(3000, 2);
  auto all = first;
  all.insert(all.end(), second.begin(), second.end());
  Histogram merged;
  merged.merge(Histogram{});
  merged.merge(histogram_of(first));
  merged.merge(histogram_of(second));
  merged.merge(Histogram{});
  EXPECT_EQ(merged.serialise().substr(0, 3), "h1 ");
  const Histogram expected = histogram_of(all);
  EXPECT_EQ(merged.count(), expected.count());
  EXPECT_EQ(merged.min_ns(), expected.min_ns());
  EXPECT_EQ(merged.max_ns(), expected.max_ns());
  EXPECT_EQ(merged.percentile_ns(99.9), expected.percentile_ns(99.9));
  merged.clear();
  EXPECT_EQ(merged.serialise(), Histogram{}.serialise());
}

TEST(Histogram, ComesBackFromItsText) {
  for (const std::size_t count : {0U, 1U, 10U, 20'000U}) {
    const Histogram written = histogram_of(random_values(count, 9));
    Histogram read;
    read.record(1);
    ASSERT_TRUE(read.deserialise(written.serialise()));
    EXPECT_EQ(read.serialise(), written.serialise());
    EXPECT_EQ(read.mean_ns(), written.mean_ns());
  }
}

TEST(Histogram, RefusesHostileTextsAndStaysAsItWas) {
  Histogram histogram;
  histogram.record(1000);
  const std::string before = histogram.serialise();
  const char* const texts[] = {"",
                               "h1",
                               "h2 0 0 0",
                               "h1 0 0",
                               "h1 5 5 5",
                               "h1 0 0 1",
                               "h1 1 1 nan 1:1",
                               "h1 1 1 inf 1:1",
                               "h1 1 1 1 1:0",
                               "h1 1 1 1 1:-1",
                               "h1 1 1 1 1",
                               "h1 1 1 1 1:1:1",
                               "h1 1 1 1 x:1",
                               "h1 -1 1 1 1:1",
                               "h1 2 1 3 1:1 2:1",
                               "h1 1 2 3 2:1 1:1",
                               "h1 1 1 2 1:1 1:1",
                               "h1 1 2 3 1:1",
                               "h1 1 2 3 2:1",
                               "h1 0 9999999999999999 1 0:1",
                               "h1 0 0 0 99999999999:1",
                               "h1 0 0 0 99999:1",
                               "h1 1 2 3 1:18446744073709551615 2:18446744073709551615",
                               "h1 1 1 100 1:1",
                               "h1 10 10 1 10:1",
                               "h1  1 1 1 1:1",
                               "h1 1 1 1  1:1"};
  for (const char* text : texts) EXPECT_FALSE(histogram.deserialise(text)) << text;
  EXPECT_EQ(histogram.serialise(), before);
  // Any single changed character is refused or read as a histogram that writes itself again; nothing breaks.
  std::mt19937 random(3);
  const std::string good = histogram_of(random_values(300, 3)).serialise();
  for (int i = 0; i < 5000; ++i) {
    std::string bad = good;
    bad[random() % bad.size()] = static_cast<char>(32 + random() % 95);
    Histogram read;
    if (read.deserialise(bad)) {
      EXPECT_GE(read.max_ns(), read.percentile_ns(50));
    }
  }
}

}  // namespace
}  // namespace tombo::bench
