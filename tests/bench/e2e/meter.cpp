#include "meter.hpp"

#include <fmt/format.h>
#include <unistd.h>
#include <chrono>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>

#include "connection.hpp"

namespace tombo::bench {
namespace {

std::int64_t to_ns(const timespec& ts) {
  return ts.tv_sec * 1'000'000'000LL + ts.tv_nsec;
}

/// The value of "Key:   123 kB" in bytes; 0 when the file or the key is missing.
std::int64_t read_kb_field(const std::string& path, const std::string& key) {
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line)) {
    if (line.starts_with(key + ":")) return std::stoll(line.substr(key.size() + 1)) * 1024;
  }
  return 0;
}

}  // namespace

ProcessMeter::ProcessMeter(pid_t pid) : pid_(pid) {
  if (clock_getcpuclockid(pid, &clock_) != 0) {
    throw std::runtime_error(fmt::format("no CPU clock for process {}", pid));
  }
}

std::int64_t ProcessMeter::cpu_ns() const {
  timespec ts{};
  if (clock_gettime(clock_, &ts) != 0) throw std::runtime_error("the broker process is gone");
  return to_ns(ts);
}

Memory ProcessMeter::memory() const {
  const auto rollup = fmt::format("/proc/{}/smaps_rollup", pid_);
  return {read_kb_field(fmt::format("/proc/{}/status", pid_), "VmRSS"), read_kb_field(rollup, "Anonymous"),
          read_kb_field(rollup, "Private_Dirty")};
}

Memory ProcessMeter::settled_memory() const {
  using namespace std::chrono_literals;
  auto last = memory();
  for (int i = 0; i < 10; ++i) {
    std::this_thread::sleep_for(200ms);
    const auto next = memory();
    if (next.rss == last.rss) return next;
    last = next;
  }
  return last;
}

std::int64_t own_cpu_ns() {
  timespec ts{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
  return to_ns(ts);
}

std::int64_t machine_cpu_ns() {
  std::ifstream file("/proc/stat");
  std::string cpu;
  // user nice system idle iowait irq softirq: time stolen by the host is left out, it cannot be helped.
  std::int64_t user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0;
  file >> cpu >> user >> nice >> system >> idle >> iowait >> irq >> softirq;
  return (user + nice + system + irq + softirq) * (1'000'000'000 / sysconf(_SC_CLK_TCK));
}

ForeignLoad::ForeignLoad(const ProcessMeter& meter)
    : meter_(meter), start_ns_(now_ns()), foreign_ns_(foreign_ns()) {}

double ForeignLoad::cores() const {
  const auto others = static_cast<double>(foreign_ns() - foreign_ns_);
  return others / static_cast<double>(now_ns() - start_ns_);
}

std::int64_t ForeignLoad::foreign_ns() const {
  return machine_cpu_ns() - own_cpu_ns() - meter_.cpu_ns();
}

}  // namespace tombo::bench
