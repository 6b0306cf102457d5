#include "bench/report/output.hpp"

#include <fmt/format.h>

namespace tombo::bench {

namespace {

/// As RFC 4180 wants it: quotes around what would look like more fields.
std::string field(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

double us(double ns) {
  return ns / 1000;
}

}  // namespace

std::string csv_series(std::span<const Report> reports) {
  std::string text =
      "run,at_s,length_s,measured,sent,acknowledged,received,connects,errors,latency_mean_us,latency_p50_us,"
      "latency_p99_us,latency_max_us\n";
  for (const Report& report : reports) {
    const std::string name = field(report.plan_name);
    for (const Second& s : report.seconds) {
      text += fmt::format("{},{:.3f},{:.3f},{},{},{},{},{},{},{:.1f},{:.1f},{:.1f},{:.1f}\n", name, s.at_s, s.length_s,
                          s.measured ? 1 : 0, s.sent, s.acknowledged, s.received, s.connects, s.errors,
                          us(s.latency_mean_ns), us(static_cast<double>(s.latency_p50_ns)),
                          us(static_cast<double>(s.latency_p99_ns)), us(static_cast<double>(s.latency_max_ns)));
    }
  }
  return text;
}

}  // namespace tombo::bench
