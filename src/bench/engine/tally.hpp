#pragma once

#include "bench/measure/histogram.hpp"
#include "bench/report/report.hpp"

#include <cstdint>
#include <mutex>
#include <vector>

namespace tombo::bench::engine {

/// What one worker counted in one second.
struct Interval {
  std::int64_t index = 0;  // of the boundary grid, see Calendar
  std::uint64_t sent = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t received = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t no_subscribers = 0;
  std::uint64_t refused = 0;
  std::uint64_t behind_schedule = 0;
  std::uint64_t connects = 0;
  std::uint64_t errors = 0;
  Histogram latency;
  Histogram acknowledge;
  Histogram round_trip;

  void add(const Interval& other);
};

/// When the run's parts begin and end, on the monotonic clock.  Told to every worker before traffic starts.
struct Calendar {
  std::int64_t traffic_from_ns = 0;
  std::int64_t measure_from_ns = 0;
  std::int64_t measure_to_ns = 0;
  std::int64_t traffic_to_ns = 0;

  /// Seconds are counted from measure_from_ns; the measured time's end is a boundary, too.  Indexes: ... -2, -1 ramp
  /// up, 0 ... n - 1 measured, n ... ramp down and draining.
  std::int64_t index_of(std::int64_t ns) const;
  std::int64_t begin_of(std::int64_t index) const;
  std::int64_t measured_count() const;
  bool is_measured(std::int64_t index) const { return index >= 0 && index < measured_count(); }
};

/// What a worker counts, second by second, and what is counted over the whole run.  The worker's thread alone
/// touches it, except for take(), which the conductor calls.
class Tally {
 public:
  /// The running second.
  Interval& now() { return running_; }

  void follow(const Calendar& calendar, std::int64_t now);
  /// Closes the running second when its time is over.  Called once a turn.
  void tick(std::int64_t now) {
    if (now >= running_to_ns_) [[unlikely]]
      close(now);
  }
  /// Closes the running second, come what may: the end.
  void close_last();
  /// The closed seconds since the last call.
  std::vector<Interval> take();

  // Over the whole run.
  std::uint64_t sent_in_all = 0;
  std::uint64_t received_in_all = 0;
  std::uint64_t connects = 0;
  std::uint64_t connect_failures = 0;
  std::uint64_t connect_retries = 0;
  std::uint64_t reconnects = 0;
  std::uint64_t connections_lost = 0;
  std::uint64_t foreign = 0;    // arrived with a stamp of another run
  std::uint64_t misrouted = 0;  // arrived at a subscriber that should not get it
  std::uint64_t corrupted = 0;
  std::uint64_t credit_releases = 0;
  Histogram connect;
  Histogram subscribe;

 private:
  void close(std::int64_t now);

  Calendar calendar_;
  Interval running_;
  std::int64_t running_to_ns_ = INT64_MAX;
  std::mutex closed_mutex_;
  std::vector<Interval> closed_;
};

}  // namespace tombo::bench::engine
