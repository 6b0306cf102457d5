#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace tombo::bench {

/// A chart of a report's page.  Colours are CSS classes (s0, s1, ...), so that dark and light are the page's choice.
struct Chart {
  enum class X : std::uint8_t { seconds, percentile };  // percentile: 0 % to 99.999 %, each nine as wide as the last
  enum class Unit : std::uint8_t { per_s, ns };
  struct Line {
    std::string name;
    std::vector<std::pair<double, double>> points;  // x ascends; with X::percentile x is log10(1 / (1 - share))
  };

  std::string title;
  X x = X::seconds;
  Unit unit = Unit::per_s;
  bool log_y = false;
  std::vector<Line> lines;
  std::vector<std::pair<double, double>> shaded;  // stretches of x that were not measured

  bool empty() const;
};

/// A figure: heading, legend, SVG, and the points as text for the page's script that shows them under the pointer.
std::string figure_of(const Chart& chart);

/// For HTML text and attributes.
std::string escaped(const std::string& text);

}  // namespace tombo::bench
