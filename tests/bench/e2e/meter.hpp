#pragma once

#include <sys/types.h>
#include <cstdint>
#include <ctime>

namespace tombo::bench {

/// Memory of a process as the kernel counts it.
struct Memory {
  std::int64_t rss = 0;            ///< VmRSS
  std::int64_t anonymous = 0;      ///< Anonymous of smaps_rollup
  std::int64_t private_dirty = 0;  ///< Private_Dirty of smaps_rollup
};

/// Reads CPU time and memory of another process.
class ProcessMeter {
 public:
  /// Throws when the process does not exist.
  explicit ProcessMeter(pid_t pid);

  /// CPU time of all threads, user and system.  From the process CPU clock, because
  /// /proc/PID/stat counts in steps of 10 ms.
  [[nodiscard]] std::int64_t cpu_ns() const;
  [[nodiscard]] Memory memory() const;
  /// Memory once it has stopped moving (two equal readings, at most about 2 s).
  [[nodiscard]] Memory settled_memory() const;

 private:
  pid_t pid_;
  clockid_t clock_{};
};

/// CPU time of the generator itself.
[[nodiscard]] std::int64_t own_cpu_ns();

/// CPU time of everything on this machine that was not idle, in steps of 10 ms.
[[nodiscard]] std::int64_t machine_cpu_ns();

/// How much of one core others used meanwhile: neither this process nor the broker.
class ForeignLoad {
 public:
  explicit ForeignLoad(const ProcessMeter& meter);
  /// In cores since construction; 0.1 is enough to change some figures.
  [[nodiscard]] double cores() const;

 private:
  [[nodiscard]] std::int64_t foreign_ns() const;

  const ProcessMeter& meter_;
  std::int64_t start_ns_;
  std::int64_t foreign_ns_;
};

}  // namespace tombo::bench
