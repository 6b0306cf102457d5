#include "bench/report/output.hpp"

#include "bench/report/units.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tombo::bench {

namespace {

void add_count(std::string& text, std::string_view name, std::uint64_t count, double seconds) {
  text += fmt::format("  {:<14}{}  {}\n", name, right_in(with_commas(count), 15),
                      right_in(rate_text(per_second(count, seconds)), 14));
}

void add_totals(std::string& text, const Report& report) {
  if (report.sent != 0) add_count(text, "sent", report.sent, report.measured_s);
  if (report.acknowledged != 0) add_count(text, "acknowledged", report.acknowledged, report.measured_s);
  if (report.received != 0) {
    add_count(text, "received", report.received, report.measured_s);
    const double bytes_per_s = per_second(report.bytes_received, report.measured_s);
    text += fmt::format("  {:<14}{}  {}/s\n", "payloads",
                        right_in(bytes_text(static_cast<double>(report.bytes_received)), 15),
                        right_in(bytes_text(bytes_per_s), 12));
  }
  if (report.no_subscribers != 0) add_count(text, "no subscriber", report.no_subscribers, report.measured_s);
  if (report.refused != 0) add_count(text, "refused", report.refused, report.measured_s);
  if (report.behind_schedule != 0) {
    text += fmt::format("  {} messages ({:.2f} %) were sent more than 1 ms after they were due\n",
                        with_commas(report.behind_schedule),
                        100 * static_cast<double>(report.behind_schedule) /
                            static_cast<double>(std::max<std::uint64_t>(report.sent, 1)));
  }
}

void add_histograms(std::string& text, const Report& report) {
  const auto histograms = histograms_of(report);
  if (histograms.empty()) return;
  text += fmt::format("\n  {:<12}{:>13}{:>10}", "latency", "count", "mean");
  for (const double percent : kPercentiles) text += fmt::format("{:>10}", fmt::format("p{}", percent));
  text += fmt::format("{:>10}\n", "max");
  for (const auto& [name, histogram] : histograms) {
    text += fmt::format("  {:<12}{:>13}{}", name, with_commas(histogram->count()),
                        right_in(duration_text(histogram->mean_ns()), 10));
    for (const double percent : kPercentiles) {
      text += right_in(duration_text(static_cast<double>(histogram->percentile_ns(percent))), 10);
    }
    text += right_in(duration_text(static_cast<double>(histogram->max_ns())), 10) + "\n";
  }
}

void add_promise(std::string& text, const Report& report) {
  if (report.sent_in_all == 0 && report.received_in_all == 0) return;
  const Faults& faults = report.faults;
  text += fmt::format(
      "\n  promise {}: {} lost, {} duplicated, {} reordered, {} corrupted ({} sent and {} received in all)\n",
      report.promise_kept ? "kept" : "BROKEN", with_commas(faults.lost), with_commas(faults.duplicated),
      with_commas(faults.reordered), with_commas(faults.corrupted), with_commas(report.sent_in_all),
      with_commas(report.received_in_all));
}

/// What a process's CPU time is divided by: deliveries, or what there is instead.
std::uint64_t messages_of(const Report& report) {
  if (report.received != 0) return report.received;
  return report.sent != 0 ? report.sent : report.acknowledged;
}

void add_use(std::string& text, std::string_view who, const ProcessUse& use, const Report& report) {
  text += fmt::format("  {:<7} CPU {:.2f} s", who, use.cpu_s);
  if (report.measured_s > 0) text += fmt::format(", {:.2f} cores", use.cpu_s / report.measured_s);
  if (const std::uint64_t messages = messages_of(report); messages != 0) {
    text += fmt::format(", {:.3f} µs a message", use.cpu_s * 1e6 / static_cast<double>(messages));
  }
  if (use.rss_after_bytes != 0) {
    text += fmt::format(
        "; memory {} before, {} after, {} at most", bytes_text(static_cast<double>(use.rss_before_bytes)),
        bytes_text(static_cast<double>(use.rss_after_bytes)), bytes_text(static_cast<double>(use.rss_peak_bytes)));
  }
  text += "\n";
}

}  // namespace

std::vector<std::pair<std::string_view, const Histogram*>> histograms_of(const Report& report) {
  std::vector<std::pair<std::string_view, const Histogram*>> found;
  const auto add = [&](std::string_view name, const Histogram& histogram) {
    if (histogram.count() != 0) found.emplace_back(name, &histogram);
  };
  add("delivery", report.latency);
  add("acknowledge", report.acknowledge);
  add("round trip", report.round_trip);
  add("connect", report.connect);
  add("subscribe", report.subscribe);
  return found;
}

std::string text_report(const Report& report) {
  std::string text = fmt::format("{}: {}\n", report.plan_name, report.what);
  text += fmt::format("  measured {:.2f} s{}\n\n", report.measured_s, report.interrupted ? ", interrupted" : "");
  add_totals(text, report);
  for (const auto& [name, value] : report.figures) text += fmt::format("  {}: {:.6g}\n", name, value);
  add_histograms(text, report);
  add_promise(text, report);
  text += fmt::format("  connections: {} made, {} failed, {} retried, {} made again, {} lost\n",
                      with_commas(report.connects), with_commas(report.connect_failures),
                      with_commas(report.connect_retries), with_commas(report.reconnects),
                      with_commas(report.connections_lost));
  if (report.broker) add_use(text, "broker:", *report.broker, report);
  add_use(text, "tool:", report.tool, report);
  for (const std::string& problem : report.problems) text += fmt::format("  problem: {}\n", problem);
  return text;
}

}  // namespace tombo::bench
