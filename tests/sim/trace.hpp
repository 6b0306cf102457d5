#pragma once

#include "base/hash.hpp"

#include <cstdint>
#include <cstdio>
#include <deque>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace tombo::sim {

/// Everything that happened in one simulation, line by line: hashed whole, kept in part, printed if wanted.
class Trace {
 public:
  static constexpr std::size_t kKept = 60;

  explicit Trace(bool print) : print_(print) {}

  template <class... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) {
    add(fmt::format(format, std::forward<Args>(args)...));
  }
  void add(std::string text) {
    hash_ = hash_bytes(text, hash_);
    ++lines_;
    if (print_) std::printf("%s\n", text.c_str());
    last_.push_back(std::move(text));
    if (last_.size() > kKept) last_.pop_front();
  }
  std::uint64_t hash() const { return hash_; }
  std::uint64_t lines() const { return lines_; }
  const std::deque<std::string>& last() const { return last_; }

 private:
  std::uint64_t hash_ = 1;
  std::uint64_t lines_ = 0;
  std::deque<std::string> last_;
  bool print_;
};

}  // namespace tombo::sim
