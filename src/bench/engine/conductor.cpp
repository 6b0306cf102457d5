#include "bench/engine/conductor.hpp"

#include "bench/engine/verdict.hpp"

#include <fmt/format.h>

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

namespace tombo::bench::engine {
namespace {

using Kind = Worker::Command::Kind;

constexpr std::chrono::milliseconds kPoll{2};
/// What is sent twice comes late: time for it to do so.
constexpr std::int64_t kGraceNs = 50 * kMillisecondNs;
/// After Ctrl-C nobody wants to wait long.
constexpr Seconds kHurriedDrain{1};
/// The end of what has no end yet.
constexpr Seconds kOpenEnd{1e6};
/// connect_only: so many refusals without one success are enough.
constexpr std::uint64_t kHopeless = 20;
/// A day: what runs longer is summed up all the same.
constexpr std::size_t kSecondsMax = 86'400;

std::int64_t to_ns(Seconds seconds) {
  return static_cast<std::int64_t>(std::min(seconds, kOpenEnd).count() * 1e9);
}

/// As many descriptors as the system allows; the error says what would be needed.
std::optional<RunError> raise_descriptor_limit(std::size_t clients, unsigned threads) {
  constexpr std::size_t kOthers = 64;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::nullopt;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  const std::size_t needed = clients + 2 * threads + kOthers;
  if (needed <= limit.rlim_max) return std::nullopt;
  return RunError{ExitCode::bad_options,
                  fmt::format("{} clients need {} descriptors, and this process may have {} (ulimit -n)", clients,
                              needed, limit.rlim_max)};
}

}  // namespace

Conductor::Conductor(const Plan& plan, const std::atomic<bool>& stop, const Observer& observer)
    : plan_(plan), stop_(stop), observer_(observer) {}

std::optional<RunError> Conductor::prepare() {
  if (auto mistake = find_mistake(plan_)) return RunError{ExitCode::bad_options, std::move(*mistake)};
  auto layout = make_layout(plan_);
  if (!layout) return layout.error();
  run_ = std::make_unique<RunWide>(plan_, std::move(*layout));
  if (auto error = raise_descriptor_limit(run_->layout.clients.size(), plan_.threads)) return error;
  if (auto error = load_target()) return error;
  if (plan_.record_file) {
    auto record = RecordFile::create(*plan_.record_file, run_->wall.unix_us(now_ns()));
    if (!record) return RunError{ExitCode::bad_options, record.error()};
    run_->record = std::move(*record);
  }
  if (plan_.broker_pid != 0) {
    broker_ = ProcessMeter::of(plan_.broker_pid);
    if (!broker_) return RunError{ExitCode::bad_options, fmt::format("there is no process {}", plan_.broker_pid)};
  }
  tool_ = ProcessMeter::of(getpid());
  result_.report.plan_name = plan_.name;
  result_.report.what = describe(plan_, run_->layout);
  return std::nullopt;
}

std::optional<RunError> Conductor::load_target() {
  auto target = resolve(plan_.target.host, plan_.target.port);
  if (!target) return target.error();
  run_->target = *target;
  for (const std::string& range : plan_.target.source_addresses) {
    for (const std::string& address : expand_range(range).value_or(std::vector{range})) {
      auto source = resolve(address, 0);
      if (!source || source->address.ss_family != target->address.ss_family) {
        return RunError{ExitCode::bad_options, fmt::format("'{}' is no source address for this target", address)};
      }
      run_->sources.push_back(*source);
    }
  }
  if (!plan_.target.tls.on) return std::nullopt;
  auto tls = TlsContext::load(plan_.target);
  if (!tls) return RunError{ExitCode::bad_options, tls.error()};
  run_->tls = std::move(*tls);
  return std::nullopt;
}

bool Conductor::start_workers() {
  for (unsigned i = 0; i < plan_.threads; ++i) workers_.push_back(std::make_unique<Worker>(*run_, i, workers_));
  return std::ranges::all_of(workers_, [](const auto& worker) { return worker->start(); });
}

RunResult Conductor::conduct() {
  if (auto error = prepare()) {
    result_.errors.push_back(std::move(*error));
    return std::move(result_);
  }
  result_.report.started_unix_us = run_->wall.unix_us(now_ns());
  if (!start_workers()) {
    result_.errors.push_back({ExitCode::internal, "cannot start a thread with an epoll loop"});
    return std::move(result_);
  }
  bool ran = false;
  switch (plan_.topology) {
    case Topology::connect_only:
      ran = hold_connections();
      break;
    case Topology::subscribe_only:
      ran = connect(Kind::connect_receivers) && receive_only();
      break;
    case Topology::retained:
      ran = store_and_fetch();
      break;
    default:
      ran = connect(Kind::connect_receivers) && connect(Kind::connect_senders) && exchange();
      break;
  }
  if (stop_) result_.report.interrupted = true;
  wind_up();
  if (!ran && !result_.errors.empty()) {
    // It never started: an empty report, so that nobody takes it for a result.
    result_.report = Report{};
  }
  return std::move(result_);
}

template <class Read>
std::uint64_t Conductor::sum(Read&& read) const {
  std::uint64_t total = 0;
  for (const auto& worker : workers_) total += read(worker->state()).load(std::memory_order_relaxed);
  return total;
}

bool Conductor::every(std::atomic<bool> WorkerState::*flag) const {
  return std::ranges::all_of(workers_, [flag](const auto& worker) { return (worker->state().*flag).load(); });
}

void Conductor::post(const Worker::Command& command) {
  for (const auto& worker : workers_) worker->post(command);
}

std::int64_t Conductor::last_activity_ns() const {
  std::int64_t last = 0;
  for (const auto& worker : workers_) last = std::max(last, worker->state().active_ns.load());
  return last;
}

bool Conductor::is_silent(Seconds length) const {
  return now_ns() - std::max(last_activity_ns(), calendar_.traffic_from_ns) > to_ns(length);
}

bool Conductor::all_gone() const {
  const std::uint64_t lost = sum([](const WorkerState& s) -> auto& { return s.gone; }) +
                             sum([](const WorkerState& s) -> auto& { return s.failed; });
  return lost >= run_->layout.clients.size();
}

void Conductor::take_errors() {
  for (const auto& worker : workers_) {
    for (const RunError& error : worker->errors()) {
      const bool known = std::ranges::any_of(result_.errors, [&](const RunError& e) { return e.text == error.text; });
      if (!known) result_.errors.push_back(error);
    }
  }
}

bool Conductor::connect(Kind whom) {
  const bool senders = whom == Kind::connect_senders;
  const auto& clients = run_->layout.clients;
  const auto wanted = static_cast<std::uint64_t>(
      std::ranges::count_if(clients, [senders](const ClientSpec& spec) { return spec.sends() == senders; }));
  const std::uint64_t before = sum([](const WorkerState& s) -> auto& { return s.ready; });
  const bool any_will_do = plan_.topology == Topology::connect_only;
  const std::int64_t from = now_ns();
  post({whom});
  for (;;) {
    const std::uint64_t ready = sum([](const WorkerState& s) -> auto& { return s.ready; }) - before;
    const std::uint64_t failed = sum([](const WorkerState& s) -> auto& { return s.failed; });
    if (failed != 0 && (!any_will_do || (ready == 0 && (failed >= kHopeless || failed == wanted)))) {
      take_errors();
      return false;
    }
    if (ready + failed >= wanted) break;
    if (!watch()) return false;
    std::this_thread::sleep_for(kPoll);
  }
  connecting_ns_ += now_ns() - from;
  if (!senders) subscribing_ns_ = now_ns() - from;
  return true;
}

void Conductor::begin_measuring(Seconds ramp_up, Seconds length, Seconds ramp_down) {
  if (plan_.start_at_unix_us != 0) wait_until(run_->wall.mono_ns(plan_.start_at_unix_us));
  calendar_.traffic_from_ns = now_ns();
  calendar_.measure_from_ns = calendar_.traffic_from_ns + to_ns(ramp_up);
  calendar_.measure_to_ns = calendar_.measure_from_ns + to_ns(length);
  calendar_.traffic_to_ns = calendar_.measure_to_ns + to_ns(ramp_down);
}

void Conductor::end_measuring_at(std::int64_t ns) {
  if (ns >= calendar_.measure_to_ns) return;
  calendar_.measure_to_ns = std::max(ns, calendar_.measure_from_ns);
  post({Kind::calendar, calendar_});
}

bool Conductor::hold_connections() {
  begin_measuring(Seconds{0}, kOpenEnd, Seconds{0});
  post({Kind::calendar, calendar_});
  if (!connect(Kind::connect_receivers)) {
    end_measuring_at(now_ns());
    return false;
  }
  if (plan_.churn_per_s > 0) post({Kind::churn});
  wait_until(now_ns() + to_ns(plan_.duration));
  end_measuring_at(now_ns());
  return true;
}

bool Conductor::receive_only() {
  begin_measuring(plan_.ramp_up, plan_.duration, plan_.ramp_down);
  post({Kind::calendar, calendar_});
  while (now_ns() < calendar_.traffic_to_ns && watch() && !all_gone()) {
    const std::uint64_t delivered = sum([](const WorkerState& s) -> auto& { return s.delivered; });
    if (plan_.messages != 0 && delivered >= plan_.messages) break;
    if (plan_.end_after_silence && delivered != 0 && is_silent(*plan_.end_after_silence)) break;
    std::this_thread::sleep_for(kPoll);
  }
  end_measuring_at(plan_.end_after_silence ? last_activity_ns() : now_ns());
  return true;
}

bool Conductor::exchange() {
  begin_measuring(plan_.ramp_up, plan_.duration, plan_.ramp_down);
  post({Kind::traffic, calendar_});
  send_until_end();
  if (plan_.end_after_silence) {
    while (now_ns() < calendar_.traffic_to_ns && !is_silent(*plan_.end_after_silence) && watch() && !all_gone()) {
      std::this_thread::sleep_for(kPoll);
    }
    end_measuring_at(last_activity_ns());
    return true;
  }
  settle(expected_deliveries(), stop_ ? std::min(plan_.drain, kHurriedDrain) : plan_.drain);
  if (plan_.messages != 0) end_measuring_at(last_activity_ns());
  return true;
}

/// Until the time is over, every message is sent, or nobody is left to send it.
void Conductor::send_until_end() {
  while (now_ns() < calendar_.traffic_to_ns && watch() && !all_gone()) {
    if (every(&WorkerState::all_sent)) break;
    std::this_thread::sleep_for(kPoll);
  }
  if (stop_) end_measuring_at(now_ns());
  post({Kind::quiet});
}

/// Every message reaches so many; in request and response each one has two ways to go.
std::uint64_t Conductor::expected_deliveries() const {
  const std::uint64_t ways = plan_.topology == Topology::request_response ? 2 : 1;
  return sum([](const WorkerState& s) -> auto& { return s.sent; }) * run_->layout.copies * ways;
}

/// Waits for what is under way, as long as something keeps coming.
void Conductor::settle(std::uint64_t expected, Seconds patience) {
  const auto open = [&] {
    return sum([](const WorkerState& s) -> auto& { return s.delivered; }) < expected || !every(&WorkerState::settled);
  };
  std::uint64_t progress = UINT64_MAX;
  std::int64_t since = now_ns();
  // Workers look whether they are settled a few times a second; the first look must come after the last message.
  wait_until(now_ns() + kGraceNs);
  expected = std::max(expected, plan_.topology == Topology::retained ? expected : expected_deliveries());
  while (open() && !all_gone()) {
    const std::uint64_t now = sum([](const WorkerState& s) -> auto& { return s.progress; });
    if (std::exchange(progress, now) != now) since = now_ns();
    if (now_ns() - since > to_ns(patience)) return;
    watch();
    std::this_thread::sleep_for(kPoll);
  }
  const std::int64_t until = now_ns() + kGraceNs;
  while (now_ns() < until) {
    watch();
    std::this_thread::sleep_for(kPoll);
  }
}

bool Conductor::store_and_fetch() {
  if (!connect(Kind::connect_senders)) return false;
  begin_measuring(Seconds{0}, kOpenEnd, Seconds{0});
  const std::int64_t from = now_ns();
  post({Kind::traffic, calendar_});
  send_until_end();
  settle(0, plan_.drain);
  const std::uint64_t stored = sum([](const WorkerState& s) -> auto& { return s.sent; });
  const auto storing = static_cast<double>(last_activity_ns() - from) / 1e9;
  if (storing > 0) result_.report.figures.emplace_back("stored per second", static_cast<double>(stored) / storing);
  if (stop_) return true;

  const std::int64_t asked = now_ns();
  if (!connect(Kind::connect_receivers)) return false;
  settle(stored * run_->layout.copies, plan_.drain);
  end_measuring_at(last_activity_ns());
  const auto fetching = static_cast<double>(last_activity_ns() - asked) / 1e9;
  const auto delivered = static_cast<double>(sum([](const WorkerState& s) -> auto& { return s.delivered; }));
  if (fetching > 0) result_.report.figures.emplace_back("delivered per second", delivered / fetching);
  result_.report.figures.emplace_back("seconds to the last retained message", fetching);
  return true;
}

bool Conductor::watch() {
  const std::int64_t now = now_ns();
  const bool measuring = calendar_.measure_to_ns != 0;
  if (measuring && !meters_began_ && now >= calendar_.measure_from_ns) {
    meters_began_ = true;
    for (auto* meter : {&broker_, &tool_}) {
      if (*meter) (*meter)->begin();
    }
  }
  if (measuring && meters_began_ && !meters_ended_ && now >= calendar_.measure_to_ns) {
    meters_ended_ = true;
    for (auto* meter : {&broker_, &tool_}) {
      if (*meter) (*meter)->end();
    }
  }
  if (measuring) take_seconds(false);
  return !stop_;
}

bool Conductor::wait_until(std::int64_t ns) {
  while (now_ns() < ns) {
    if (!watch()) return false;
    std::this_thread::sleep_for(kPoll);
  }
  return true;
}

void Conductor::take_seconds(bool last) {
  for (const auto& worker : workers_) {
    for (Interval& interval : worker->tally().take()) {
      auto& [sum_so_far, count] = gathering_[interval.index];
      sum_so_far.add(interval);
      ++count;
    }
  }
  while (!gathering_.empty()) {
    const auto first = gathering_.begin();
    if (!last && first->second.second < workers_.size()) return;
    const std::int64_t begin = calendar_.begin_of(first->first);
    const std::int64_t end = std::min(calendar_.begin_of(first->first + 1), last ? now_ns() : INT64_MAX);
    add_second(first->first, first->second.first, static_cast<double>(std::max(end - begin, std::int64_t{0})) / 1e9);
    gathering_.erase(first);
  }
}

void Conductor::add_second(std::int64_t index, const Interval& interval, double length_s) {
  Report& report = result_.report;
  Second second;
  second.at_s = static_cast<double>(calendar_.begin_of(index) - calendar_.measure_from_ns) / 1e9;
  second.length_s = length_s;
  second.measured = calendar_.is_measured(index);
  second.sent = interval.sent;
  second.acknowledged = interval.acknowledged;
  second.received = interval.received;
  second.connects = interval.connects;
  second.errors = interval.errors;
  const Histogram& latency = interval.round_trip.count() != 0 ? interval.round_trip : interval.latency;
  second.latency_mean_ns = latency.mean_ns();
  second.latency_p50_ns = latency.percentile_ns(50);
  second.latency_p99_ns = latency.percentile_ns(99);
  second.latency_max_ns = latency.max_ns();
  if (second.measured) {
    report.sent += interval.sent;
    report.acknowledged += interval.acknowledged;
    report.received += interval.received;
    report.bytes_received += interval.bytes_received;
    report.no_subscribers += interval.no_subscribers;
    report.refused += interval.refused;
    report.behind_schedule += interval.behind_schedule;
    report.latency.merge(interval.latency);
    report.acknowledge.merge(interval.acknowledge);
    report.round_trip.merge(interval.round_trip);
    report.measured_s = second.at_s + second.length_s;
  }
  if (report.seconds.size() < kSecondsMax) report.seconds.push_back(second);
  if (observer_) observer_(second, report);
}

/// Says goodbye, waits for the threads and adds up.
void Conductor::wind_up() {
  if (calendar_.measure_to_ns != 0) {
    end_measuring_at(now_ns());
    watch();
  }
  post({Kind::leave});
  for (const auto& worker : workers_) worker->join();
  take_errors();
  Report& report = result_.report;
  if (calendar_.measure_to_ns != 0) {
    take_seconds(true);
    report.measured_s = static_cast<double>(calendar_.measure_to_ns - calendar_.measure_from_ns) / 1e9;
  }
  judge(*run_, workers_, report);
  if (tool_) report.tool = tool_->use();
  if (broker_) report.broker = broker_->use();
  add_figures();
}

void Conductor::add_figures() {
  Report& report = result_.report;
  const double seconds = static_cast<double>(connecting_ns_) / 1e9;
  const std::uint64_t ready = sum([](const WorkerState& s) -> auto& { return s.ready; });
  if (plan_.topology == Topology::connect_only) {
    report.figures.emplace_back("connections held", static_cast<double>(ready));
    if (seconds > 0) report.figures.emplace_back("connected per second", static_cast<double>(ready) / seconds);
    if (report.broker && ready != 0 && report.broker->rss_after_bytes > report.broker->rss_before_bytes) {
      const std::uint64_t grown = report.broker->rss_after_bytes - report.broker->rss_before_bytes;
      report.figures.emplace_back("broker's bytes per connection",
                                  static_cast<double>(grown) / static_cast<double>(ready));
    }
  }
  if (plan_.topology == Topology::subscriptions && subscribing_ns_ > 0) {
    report.figures.emplace_back("subscriptions per second",
                                plan_.filters / (static_cast<double>(subscribing_ns_) / 1e9));
  }
}

}  // namespace tombo::bench::engine
