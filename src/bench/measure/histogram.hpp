#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tombo::bench {

/// Counts of durations in nanoseconds, log-linear as in HDR histograms: every value up to an hour is kept with a
/// relative error under 1/128.  Recording is a shift and an increment.  One thread records; merge() afterwards.
class Histogram {
 public:
  static constexpr std::int64_t kLongestNs = 3'600'000'000'000;

  Histogram();

  /// Negative values count as 0, larger ones than an hour as an hour.
  void record(std::int64_t ns, std::uint64_t times = 1) {
    if (times == 0) return;
    ns = ns < 0 ? 0 : ns > kLongestNs ? kLongestNs : ns;
    if (count_ == 0 || ns < min_ns_) min_ns_ = ns;
    if (ns > max_ns_) max_ns_ = ns;
    buckets_[bucket_of(ns)] += times;
    count_ += times;
    sum_ns_ += static_cast<double>(ns) * static_cast<double>(times);
  }
  void merge(const Histogram& other);
  void clear();

  std::uint64_t count() const { return count_; }
  std::int64_t min_ns() const { return min_ns_; }  // exact; 0 when empty
  std::int64_t max_ns() const { return max_ns_; }  // exact; 0 when empty
  double mean_ns() const;                          // exact
  double deviation_ns() const;                     // of the population, from the buckets
  /// The smallest recorded value (to the bucket's width) that `percent` of all values do not exceed.
  std::int64_t percentile_ns(double percent) const;

  /// A compact text for the wire between coordinator and workers.
  std::string serialise() const;
  /// Nothing changes and false comes back when the text is not one that serialise() made.
  bool deserialise(std::string_view text);

 private:
  // The first 256 buckets are a nanosecond wide; then each power of two is cut into 128.
  static constexpr int kSubBits = 7;
  static constexpr std::size_t bucket_of(std::int64_t ns) {
    const auto value = static_cast<std::uint64_t>(ns);
    const auto width = static_cast<int>(std::bit_width(value));
    const int shift = width > kSubBits + 1 ? width - kSubBits - 1 : 0;
    return (static_cast<std::size_t>(shift) << kSubBits) + static_cast<std::size_t>(value >> shift);
  }
  static constexpr std::int64_t lowest_of(std::size_t bucket) {
    const std::size_t shift = bucket < (2U << kSubBits) ? 0 : (bucket >> kSubBits) - 1;
    return static_cast<std::int64_t>((bucket - (shift << kSubBits)) << shift);
  }
  static constexpr std::size_t kBuckets = 4562;  // up to that of kLongestNs

  std::vector<std::uint64_t> buckets_;
  std::uint64_t count_ = 0;
  std::int64_t min_ns_ = 0;
  std::int64_t max_ns_ = 0;
  double sum_ns_ = 0;
};

}  // namespace tombo::bench
