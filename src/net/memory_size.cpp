#include "net/memory_size.hpp"

#include <algorithm>
#include <fstream>
#include <string>

#include <unistd.h>

namespace tombo::net {

std::uint64_t memory_size() {
  std::uint64_t size = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(::sysconf(_SC_PAGE_SIZE));
  for (const char* path : {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    std::ifstream file(path);
    std::uint64_t limit = 0;
    if (file >> limit && limit != 0) size = std::min(size, limit);  // "max" does not parse as a number
  }
  return size;
}

}  // namespace tombo::net
