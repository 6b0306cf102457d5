#include "config/draft.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <limits>

namespace tombo::config {

namespace {

struct Unit {
  std::string_view name;
  std::uint64_t bytes;
};
// The largest first: a size is printed in the largest unit that divides it.
constexpr std::array<Unit, 9> kUnits{{{"TiB", 1ULL << 40},
                                      {"GiB", 1ULL << 30},
                                      {"MiB", 1ULL << 20},
                                      {"KiB", 1ULL << 10},
                                      {"TB", 1'000'000'000'000},
                                      {"GB", 1'000'000'000},
                                      {"MB", 1'000'000},
                                      {"KB", 1'000},
                                      {"B", 1}}};

std::string size_text(std::uint64_t bytes) {
  for (const Unit& unit : kUnits) {
    const bool binary = unit.name.size() == 3;
    if (binary && bytes >= unit.bytes && bytes % unit.bytes == 0) {
      return fmt::format("\"{}{}\"", bytes / unit.bytes, unit.name);
    }
  }
  return fmt::format("{}", bytes);
}

/// A basic TOML string: quotes, backslashes and control characters are escaped.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7F) {
      out += fmt::format("\\u{:04X}", byte);
    } else {
      out += c;
    }
  }
  return out + '"';
}

}  // namespace

bool parse_size(std::string_view text, std::uint64_t& bytes) {
  std::uint64_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc{}) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  while (text.starts_with(' ')) text.remove_prefix(1);
  for (const Unit& unit : kUnits) {
    if (text != unit.name) continue;
    if (number > std::numeric_limits<std::uint64_t>::max() / unit.bytes) return false;
    bytes = number * unit.bytes;
    return true;
  }
  return false;
}

std::string to_toml(const Row& row, const Value& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* text = std::get_if<std::string>(&value)) return quoted(*text);
  if (const auto* number = std::get_if<std::uint64_t>(&value)) {
    if (!row.word.empty() && *number == row.word_value) return quoted(row.word);
    return row.type == Type::size ? size_text(*number) : fmt::format("{}", *number);
  }
  std::string out = "[";
  for (const std::string& entry : std::get<std::vector<std::string>>(value)) {
    out += (out.size() > 1 ? ", " : "") + quoted(entry);
  }
  return out + "]";
}

std::string bounds_of(const Row& row) {
  if (!row.choices.empty()) return fmt::format("one of {}", fmt::join(row.choices, ", "));
  if (row.type == Type::number) {
    const std::string word = row.word.empty() ? "" : fmt::format(" or \"{}\"", row.word);
    return fmt::format("between {} and {}{}", row.min, row.max, word);
  }
  if (row.type == Type::size) return fmt::format("between {} and {} bytes", row.min, row.max);
  return {};
}

}  // namespace tombo::config
