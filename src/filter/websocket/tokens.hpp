#pragma once

#include <optional>
#include <string_view>

namespace tombo::filter {

/// ASCII only, as HTTP means it.
bool equal_ignoring_case(std::string_view a, std::string_view b);
/// Without spaces and tabs around.
std::string_view trimmed(std::string_view text);

/// The elements of a comma-separated list, one after the other; empty ones are left out, as HTTP wants.
class Tokens {
 public:
  explicit Tokens(std::string_view list) : rest_(list) {}
  std::optional<std::string_view> next();
  /// From the end.
  std::optional<std::string_view> last();

 private:
  std::string_view rest_;
};

/// Whether the list has the word, in whatever case.
bool lists(std::string_view list, std::string_view word);

}  // namespace tombo::filter
