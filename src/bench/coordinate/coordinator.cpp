#include "bench/coordinate/command.hpp"

#include "bench/coordinate/line_socket.hpp"
#include "bench/coordinate/merge.hpp"
#include "bench/coordinate/wire.hpp"
#include "bench/measure/clock_offset.hpp"
#include "bench/plan/scenario.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <optional>
#include <random>
#include <vector>

namespace tombo::bench::coordinate {

namespace {

constexpr Millis kHelloPatience{5'000};
constexpr Millis kClockPatience{2'000};
constexpr Millis kSilencePatience{60'000};  // a worker says something each second
constexpr Millis kStopPatience{30'000};     // to end a run after Ctrl-C
constexpr Millis kLook{50};
constexpr int kClockQuestions = 16;
constexpr std::size_t kHelloMax = 4096;

std::string random_word() {
  std::random_device random;
  std::string word;
  for (int i = 0; i < 4; ++i) word += static_cast<char>('a' + random() % 26);
  return word;
}

struct Member {
  LineSocket socket;
  std::string name;
  std::int64_t offset_us = 0;  // its clock less ours
  std::optional<Done> done;
  std::chrono::steady_clock::time_point heard = std::chrono::steady_clock::now();
};

class Coordinator {
 public:
  Coordinator(const Options& options, const std::atomic<bool>& stop) : options_(options), stop_(stop) {}

  int execute() {
    if (!read_scenario() || !gather_workers()) return static_cast<int>(worst_);
    std::vector<Report> reports;
    for (std::uint32_t i = 0; i < plans_.size() && !stop_; ++i) {
      auto report = conduct(i);
      if (!report) break;
      reports.push_back(std::move(*report));
    }
    for (Member& member : members_) member.socket.send(to_line(Word::end));
    if (!reports.empty()) {
      for (const std::string& error : write_outputs(reports, options_.outputs)) fail(ExitCode::bad_options, error);
    }
    return static_cast<int>(worst_);
  }

 private:
  bool fail(ExitCode code, const std::string& text) {
    fmt::print(stderr, "tombo-bench: {}\n", text);
    if (worst_ == ExitCode::ok || worst_ == ExitCode::promise_broken) worst_ = code;
    return false;
  }

  bool read_scenario() {
    Scenario scenario = load_scenario(options_.scenario_file);
    for (const Problem& problem : scenario.problems) fmt::print(stderr, "{}\n", to_text(problem));
    if (!scenario.ok()) {
      worst_ = ExitCode::bad_options;
      return false;
    }
    std::ifstream file(options_.scenario_file, std::ios::binary);
    scenario_text_.assign(std::istreambuf_iterator<char>(file), {});
    plans_ = std::move(scenario.plans);
    // Said before anybody has to wait for workers.
    for (const Plan& plan : plans_) {
      if (auto cut = split(plan, options_.workers, ""); !cut) return fail(ExitCode::bad_options, cut.error());
    }
    return true;
  }

  bool gather_workers() {
    const auto address = address_of(options_.listen);
    if (!address)
      return fail(ExitCode::bad_options, fmt::format("--listen wants ADDR:PORT, not '{}'", options_.listen));
    auto listener = Listener::open(*address);
    if (!listener) return fail(ExitCode::bad_options, listener.error());
    fmt::print(stderr, "waiting for {} workers on port {}\n", options_.workers, listener->port());
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::duration<double>(options_.wait_s);
    while (members_.size() < options_.workers) {
      if (stop_) return false;
      if (std::chrono::steady_clock::now() > deadline) {
        return fail(ExitCode::unreachable, fmt::format("only {} of {} workers came within {} s", members_.size(),
                                                       options_.workers, options_.wait_s));
      }
      if (auto accepted = listener->accept(Millis{100})) welcome(std::move(*accepted));
    }
    return true;
  }

  void welcome(Listener::Accepted accepted) {
    accepted.socket.limit_lines(kHelloMax);
    const auto line = accepted.socket.receive(kHelloPatience, &stop_);
    const auto hello = line.ok() ? hello_in(*line) : std::nullopt;
    if (!hello) {
      fmt::print(stderr, "{} is no worker of this version\n", accepted.from);
      return;
    }
    accepted.socket.limit_lines(LineSocket::kLineMax);
    fmt::print(stderr, "worker {}: {} ({})\n", members_.size() + 1, hello->name, accepted.from);
    members_.push_back({std::move(accepted.socket), hello->name, 0, {}});
  }

  std::optional<Report> conduct(std::uint32_t index) {
    const Plan& plan = plans_[index];
    const auto cut = split(plan, options_.workers, random_word());
    for (Member& member : members_) {
      if (!ask_clock(member)) return std::nullopt;
    }
    const std::int64_t start_us = wall_us() + static_cast<std::int64_t>(options_.lead_s * 1e6);
    for (std::size_t i = 0; i < members_.size(); ++i) {
      members_[i].done.reset();
      members_[i].heard = std::chrono::steady_clock::now() + Millis{static_cast<std::int64_t>(options_.lead_s * 1000)};
      const Order order{scenario_text_, index, cut->shares[i], -members_[i].offset_us, start_us};
      if (!members_[i].socket.send(to_line(order))) return lost(members_[i], "takes no order");
    }
    if (!wait_for_reports()) return std::nullopt;
    return together(plan, cut->by_role);
  }

  std::nullopt_t lost(const Member& member, std::string_view why) {
    fail(ExitCode::broken_off, fmt::format("worker {} {}", member.name, why));
    return std::nullopt;
  }

  bool ask_clock(Member& member) {
    ClockOffset offset;
    for (int i = 0; i < kClockQuestions; ++i) {
      const std::int64_t asked_us = wall_us();
      member.socket.send(to_line(ClockQuestion{asked_us}));
      const auto line = member.socket.receive(kClockPatience, &stop_);
      const std::int64_t answered_us = wall_us();
      if (!line) {
        lost(member, text_of(line.error()));
        return false;
      }
      const auto answer = clock_answer_in(*line);
      if (answer && answer->asked_us == asked_us) offset.add(asked_us, answer->got_us, answer->sent_us, answered_us);
    }
    if (!offset.known()) {
      lost(member, "gives no sensible time");
      return false;
    }
    member.offset_us = offset.offset_us();
    fmt::print(stderr, "worker {}: clock {:+} µs, known to {} µs\n", member.name, member.offset_us,
               offset.error_max_us());
    return true;
  }

  bool wait_for_reports() {
    bool told = false;
    const auto all_done = [&] {
      for (const Member& member : members_) {
        if (!member.done) return false;
      }
      return true;
    };
    while (!all_done()) {
      if (stop_ && !told) {
        told = true;
        for (Member& member : members_) member.socket.send(to_line(Word::stop));
      }
      for (Member& member : members_) {
        if (!member.done && !listen_to(member, told ? kStopPatience : kSilencePatience)) return false;
      }
    }
    return true;
  }

  bool listen_to(Member& member, Millis patience) {
    const auto line = member.socket.receive(kLook);
    const auto now = std::chrono::steady_clock::now();
    if (!line) {
      if (line.error() == LineSocket::Trouble::timeout && now - member.heard < patience) return true;
      lost(member, text_of(line.error()));
      return false;
    }
    member.heard = now;
    if (const auto progress = progress_in(*line)) {
      if (options_.live) fmt::print(stderr, "{}: {}\n", member.name, *progress);
      return true;
    }
    member.done = done_in(*line);
    if (member.done) return true;
    lost(member, "says what this version does not understand");
    return false;
  }

  std::optional<Report> together(const Plan& plan, bool by_role) {
    std::vector<Report> reports;
    for (const Member& member : members_) {
      for (const RunError& error : member.done->errors)
        fail(error.code, fmt::format("worker {}: {}", member.name, error.text));
      reports.push_back(member.done->report);
    }
    Report report = merge(reports, plan, by_role);
    if (!report.promise_kept && worst_ == ExitCode::ok) worst_ = ExitCode::promise_broken;
    return report;
  }

  const Options& options_;
  const std::atomic<bool>& stop_;
  std::string scenario_text_;
  std::vector<Plan> plans_;
  std::vector<Member> members_;
  ExitCode worst_ = ExitCode::ok;
};

}  // namespace

int run_coordinator(const Options& options, const std::atomic<bool>& stop) {
  return Coordinator(options, stop).execute();
}

}  // namespace tombo::bench::coordinate
