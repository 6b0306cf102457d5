#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace tombo::bench::compare {

/// How a figure is written.
enum class Unit : std::uint8_t { per_s, us, ns, bytes, plain };

/// What the brokers gave in one scenario: named figures, a value for each round.
class Figures {
 public:
  void add(const std::string& broker, const std::string& figure, Unit unit, double value);
  bool empty() const { return order_.empty(); }

  const std::vector<std::string>& order() const { return order_; }  // of the figures, as they first came
  Unit unit_of(const std::string& figure) const { return units_.at(figure); }
  /// The values; empty when the broker gave none.
  const std::vector<double>& values(const std::string& broker, const std::string& figure) const;

 private:
  std::vector<std::string> order_;
  std::map<std::string, Unit> units_;
  std::map<std::pair<std::string, std::string>, std::vector<double>> values_;
};

struct ScenarioFigures {
  std::string name;
  std::string what;
  Figures figures;
};

double median_of(std::vector<double> values);  // 0 of none
/// "0.68", "12.3", "1/34.8"
std::string ratio_text(double ratio);

/// One Markdown table: a row for each figure of each scenario, a column of medians for each broker, and the first
/// broker's ratio to each of the others.
std::string markdown_table(const std::vector<std::string>& brokers, const std::vector<ScenarioFigures>& scenarios);

}  // namespace tombo::bench::compare
