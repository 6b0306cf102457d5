#include "config/problem.hpp"

#include <fmt/format.h>

namespace tombo::config {

namespace {

/// Blanks up to a column; tabs stay, so that the caret stands right below.
std::string indent_of(const std::string& line, int column) {
  std::string indent;
  int at = 1;
  for (std::size_t i = 0; i < line.size() && at < column; ++i) {
    if ((static_cast<unsigned char>(line[i]) & 0xC0U) == 0x80U)
      continue;  // columns count characters, not bytes
    indent += line[i] == '\t' ? '\t' : ' ';
    ++at;
  }
  return indent;
}

}  // namespace

std::string to_text(const Problem& problem) {
  std::string place = problem.file.empty() ? std::string{"command line"} : problem.file;
  if (problem.line > 0) place += fmt::format(":{}:{}", problem.line, problem.column);
  std::string text =
      fmt::format("{}: {}: {}", place, problem.severity == Problem::Severity::error ? "error" : "warning",
                  problem.message);
  if (problem.line > 0 && !problem.source_line.empty()) {
    text += fmt::format("\n  {}\n  {}^", problem.source_line, indent_of(problem.source_line, problem.column));
  }
  return text;
}

}  // namespace tombo::config
