#pragma once

#include <string>
#include <vector>

namespace tombo::config {

/// Something that is wrong with what the operator wrote, and what to write instead.
struct Problem {
  enum class Severity { error, warning };
  Severity severity = Severity::error;
  std::string file;  // empty: command line
  int line = 0;      // 0: the file as a whole
  int column = 0;
  std::string message;      // "unknown key 'prot' in [[listener]]; did you mean 'port'?"
  std::string source_line;  // the offending line, without line end
};

/// "file:line:column: error: message", the offending line and a caret below the column.
std::string to_text(const Problem& problem);

}  // namespace tombo::config
