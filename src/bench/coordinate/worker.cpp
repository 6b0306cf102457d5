#include "bench/coordinate/command.hpp"

#include "bench/coordinate/line_socket.hpp"
#include "bench/coordinate/wire.hpp"
#include "bench/plan/scenario.hpp"
#include "bench/report/live_line.hpp"

#include <fmt/format.h>

#include <unistd.h>
#include <algorithm>
#include <array>
#include <cstdio>
#include <thread>

namespace tombo::bench::coordinate {

namespace {

constexpr Millis kConnectPatience{30'000};
constexpr Millis kIdlePatience{600'000};  // between two orders: other workers may be slower
constexpr Millis kPause{200};
constexpr std::size_t kClientsReported = 10'000;

int ended(ExitCode code) {
  return static_cast<int>(code);
}

std::string own_name() {
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  return fmt::format("{}/{}", host.data(), getpid());
}

/// The coordinator may be started after its workers.
Result<LineSocket, std::string> connect_patiently(const Address& address, const std::atomic<bool>& stop) {
  const auto deadline = std::chrono::steady_clock::now() + kConnectPatience;
  while (true) {
    auto socket = LineSocket::connect_to(address);
    if (socket.ok() || stop || std::chrono::steady_clock::now() > deadline) return socket;
    std::this_thread::sleep_for(kPause);
  }
}

class Worker {
 public:
  Worker(LineSocket socket, const Runner& run, const std::atomic<bool>& stop)
      : socket_(std::move(socket)), run_(run), stop_(stop) {}

  int serve() {
    socket_.send(to_line(Hello{own_name()}));
    while (true) {
      auto line = socket_.receive(kIdlePatience, &stop_);
      const std::int64_t got_us = wall_us();
      if (!line) return stop_ ? ended(ExitCode::ok) : gone(text_of(line.error()));
      if (const auto question = clock_question_in(*line)) {
        socket_.send(to_line(ClockAnswer{question->asked_us, got_us, wall_us()}));
      } else if (const auto order = order_in(*line)) {
        if (!socket_.send(to_line(execute(*order)))) return gone("takes no report");
      } else if (const auto word = word_in(*line)) {
        if (*word == Word::end) return ended(ExitCode::ok);  // a late `stop` has nothing left to stop
      } else {
        return gone("says what this version does not understand");
      }
    }
  }

 private:
  int gone(std::string_view why) const {
    fmt::print(stderr, "tombo-bench: the coordinator {}\n", why);
    return ended(ExitCode::unreachable);
  }

  Done execute(const Order& order) {
    const Scenario scenario = parse_scenario(order.scenario, "scenario");
    if (!scenario.ok() || order.run >= scenario.plans.size()) {
      return {{}, {{ExitCode::bad_options, "this worker does not understand the scenario; is it the same version?"}}};
    }
    Plan plan = with_share(scenario.plans[order.run], order.share);
    plan.clock_offset_us = order.clock_offset_us;
    plan.start_at_unix_us = order.start_at_unix_us;
    // Another machine's files and process numbers mean nothing here, and nobody may write files through a worker.
    plan.record_file.reset();
    plan.broker_pid = 0;
    std::atomic<bool> halt = false;
    RunResult result = run_(plan, halt, [&](const Second& second, const Report& so_far) {
      if (!socket_.send(progress_line(LiveLine::line_of(second, so_far))) || stop_ || told_to_stop()) halt = true;
    });
    if (result.report.clients.size() > kClientsReported) result.report.clients.resize(kClientsReported);
    return {std::move(result.report), std::move(result.errors)};
  }

  bool told_to_stop() {
    const auto line = socket_.receive(Millis{0});
    if (!line) return line.error() != LineSocket::Trouble::timeout;
    return word_in(*line).has_value();
  }

  LineSocket socket_;
  const Runner& run_;
  const std::atomic<bool>& stop_;
};

}  // namespace

int run_worker(const std::string& address, const Runner& run, const std::atomic<bool>& stop) {
  const auto where = address_of(address);
  if (!where || where->host.empty()) {
    fmt::print(stderr, "tombo-bench: worker wants the coordinator's ADDR:PORT, not '{}'\n", address);
    return ended(ExitCode::bad_options);
  }
  auto socket = connect_patiently(*where, stop);
  if (!socket) {
    fmt::print(stderr, "tombo-bench: no coordinator: {}\n", socket.error());
    return ended(ExitCode::unreachable);
  }
  return Worker(std::move(*socket), run, stop).serve();
}

}  // namespace tombo::bench::coordinate
