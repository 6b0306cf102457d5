#pragma once

#include "bench/engine/process_use.hpp"
#include "bench/engine/worker.hpp"

#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace tombo::bench::engine {

/// Leads one run from the first connection to the report.  Lives on: the thread that called run().
class Conductor {
 public:
  Conductor(const Plan& plan, const std::atomic<bool>& stop, const Observer& observer);

  RunResult conduct();

 private:
  using Workers = std::vector<std::unique_ptr<Worker>>;

  std::optional<RunError> prepare();
  std::optional<RunError> load_target();
  bool start_workers();

  // The parts of a run; false: it is over, because of an error or of the stop.
  bool connect(Worker::Command::Kind whom);
  bool hold_connections();
  bool exchange();
  bool receive_only();
  bool store_and_fetch();
  void send_until_end();
  void settle(std::uint64_t expected, Seconds patience);
  void wind_up();

  void begin_measuring(Seconds ramp_up, Seconds length, Seconds ramp_down);
  void end_measuring_at(std::int64_t ns);
  void post(const Worker::Command& command);
  /// Looks after the report and the meters while waiting.  False: the run is to be stopped.
  bool watch();
  bool wait_until(std::int64_t ns);
  void take_seconds(bool last);
  void add_second(std::int64_t index, const Interval& interval, double length_s);
  template <class Read>
  std::uint64_t sum(Read&& read) const;
  bool every(std::atomic<bool> WorkerState::*flag) const;
  std::int64_t last_activity_ns() const;
  bool is_silent(Seconds length) const;
  bool all_gone() const;
  std::uint64_t expected_deliveries() const;
  void take_errors();
  void add_figures();

  const Plan& plan_;
  const std::atomic<bool>& stop_;
  const Observer& observer_;
  std::unique_ptr<RunWide> run_;
  Workers workers_;
  Calendar calendar_;
  std::optional<ProcessMeter> broker_;
  std::optional<ProcessMeter> tool_;
  bool meters_began_ = false;
  bool meters_ended_ = false;
  std::int64_t connecting_ns_ = 0;  // how long it took
  std::int64_t subscribing_ns_ = 0;
  std::map<std::int64_t, std::pair<Interval, std::size_t>> gathering_;  // seconds that not all workers have told
  RunResult result_;
};

}  // namespace tombo::bench::engine
