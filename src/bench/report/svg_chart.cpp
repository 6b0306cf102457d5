#include "bench/report/svg_chart.hpp"

#include "bench/report/units.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>

namespace tombo::bench {

namespace {

constexpr double kWidth = 720, kHeight = 280, kLeft = 84, kRight = 34, kTop = 10, kBottom = 34;
constexpr double kPlotWidth = kWidth - kLeft - kRight, kPlotHeight = kHeight - kTop - kBottom;
constexpr double kTicksWanted = 5;

/// 1, 2 or 5 times a power of ten, so that about kTicksWanted steps fill the span.
double nice_step(double span) {
  const double rough = span / kTicksWanted;
  const double decade = std::pow(10, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * decade >= rough) return factor * decade;
  }
  return 10 * decade;
}

class Painter {
 public:
  explicit Painter(const Chart& chart) : chart_(chart) { find_ranges(); }

  std::string figure() const {
    std::string html = fmt::format("<figure><figcaption>{}{}</figcaption>\n", escaped(chart_.title), legend());
    html += fmt::format("<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">\n", kWidth, kHeight,
                        escaped(chart_.title));
    for (const auto& [from, to] : chart_.shaded) html += shade(from, to);
    html += y_axis() + x_axis();
    for (std::size_t i = 0; i < chart_.lines.size(); ++i) html += line(i);
    html += fmt::format("<line class=\"cursor\" x1=\"0\" x2=\"0\" y1=\"{}\" y2=\"{}\"/>\n</svg>\n", kTop,
                        kTop + kPlotHeight);
    return html + "<script type=\"application/json\">" + points_json() + "</script></figure>\n";
  }

 private:
  void find_ranges() {
    bool first = true;
    for (const Chart::Line& line : chart_.lines) {
      for (const auto& [x, y] : line.points) {
        if (chart_.log_y && y <= 0) continue;
        x_min_ = first ? x : std::min(x_min_, x);
        x_max_ = first ? x : std::max(x_max_, x);
        y_min_ = first ? y : std::min(y_min_, y);
        y_max_ = first ? y : std::max(y_max_, y);
        first = false;
      }
    }
    for (const auto& [from, to] : chart_.shaded) {
      x_min_ = std::min(x_min_, from);
      x_max_ = std::max(x_max_, to);
    }
    if (x_max_ <= x_min_) x_max_ = x_min_ + 1;
    if (chart_.log_y) {
      y_min_ = std::pow(10, std::floor(std::log10(std::max(y_min_, 1.0))));
      y_max_ = std::max(std::pow(10, std::ceil(std::log10(std::max(y_max_, 1.0)))), y_min_ * 10);
    } else {
      y_min_ = 0;
      y_max_ = y_max_ > 0 ? y_max_ * 1.05 : 1;
    }
  }

  double x_of(double x) const { return kLeft + (x - x_min_) / (x_max_ - x_min_) * kPlotWidth; }
  double y_of(double y) const {
    const double share = chart_.log_y ? std::log(std::max(y, y_min_) / y_min_) / std::log(y_max_ / y_min_)
                                      : (y - y_min_) / (y_max_ - y_min_);
    return kTop + (1 - share) * kPlotHeight;
  }
  std::string text_of(double y) const { return chart_.unit == Chart::Unit::ns ? duration_text(y) : rate_text(y); }

  std::string legend() const {
    std::string html;
    for (std::size_t i = 0; i < chart_.lines.size(); ++i) {
      html += fmt::format("<span class=\"key s{}\">{}</span>", i, escaped(chart_.lines[i].name));
    }
    return html;
  }

  std::string shade(double from, double to) const {
    const double left = std::clamp(x_of(from), kLeft, kLeft + kPlotWidth);
    const double right = std::clamp(x_of(to), kLeft, kLeft + kPlotWidth);
    return fmt::format(
        "<rect class=\"shade\" x=\"{:.1f}\" y=\"{}\" width=\"{:.1f}\" height=\"{}\"><title>not "
        "measured</title></rect>\n",
        left, kTop, right - left, kPlotHeight);
  }

