#pragma once

#include <cstdint>

namespace tombo::net {

/// Bytes of memory that this process may use: the machine's, or its cgroup's limit if that is lower.
std::uint64_t memory_size();

}  // namespace tombo::net
