#include "bench/loader/console.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <ctime>

namespace tombo::bench::loader {

namespace {

template <class Count>
Series series_of(const Report& report, const Config& config, Count count) {
  const auto& all = report.seconds;
  std::size_t first = 0, last = all.size();
  while (first < last && count(all[first]) == 0) ++first;
  while (last > first && count(all[last - 1]) == 0) --last;
  first = std::min(last, first + config.ramp_up);
  last = std::max(first, last - std::min<std::size_t>(last, config.ramp_down));
  Series series;
  double latency_sum = 0;
  for (std::size_t i = first; i < last; ++i) {
    series.per_second.push_back(count(all[i]));
    series.total += series.per_second.back();
    latency_sum += all[i].latency_mean_ns * static_cast<double>(all[i].received);
    series.latency_max_ns = std::max(series.latency_max_ns, all[i].latency_max_ns);
  }
  if (series.total > 0) series.latency_mean_ns = latency_sum / static_cast<double>(series.total);
  return series;
}

std::string block(std::string_view title, std::string_view verb, const Series& series) {
  const std::uint64_t max = series.per_second.empty() ? 0 : std::ranges::max(series.per_second);
  const double average =
      series.per_second.empty() ? 0 : static_cast<double>(series.total) / static_cast<double>(series.per_second.size());
  return fmt::format(
      "-----{}-----\n"
      "Maximum throughput [msg/s]: {}\n"
      "Average throughput [msg/s]: {:.3f}\n"
      "Number of {} messages: {}\n"
      "Per second throughput [msg/s]: {}\n",
      title, max, average, verb, series.total, fmt::join(series.per_second, ", "));
}

std::tm local_time(std::int64_t unix_us) {
  const auto seconds = static_cast<std::time_t>(unix_us / 1'000'000);
  std::tm parts{};
  localtime_r(&seconds, &parts);
  return parts;
}

}  // namespace

Series published(const Report& report, const Config& config) {
  const bool acknowledged = config.qos_publisher > 0;
  return series_of(report, config, [=](const Second& s) { return acknowledged ? s.acknowledged : s.sent; });
}

Series received(const Report& report, const Config& config) {
  return series_of(report, config, [](const Second& s) { return s.received; });
}

std::string summary(const Report& report, const Config& config) {
  std::string text;
  if (config.num_publishers > 0) text += block("Publisher", "published", published(report, config));
  if (config.num_subscribers > 0) {
    const Series series = received(report, config);
    if (!text.empty()) text += "\n";
    text += block("Subscriber", "received", series);
    text += fmt::format("Maximum latency [ms]: {:.3f}\nAverage latency [ms]: {:.3f}\n",
                        static_cast<double>(series.latency_max_ns) / 1e6, series.latency_mean_ns / 1e6);
  }
  return text;
}

std::string log_line(std::int64_t unix_us, std::string_view level, std::string_view text) {
  return fmt::format("{:%Y-%m-%d %H:%M:%S}.{:03} [{}] {}", local_time(unix_us), unix_us / 1000 % 1000, level, text);
}

std::string record_name(std::int64_t unix_us) {
  return fmt::format("mqttloader_{:%Y%m%d-%H%M%S}.csv", local_time(unix_us));
}

}  // namespace tombo::bench::loader
