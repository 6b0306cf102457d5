#include "bench/plan/values.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

namespace tombo::bench {

namespace {

template <class Number>
std::optional<Number> all_of_it(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<std::uint64_t> whole_number(std::string_view text) {
  return all_of_it<std::uint64_t>(text);
}

std::optional<double> real_number(std::string_view text) {
  const auto value = all_of_it<double>(text);
  return value && std::isfinite(*value) ? value : std::nullopt;
}

std::optional<double> seconds_of(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, double>, 5> kUnits{
      {{"us", 1e-6}, {"ms", 1e-3}, {"s", 1}, {"m", 60}, {"h", 3600}}};
  for (const auto& [unit, seconds] : kUnits) {
    if (!text.ends_with(unit)) continue;
    const auto value = real_number(text.substr(0, text.size() - unit.size()));
    return value ? std::optional{*value * seconds} : std::nullopt;
  }
  return real_number(text);
}

std::optional<std::uint64_t> bytes_of_text(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, unsigned>, 3> kUnits{{{"KiB", 10}, {"MiB", 20}, {"GiB", 30}}};
  for (const auto& [unit, shift] : kUnits) {
    if (!text.ends_with(unit)) continue;
    const auto value = whole_number(text.substr(0, text.size() - unit.size()));
    if (!value || *value > (std::numeric_limits<std::uint64_t>::max() >> shift)) return std::nullopt;
    return *value << shift;
  }
  return whole_number(text);
}

std::optional<bool> flag_of(std::string_view text) {
  for (const std::string_view yes : {"", "true", "yes", "on", "1"}) {
    if (text == yes) return true;
  }
  for (const std::string_view no : {"false", "no", "off", "0"}) {
    if (text == no) return false;
  }
  return std::nullopt;
}

}  // namespace tombo::bench
