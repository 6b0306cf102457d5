#include "bench/plan/problem.hpp"

#include <fmt/format.h>

namespace tombo::bench {

std::string to_text(const Problem& problem) {
  std::string place = problem.file;
  if (problem.line > 0) place += fmt::format(":{}", problem.line);
  if (problem.line > 0 && problem.column > 0) place += fmt::format(":{}", problem.column);
  return fmt::format("{}: {}", place, problem.text);
}

}  // namespace tombo::bench