  std::string y_tick(double y, const std::string& label) const {
    return fmt::format(
        "<line class=\"grid\" x1=\"{}\" x2=\"{}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/>"
        "<text class=\"tick\" x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>\n",
        kLeft, kLeft + kPlotWidth, y_of(y), y_of(y), kLeft - 8, y_of(y) + 4, label);
  }
  std::string y_axis() const {
    std::string svg;
    if (!chart_.log_y) {
      const double step = nice_step(y_max_ - y_min_);
      for (double y = 0; y <= y_max_; y += step) svg += y_tick(y, text_of(y));
      return svg;
    }
    const bool few = y_max_ / y_min_ <= 101;
    for (double y = y_min_; y <= y_max_ * 1.001; y *= 10) {
      svg += y_tick(y, text_of(y));
      for (const double factor : {2.0, 5.0}) {
        if (few && y * factor < y_max_) svg += y_tick(y * factor, text_of(y * factor));
      }
    }
    return svg;
  }

  std::string x_tick(double x, const std::string& label) const {
    return fmt::format(
        "<line class=\"grid\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1}\" y2=\"{2}\"/>"
        "<text class=\"tick\" x=\"{0:.1f}\" y=\"{3}\" text-anchor=\"middle\">{4}</text>\n",
        x_of(x), kTop + kPlotHeight, kTop + kPlotHeight + 5, kHeight - 12, label);
  }
  std::string x_axis() const {
    std::string svg;
    if (chart_.x == Chart::X::percentile) {
      for (int nines = 0; nines <= x_max_ + 0.01; ++nines) svg += x_tick(nines, x_text(nines));
      return svg;
    }
    const double step = nice_step(x_max_ - x_min_);
    for (double x = std::ceil(x_min_ / step) * step; x <= x_max_ * 1.0001; x += step)
      svg += x_tick(x, fmt::format("{:.4g} s", x == 0 ? 0.0 : x));
    return svg;
  }
  std::string x_text(double x) const {
    if (chart_.x == Chart::X::seconds) return fmt::format("{:.1f} s", x);
    const double percent = 100 * (1 - std::pow(10, -x));
    return fmt::format("{:.{}f} %", percent, x < 2 ? 0 : static_cast<int>(std::ceil(x)) - 2);
  }

  std::string line(std::size_t index) const {
    std::string points;
    for (const auto& [x, y] : chart_.lines[index].points) {
      if (!chart_.log_y || y > 0) points += fmt::format("{:.1f},{:.1f} ", x_of(x), y_of(y));
    }
    return fmt::format("<polyline class=\"line s{}\" points=\"{}\"/>\n", index, points);
  }

  /// {"names": [...], "at": [[pixel, "12.0 s", "value", ...], ...]}
  std::string points_json() const {
    std::map<double, std::vector<std::string>> rows;
    for (std::size_t i = 0; i < chart_.lines.size(); ++i) {
      for (const auto& [x, y] : chart_.lines[i].points) {
        auto& row = rows[x];
        row.resize(chart_.lines.size(), "–");
        row[i] = text_of(y);
      }
    }
    nlohmann::json json{{"names", nlohmann::json::array()}, {"at", nlohmann::json::array()}};
    for (const Chart::Line& line : chart_.lines) json["names"].push_back(line.name);
    for (const auto& [x, row] : rows) {
      nlohmann::json at{std::round(x_of(x)), x_text(x)};
      for (const std::string& text : row) at.push_back(text);
      json["at"].push_back(std::move(at));
    }
    std::string text = json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    for (auto at = text.find('<'); at != std::string::npos; at = text.find('<', at)) text.replace(at, 1, "\\u003c");
    return text;
  }

  const Chart& chart_;
  double x_min_ = 0, x_max_ = 1, y_min_ = 0, y_max_ = 1;
};

}  // namespace

bool Chart::empty() const {
  return std::ranges::all_of(lines, [](const Line& line) { return line.points.empty(); });
}

std::string figure_of(const Chart& chart) {
  return Painter(chart).figure();
}

std::string escaped(const std::string& text) {
  std::string html;
  for (const char c : text) {
    switch (c) {
      case '&':
        html += "&amp;";
        break;
      case '<':
        html += "&lt;";
        break;
      case '>':
        html += "&gt;";
        break;
      case '"':
        html += "&quot;";
        break;
      case '\'':
        html += "&#39;";
        break;
      default:
        html += c;
    }
  }
  return html;
}

}  // namespace tombo::bench
