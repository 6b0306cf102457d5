#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace tombo {

/// A listening Unix socket under its path.  It appears there whole, with its mode, in place of one that a dead broker
/// left; one that somebody listens on is an error.  Goes with this object, unless another has taken the path.
/// Lives on: main.
class SocketFile {
 public:
  SocketFile() = default;
  ~SocketFile() { remove(); }
  SocketFile(SocketFile&& other) noexcept { *this = std::move(other); }
  SocketFile& operator=(SocketFile&& other) noexcept;

  /// What the operator asked for; `what` names it in errors: "control socket".
  struct Wish {
    std::string path;
    std::string what;
    unsigned mode = 0600;
    int backlog = 16;
    std::optional<std::uint32_t> user{};   // none: ours
    std::optional<std::uint32_t> group{};
  };
  static Result<SocketFile, std::string> create(const Wish& wish);

  int descriptor() const { return descriptor_; }

 private:
  void remove();

  std::string path_;
  int descriptor_ = -1;
  std::uint64_t device_ = 0;  // which file it is
  std::uint64_t inode_ = 0;
};

}  // namespace tombo
