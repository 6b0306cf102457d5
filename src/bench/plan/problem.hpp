#pragma once

#include <string>
#include <vector>

namespace tombo::bench {

/// Something that is wrong in a file that a person wrote, and what to write instead.
struct Problem {
  std::string file;
  int line = 0;    // 0: the file as a whole
  int column = 0;  // 0: the whole line
  std::string text;
};

/// "file:line:column: text"
std::string to_text(const Problem& problem);

}  // namespace tombo::bench
