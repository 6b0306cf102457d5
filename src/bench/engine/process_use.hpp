#pragma once

#include "bench/report/report.hpp"

#include <cstdint>
#include <ctime>
#include <optional>

namespace tombo::bench::engine {

/// CPU time and memory of a process, ours or another's, from its CPU clock and /proc/PID/status.
class ProcessMeter {
 public:
  /// Nothing when there is no such process.
  static std::optional<ProcessMeter> of(std::int32_t pid);

  /// The measured time begins and ends.
  void begin();
  void end();
  ProcessUse use() const { return use_; }

 private:
  ProcessMeter() = default;
  std::uint64_t status_bytes(const char* key) const;

  std::int32_t pid_ = 0;
  clockid_t clock_{};
  std::int64_t cpu_from_ns_ = 0;
  ProcessUse use_;
};

}  // namespace tombo::bench::engine
