#pragma once

#include "bench/report/report.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tombo::bench {

/// What is printed at the end; `mqtt_benchmark` is the JSON of krylovsk/mqtt-benchmark.
enum class Format : std::uint8_t { text, json, mqtt_benchmark };
/// Nothing for a word that is none of text, json, mqtt-benchmark.
std::optional<Format> format_of(std::string_view word);

/// Where reports go.  A file named "-" is the standard output; an empty name: not written.
struct OutputOptions {
  std::string json_file;
  std::string csv_file;  // a row per second
  std::string html_file;
  Format format = Format::text;  // of what is printed
  bool quiet = false;            // print nothing; files are written all the same
};

/// Prints the reports and writes the files.  Returns one line for each file that could not be written.
std::vector<std::string> write_outputs(std::span<const Report> reports, const OutputOptions& options);
std::vector<std::string> write_outputs(const Report& report, const OutputOptions& options);

/// For people.
std::string text_report(const Report& report);
/// Everything, {"tool", "schema", "runs": [...]}; what report_from_json() reads.
std::string json_reports(std::span<const Report> reports);
/// One run as JSON without line ends, and back: how workers send theirs.  Nothing for a text that is no report.
std::string json_report(const Report& report);
std::optional<Report> report_from_json(std::string_view text);
std::string mqtt_benchmark_report(const Report& report);
std::string csv_series(std::span<const Report> reports);
/// One self-contained page with charts.
std::string html_reports(std::span<const Report> reports);

/// The histograms of a report that hold something, with their names.
std::vector<std::pair<std::string_view, const Histogram*>> histograms_of(const Report& report);

inline constexpr std::array kPercentiles{50.0, 90.0, 99.0, 99.9, 99.99};

}  // namespace tombo::bench
