#include "bench/report/output.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace tombo::bench {

namespace {

/// Nothing when all of the text is in the file; one line for a person otherwise.
std::optional<std::string> write_file(const std::string& path, const std::string& text) {
  if (path == "-") {
    fmt::print("{}", text);
    return std::nullopt;
  }
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr) return fmt::format("cannot write {}: {}", path, std::strerror(errno));
  const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  const int reason = errno;
  if (std::fclose(file) != 0 || !written) {
    return fmt::format("cannot write {}: {}", path, std::strerror(written ? errno : reason));
  }
  return std::nullopt;
}

void print(std::span<const Report> reports, Format format) {
  if (format == Format::json) return fmt::print("{}", json_reports(reports));
  for (std::size_t i = 0; i < reports.size(); ++i) {
    const bool text = format == Format::text;
    fmt::print("{}{}", text && i != 0 ? "\n" : "", text ? text_report(reports[i]) : mqtt_benchmark_report(reports[i]));
  }
}

}  // namespace

std::optional<Format> format_of(std::string_view word) {
  if (word == "text") return Format::text;
  if (word == "json") return Format::json;
  if (word == "mqtt-benchmark") return Format::mqtt_benchmark;
  return std::nullopt;
}

std::vector<std::string> write_outputs(std::span<const Report> reports, const OutputOptions& options) {
  if (!options.quiet) print(reports, options.format);
  std::vector<std::string> errors;
  const auto write = [&](const std::string& path, auto make) {
    if (path.empty()) return;
    if (auto error = write_file(path, make(reports))) errors.push_back(std::move(*error));
  };
  write(options.json_file, json_reports);
  write(options.csv_file, csv_series);
  write(options.html_file, html_reports);
  std::fflush(stdout);
  return errors;
}

std::vector<std::string> write_outputs(const Report& report, const OutputOptions& options) {
  return write_outputs(std::span{&report, 1}, options);
}

}  // namespace tombo::bench
