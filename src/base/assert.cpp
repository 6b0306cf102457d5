#include "base/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace tombo {

void assertion_failed(const char* expression, const char* file, int line) noexcept {
  std::fprintf(stderr, "tombo: internal error: %s does not hold at %s:%d\n", expression, file, line);
  std::abort();
}

}  // namespace tombo
