#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <string>

namespace tombo::auth {

/// The whole of a regular file of at most `bytes_max` bytes; the error is "FILE: why not".
/// Blocks: main or a worker.
Result<std::string, std::string> read_file(const std::string& path, std::size_t bytes_max);

}  // namespace tombo::auth
