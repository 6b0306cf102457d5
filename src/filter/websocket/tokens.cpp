#include "filter/websocket/tokens.hpp"

#include <algorithm>

namespace tombo::filter {

namespace {
char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
}  // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::optional<std::string_view> Tokens::next() {
  while (!rest_.empty()) {
    const std::size_t comma = rest_.find(',');
    const std::string_view token = trimmed(rest_.substr(0, comma));
    rest_ = comma == std::string_view::npos ? std::string_view{} : rest_.substr(comma + 1);
    if (!token.empty()) return token;
  }
  return std::nullopt;
}

std::optional<std::string_view> Tokens::last() {
  while (!rest_.empty()) {
    const std::size_t comma = rest_.rfind(',');
    const std::string_view token = trimmed(comma == std::string_view::npos ? rest_ : rest_.substr(comma + 1));
    rest_ = comma == std::string_view::npos ? std::string_view{} : rest_.substr(0, comma);
    if (!token.empty()) return token;
  }
  return std::nullopt;
}

bool lists(std::string_view list, std::string_view word) {
  Tokens tokens(list);
  while (const auto token = tokens.next()) {
    if (equal_ignoring_case(*token, word)) return true;
  }
  return false;
}

}  // namespace tombo::filter
