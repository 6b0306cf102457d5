#include "app/limits.hpp"

#include <sys/resource.h>

namespace tombo::app {

std::uint64_t raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  const rlimit raised{limit.rlim_max, limit.rlim_max};
  if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) return raised.rlim_cur;
  return limit.rlim_cur;
}

std::uint64_t descriptors_needed(std::uint32_t connections_max) {
  constexpr std::uint64_t kOwn = 256;  // listeners, event loops, logs
  return std::uint64_t{connections_max} + kOwn;
}

}  // namespace tombo::app
