#include "bench/compare/table.hpp"

#include "bench/report/units.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace tombo::bench::compare {

namespace {

std::string value_text(double value, Unit unit) {
  switch (unit) {
    case Unit::per_s:
      return rate_text(value);
    case Unit::us:
      return fmt::format("{:.{}f} µs", value, value < 1 ? 3 : value < 100 ? 2 : 0);
    case Unit::ns:
      return duration_text(value);
    case Unit::bytes:
      return bytes_text(value);
    case Unit::plain:
      break;
  }
  return value >= 1000 ? with_commas(static_cast<std::uint64_t>(std::llround(value))) : fmt::format("{:.4g}", value);
}

/// A bar would end the cell.
std::string cell(const std::string& text) {
  std::string safe;
  for (const char c : text) safe += c == '|' ? "\\|" : c == '\n' ? " " : std::string(1, c);
  return safe;
}

}  // namespace

void Figures::add(const std::string& broker, const std::string& figure, Unit unit, double value) {
  if (units_.emplace(figure, unit).second) order_.push_back(figure);
  values_[{broker, figure}].push_back(value);
}

const std::vector<double>& Figures::values(const std::string& broker, const std::string& figure) const {
  static const std::vector<double> kNone;
  const auto found = values_.find({broker, figure});
  return found == values_.end() ? kNone : found->second;
}

double median_of(std::vector<double> values) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

std::string ratio_text(double ratio) {
  if (!std::isfinite(ratio) || ratio <= 0) return "";
  if (ratio >= 0.5) return fmt::format("{:.{}f}", ratio, ratio < 10 ? 2 : 1);
  return fmt::format("1/{:.1f}", 1 / ratio);
}

std::string markdown_table(const std::vector<std::string>& brokers, const std::vector<ScenarioFigures>& scenarios) {
  std::string head = "| scenario | figure |", rule = "|---|---|";
  for (const std::string& broker : brokers) {
    head += fmt::format(" {} |", cell(broker));
    rule += "--:|";
  }
  for (std::size_t i = 1; i < brokers.size(); ++i) {
    head += fmt::format(" {} / {} |", cell(brokers[0]), cell(brokers[i]));
    rule += "--:|";
  }
  std::string text = head + "\n" + rule + "\n";
  for (const ScenarioFigures& scenario : scenarios) {
    bool first = true;
    for (const std::string& figure : scenario.figures.order()) {
      const Unit unit = scenario.figures.unit_of(figure);
      text += fmt::format("| {} | {} |", first ? cell(scenario.name) : "", cell(figure));
      first = false;
      std::vector<double> medians;
      for (const std::string& broker : brokers) {
        const auto& values = scenario.figures.values(broker, figure);
        medians.push_back(median_of(values));
        text += values.empty() ? " – |" : fmt::format(" {} |", value_text(medians.back(), unit));
      }
      for (std::size_t i = 1; i < brokers.size(); ++i) {
        text += fmt::format(" {} |", medians[i] > 0 ? ratio_text(medians[0] / medians[i]) : "");
      }
      text += "\n";
    }
  }
  return text;
}

}  // namespace tombo::bench::compare
