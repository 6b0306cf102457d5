#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tombo::bench {

/// Counts of durations in nanoseconds, log-linear as in HDR histograms: every value up to an hour is kept with a
/// relative error under 1/128.  Recording is a shift and an increment.  One thread records; merge() afterwards.
class Histogram {
 public:
  Histogram();

  /// Negative values count as 0, larger ones than an hour as an hour.
  void record(std::int64_t ns, std::uint64_t times = 1);
  void merge(const Histogram& other);
  void clear();

  std::uint64_t count() const { return count_; }
  std::int64_t min_ns() const;   // exact; 0 when empty
  std::int64_t max_ns() const;   // exact; 0 when empty
  double mean_ns() const;        // exact
  double deviation_ns() const;   // of the population, from the buckets
  /// The smallest recorded value (to the bucket's width) that `percent` of all values do not exceed.
  std::int64_t percentile_ns(double percent) const;

  /// A compact text for the wire between coordinator and workers.
  std::string serialise() const;
  /// Nothing changes and false comes back when the text is not one that serialise() made.
  bool deserialise(std::string_view text);

 private:
  std::vector<std::uint64_t> buckets_;
  std::uint64_t count_ = 0;
  std::int64_t min_ns_ = 0;
  std::int64_t max_ns_ = 0;
  double sum_ns_ = 0;
};

}  // namespace tombo::bench
