#pragma once

#include "base/result.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace tombo::filter {

/// A file that the secrets of TLS connections are written to, in the form that NSS began and Wireshark reads.  Whoever has it
/// can read recordings of the traffic.
/// Lives on: any thread.
class KeyLog {
 public:
  static constexpr std::size_t kLineBytesMax = 1024;

  /// Opens the file once, with mode 0600; lines are added to what it holds.  Not through a link, and only a regular file of
  /// our own.  The error is for the operator.
  static Result<std::shared_ptr<const KeyLog>, std::string> open(const std::string& path);
  ~KeyLog();
  KeyLog(const KeyLog&) = delete;
  KeyLog& operator=(const KeyLog&) = delete;

  /// One line, without its end.  What the disk refuses is lost: no connection waits for it.
  void write(std::string_view line) const;

 private:
  explicit KeyLog(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace tombo::filter
