#pragma once

#include "bench/loader/config.hpp"
#include "bench/report/report.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tombo::bench::loader {

/// What MQTTLoader prints at the end: a block for publishers, one for subscribers (those that the run has).
std::string summary(const Report& report, const Config& config);

/// Messages of one side, second by second: from the first second that had one to the last, without the first
/// `ramp_up` and the last `ramp_down` of these.
struct Series {
  std::vector<std::uint64_t> per_second;
  std::uint64_t total = 0;
  double latency_mean_ns = 0;
  std::int64_t latency_max_ns = 0;
};
Series published(const Report& report, const Config& config);
Series received(const Report& report, const Config& config);

/// "2026-11-22 15:08:23.114 [INFO] text"
std::string log_line(std::int64_t unix_us, std::string_view level, std::string_view text);
/// mqttloader_yyyyMMdd-HHmmss.csv, local time.
std::string record_name(std::int64_t unix_us);

}  // namespace tombo::bench::loader
