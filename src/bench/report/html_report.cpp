#include "bench/report/html_page.hpp"
#include "bench/report/output.hpp"
#include "bench/report/svg_chart.hpp"
#include "bench/report/units.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <functional>

namespace tombo::bench {

namespace {

constexpr double kNinesMax = 5;  // 99.999 %

std::string ns_text(std::int64_t ns) {
  return duration_text(static_cast<double>(ns));
}

std::string card(const std::string& value, std::string_view what, std::string_view look = "") {
  return fmt::format("<div class=\"card {}\"><b>{}</b><span>{}</span></div>\n", look, escaped(value), what);
}

std::string cards(const Report& r) {
  std::string html = "<div class=\"cards\">\n";
  if (r.received != 0) html += card(rate_text(per_second(r.received, r.measured_s)), "received");
  if (r.sent != 0) html += card(rate_text(per_second(r.sent, r.measured_s)), "sent");
  const Histogram& latency = r.latency.count() != 0      ? r.latency
                             : r.round_trip.count() != 0 ? r.round_trip
                                                         : r.acknowledge;
  if (latency.count() != 0) {
    html += card(ns_text(latency.percentile_ns(50)), "latency, median");
    html += card(ns_text(latency.percentile_ns(99)), "latency, p99");
    html += card(ns_text(latency.percentile_ns(99.99)), "latency, p99.99");
  } else if (r.connect.count() != 0) {
    html += card(ns_text(r.connect.percentile_ns(99)), "connect, p99");
  }
  if (r.broker && r.received + r.sent != 0) {
    const auto messages = static_cast<double>(r.received != 0 ? r.received : r.sent);
    html += card(fmt::format("{:.3f} µs", r.broker->cpu_s * 1e6 / messages), "broker CPU per message");
  }
  html += r.promise_kept ? card("kept", "promise of the QoS", "good") : card("broken", "promise of the QoS", "bad");
  return html + "</div>\n";
}

/// A line of something that each second has.
Chart::Line over_time(std::string name, const Report& r, const std::function<double(const Second&)>& value) {
  Chart::Line line{std::move(name), {}};
  for (const Second& s : r.seconds) line.points.emplace_back(s.at_s + s.length_s / 2, value(s));
  return line;
}

void add_if_used(Chart& chart, Chart::Line line) {
  if (std::ranges::any_of(line.points, [](const auto& point) { return point.second > 0; })) {
    chart.lines.push_back(std::move(line));
  }
}

Chart timed_chart(const Report& r, std::string title, Chart::Unit unit) {
  Chart chart{.title = std::move(title), .unit = unit, .log_y = unit == Chart::Unit::ns, .lines = {}, .shaded = {}};
  for (const Second& s : r.seconds) {
    if (!s.measured) chart.shaded.emplace_back(s.at_s, s.at_s + s.length_s);
  }
  return chart;
}

Chart throughput(const Report& r) {
  Chart chart = timed_chart(r, "Messages a second", Chart::Unit::per_s);
  add_if_used(chart, over_time("sent", r, [](const Second& s) { return per_second(s.sent, s.length_s); }));
  add_if_used(chart, over_time("received", r, [](const Second& s) { return per_second(s.received, s.length_s); }));
  add_if_used(chart,
              over_time("acknowledged", r, [](const Second& s) { return per_second(s.acknowledged, s.length_s); }));
  return chart;
}

Chart latency_over_time(const Report& r) {
  Chart chart = timed_chart(r, "Latency over time", Chart::Unit::ns);
  add_if_used(chart, over_time("p50", r, [](const Second& s) { return static_cast<double>(s.latency_p50_ns); }));
  add_if_used(chart, over_time("p99", r, [](const Second& s) { return static_cast<double>(s.latency_p99_ns); }));
  add_if_used(chart, over_time("max", r, [](const Second& s) { return static_cast<double>(s.latency_max_ns); }));
  return chart;
}

Chart connects(const Report& r) {
  Chart chart = timed_chart(r, "Connects and errors a second", Chart::Unit::per_s);
  add_if_used(chart, over_time("connects", r, [](const Second& s) { return per_second(s.connects, s.length_s); }));
  add_if_used(chart, over_time("errors", r, [](const Second& s) { return per_second(s.errors, s.length_s); }));
  return chart;
}

Chart distribution(const Report& r) {
  Chart chart{.title = "Latency by percentile",
              .x = Chart::X::percentile,
              .unit = Chart::Unit::ns,
              .log_y = true,
              .lines = {},
              .shaded = {}};
  for (const auto& [name, histogram] : histograms_of(r)) {
    Chart::Line line{std::string{name}, {}};
    // Beyond one message in all there is nothing to see.
    const double nines_max = std::min(kNinesMax, std::log10(static_cast<double>(histogram->count())));
    for (double nines = 0; nines <= nines_max + 0.001; nines += 0.05) {
      const double percent = 100 * (1 - std::pow(10, -nines));
      line.points.emplace_back(nines, std::max<double>(1, static_cast<double>(histogram->percentile_ns(percent))));
    }
    chart.lines.push_back(std::move(line));
  }
  return chart;
}

std::string row(std::string_view name, const std::vector<std::string>& cells, bool head = false) {
  std::string html = fmt::format("<tr><{0}>{1}</{0}>", head ? "th" : "td", escaped(std::string{name}));
  for (const std::string& cell : cells) html += fmt::format("<{0}>{1}</{0}>", head ? "th" : "td", escaped(cell));
  return html + "</tr>\n";
}

std::string latency_table(const Report& r) {
  const auto histograms = histograms_of(r);
  if (histograms.empty()) return {};
  std::vector<std::string> head{"count", "min", "mean"};
  for (const double percent : kPercentiles) head.push_back(fmt::format("p{}", percent));
  head.emplace_back("max");
  std::string html = "<div class=\"table\"><table>\n" + row("latency", head, true);
  for (const auto& [name, histogram] : histograms) {
    std::vector<std::string> cells{with_commas(histogram->count()), ns_text(histogram->min_ns()),
                                   duration_text(histogram->mean_ns())};
    for (const double percent : kPercentiles) cells.push_back(ns_text(histogram->percentile_ns(percent)));
    cells.push_back(ns_text(histogram->max_ns()));
    html += row(name, cells);
  }
  return html + "</table></div>\n";
}

std::string totals_table(const Report& r) {
  std::string html = "<div class=\"table\"><table>\n" + row("totals", {"measured", "in all"}, true);
  html += row("sent", {with_commas(r.sent), with_commas(r.sent_in_all)});
  html += row("acknowledged", {with_commas(r.acknowledged), ""});
  html += row("received", {with_commas(r.received), with_commas(r.received_in_all)});
  html += row("payloads received", {bytes_text(static_cast<double>(r.bytes_received)), ""});
  html += row("sent more than 1 ms late", {with_commas(r.behind_schedule), ""});
  html += row("no subscriber (0x10)", {with_commas(r.no_subscribers), ""});
  html += row("refused", {with_commas(r.refused), ""});
  for (const auto& [name, value] : r.figures) html += row(name, {fmt::format("{:.6g}", value), ""});
  return html + "</table></div>\n";
}

std::string faults_table(const Report& r) {
  std::string html = "<div class=\"table\"><table>\n" + row("faults and connections", {""}, true);
  html += row("lost", {with_commas(r.faults.lost)}) + row("duplicated", {with_commas(r.faults.duplicated)});
  html += row("reordered", {with_commas(r.faults.reordered)}) + row("corrupted", {with_commas(r.faults.corrupted)});
  html += row("connects", {with_commas(r.connects)}) + row("connect failures", {with_commas(r.connect_failures)});
  html += row("connect retries", {with_commas(r.connect_retries)}) + row("reconnects", {with_commas(r.reconnects)});
  return html + row("connections lost", {with_commas(r.connections_lost)}) + "</table></div>\n";
}

std::string use_table(const Report& r) {
  std::string html =
      "<div class=\"table\"><table>\n" + row("process", {"CPU", "cores", "memory before", "after", "peak"}, true);
  const auto add = [&](std::string_view name, const ProcessUse& use) {
    html += row(
        name,
        {fmt::format("{:.2f} s", use.cpu_s), fmt::format("{:.2f}", r.measured_s > 0 ? use.cpu_s / r.measured_s : 0),
         bytes_text(static_cast<double>(use.rss_before_bytes)), bytes_text(static_cast<double>(use.rss_after_bytes)),
         bytes_text(static_cast<double>(use.rss_peak_bytes))});
  };
  if (r.broker) add("broker", *r.broker);
  add("tombo-bench", r.tool);
  return html + "</table></div>\n";
}

std::string started_text(const Report& r) {
  const auto seconds = static_cast<std::time_t>(r.started_unix_us / 1'000'000);
  return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", fmt::gmtime(seconds));
}

std::string run_html(const Report& r, std::size_t index) {
  std::string html = fmt::format("<section id=\"run{}\"><h2>{}</h2>\n<p>{} · measured {:.1f} s{} · {}</p>\n", index,
                                 escaped(r.plan_name), escaped(r.what), r.measured_s,
                                 r.interrupted ? ", interrupted" : "", started_text(r));
  for (const std::string& problem : r.problems) html += fmt::format("<p class=\"problem\">{}</p>\n", escaped(problem));
  html += cards(r) + "<div class=\"grid2\">\n";
  for (const Chart& chart : {throughput(r), latency_over_time(r), distribution(r), connects(r)}) {
    if (!chart.empty()) html += figure_of(chart);
  }
  html += "</div>\n" + latency_table(r);
  return html + "<div class=\"grid2\">\n" + totals_table(r) + faults_table(r) + "</div>\n" + use_table(r) +
         "</section>\n";
}

/// All runs in one table, when there are several.
std::string overview(std::span<const Report> reports) {
  std::string html = "<div class=\"table\"><table>\n" +
                     row("run", {"sent", "received", "connects", "p50", "p99", "p99.99", "lost", "promise"}, true);
  const auto rate = [](std::uint64_t count, const Report& r) {
    return count == 0 ? std::string{"–"} : rate_text(per_second(count, r.measured_s));
  };
  for (std::size_t i = 0; i < reports.size(); ++i) {
    const Report& r = reports[i];
    const bool idle = r.sent == 0 && r.received == 0;
    const Histogram& latency = idle ? r.connect : r.latency.count() != 0 ? r.latency : r.round_trip;
    std::string line = row(
        "@", {rate(r.sent, r), rate(r.received, r), rate(idle ? r.connects : 0, r), ns_text(latency.percentile_ns(50)),
              ns_text(latency.percentile_ns(99)), ns_text(latency.percentile_ns(99.99)), with_commas(r.faults.lost),
              r.promise_kept ? "kept" : "broken"});
    line.replace(line.find('@'), 1, fmt::format("<a href=\"#run{}\">{}</a>", i, escaped(r.plan_name)));
    html += line;
  }
  return html + "</table></div>\n";
}

}  // namespace

std::string html_reports(std::span<const Report> reports) {
  std::string html{kPageHead};
  html += "<h1>tombo-bench</h1>\n<p>Load test of an MQTT broker</p>\n";
  if (reports.size() > 1) html += overview(reports);
  for (std::size_t i = 0; i < reports.size(); ++i) html += run_html(reports[i], i);
  return html += kPageEnd;
}

}  // namespace tombo::bench
