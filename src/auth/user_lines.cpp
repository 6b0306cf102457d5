#include "auth/user_lines.hpp"

#include "auth/password_file.hpp"

#include <cstddef>
#include <utility>

namespace tombo::auth {

namespace {

struct Edited {
  std::string text;
  bool found = false;
};

/// Puts `line` in the place of the user's first one and removes any other of his.
Edited replace(std::string_view text, std::string_view user, std::string_view line) {
  Edited edited;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view here = text.substr(0, end == std::string_view::npos ? text.size() : end + 1);
    text.remove_prefix(here.size());
    if (user_of_line(here.substr(0, here.find('\n'))) != user) {
      edited.text += here;
      continue;
    }
    if (!edited.found) edited.text += line;
    edited.found = true;
  }
  return edited;
}

}  // namespace

std::string with_user(std::string_view text, std::string_view user, std::string_view secret) {
  const std::string line = std::string{user} + ":" + std::string{secret} + "\n";
  Edited edited = replace(text, user, line);
  if (edited.found) return edited.text;
  if (!edited.text.empty() && !edited.text.ends_with('\n')) edited.text += '\n';
  return edited.text + line;
}

std::optional<std::string> without_user(std::string_view text, std::string_view user) {
  Edited edited = replace(text, user, {});
  if (!edited.found) return std::nullopt;
  return std::move(edited.text);
}

}  // namespace tombo::auth
