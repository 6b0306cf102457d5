#include "tomboctl/human.hpp"

#include <array>
#include <cmath>

#include <fmt/format.h>

namespace tombo::tomboctl {

namespace {
bool continues(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }
}  // namespace

std::string human_count(double number) {
  static constexpr std::array<const char*, 4> kUnits{"k", "M", "G", "T"};
  if (number < 999.5) return number == std::floor(number) ? fmt::format("{:.0f}", number) : fmt::format("{:.1f}", number);
  std::size_t unit = 0;
  for (number /= 1000; number >= 999.5 && unit + 1 < kUnits.size(); number /= 1000) ++unit;
  return fmt::format("{:.1f}{}", number, kUnits[unit]);
}

std::string human_size(std::uint64_t bytes) {
  static constexpr std::array<const char*, 4> kUnits{"KiB", "MiB", "GiB", "TiB"};
  if (bytes < 1024) return fmt::format("{} B", bytes);
  auto number = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  for (; number >= 1023.5 && unit + 1 < kUnits.size(); number /= 1024) ++unit;
  return fmt::format("{:.1f} {}", number, kUnits[unit]);
}

std::string human_age(std::uint64_t seconds) {
  if (seconds < 60) return fmt::format("{}s", seconds);
  if (seconds < 3600) return fmt::format("{}m{:02}s", seconds / 60, seconds % 60);
  if (seconds < 86'400) return fmt::format("{}h{:02}m", seconds / 3600, seconds % 3600 / 60);
  return fmt::format("{}d{:02}h", seconds / 86'400, seconds % 86'400 / 3600);
}

std::size_t columns_of(std::string_view text) {
  std::size_t columns = 0;
  for (const char c : text) columns += continues(c) ? 0 : 1;
  return columns;
}

std::string printable(std::string_view text, std::size_t width) {
  std::string out;
  std::size_t columns = 0;
  for (std::size_t at = 0; at < text.size(); ++columns) {
    std::size_t end = at + 1;
    while (end < text.size() && continues(text[end])) ++end;
    if (columns + 1 == width && end < text.size()) return out + "…";
    const auto first = static_cast<unsigned char>(text[at]);
    // C1 controls are two bytes in UTF-8: 0xC2 0x80 to 0x9F.
    const bool is_c1 = first == 0xC2 && end - at == 2 && static_cast<unsigned char>(text[at + 1]) < 0xA0;
    if (first < 0x20 || first == 0x7F || is_c1) {
      out += '?';
    } else {
      out += text.substr(at, end - at);
    }
    at = end;
  }
  return out;
}

}  // namespace tombo::tomboctl
