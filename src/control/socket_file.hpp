#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <utility>

namespace tombo::control {

/// A listening Unix socket under its path.  It appears there whole, with its mode, in place of one that a dead broker
/// left; one that somebody listens on is an error.  Goes with this object, unless another has taken the path.
/// Lives on: main.
class SocketFile {
 public:
  SocketFile() = default;
  ~SocketFile() { remove(); }
  SocketFile(SocketFile&& other) noexcept { *this = std::move(other); }
  SocketFile& operator=(SocketFile&& other) noexcept;

  static Result<SocketFile, std::string> create(const std::string& path, unsigned mode);

  int descriptor() const { return descriptor_; }

 private:
  void remove();

  std::string path_;
  int descriptor_ = -1;
  std::uint64_t device_ = 0;  // which file it is
  std::uint64_t inode_ = 0;
};

}  // namespace tombo::control
