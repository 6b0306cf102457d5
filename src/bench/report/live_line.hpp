#pragma once

#include "bench/report/report.hpp"

#include <cstdio>
#include <string>

namespace tombo::bench {

/// A line each second while a run goes on.  On a terminal the line rewrites itself; elsewhere (a file, a pipe, a CI
/// log) each second has a line of its own.
class LiveLine {
 public:
  /// `out` is usually stderr, so that a report on stdout stays clean; `terminal` is found out by is_terminal().
  LiveLine(std::FILE* out, bool terminal) : out_(out), terminal_(terminal) {}

  void show(const Second& second, const Report& so_far);
  /// Leaves the last line standing; the next output begins on a new one.
  void end();

  static bool is_terminal(std::FILE* out);
  /// The line without control characters.
  static std::string line_of(const Second& second, const Report& so_far);

 private:
  std::FILE* out_;
  bool terminal_;
  bool open_ = false;
};

}  // namespace tombo::bench
