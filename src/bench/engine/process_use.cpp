#include "bench/engine/process_use.hpp"

#include "bench/engine/clock.hpp"

#include <fmt/format.h>

#include <fstream>
#include <string>

namespace tombo::bench::engine {

std::optional<ProcessMeter> ProcessMeter::of(std::int32_t pid) {
  ProcessMeter meter;
  meter.pid_ = pid;
  // The process' CPU clock counts all its threads, in nanoseconds; /proc/PID/stat only in steps of 10 ms.
  if (clock_getcpuclockid(pid, &meter.clock_) != 0) return std::nullopt;
  meter.use_.rss_before_bytes = meter.status_bytes("VmRSS:");
  return meter;
}

std::uint64_t ProcessMeter::status_bytes(const char* key) const {
  std::ifstream file(fmt::format("/proc/{}/status", pid_));
  std::string word;
  std::uint64_t kilobytes = 0;
  while (file >> word) {
    if (word == key && file >> kilobytes) return kilobytes * 1024;
  }
  return 0;
}

void ProcessMeter::begin() {
  cpu_from_ns_ = clock_ns(clock_);
}

void ProcessMeter::end() {
  use_.cpu_s = static_cast<double>(clock_ns(clock_) - cpu_from_ns_) / 1e9;
  use_.rss_after_bytes = status_bytes("VmRSS:");
  use_.rss_peak_bytes = status_bytes("VmHWM:");
}

}  // namespace tombo::bench::engine
