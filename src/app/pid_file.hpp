#pragma once

#include <string>

namespace tombo::app {

/// A file with our process id, there as long as this object.  Locked, so that a second broker with the same
/// file notices the first and a file that was left behind does not matter. Lives on: main.
class PidFile {
 public:
  PidFile() = default;
  ~PidFile();
  PidFile(const PidFile&) = delete;
  PidFile& operator=(const PidFile&) = delete;

  /// Says why it cannot be written; empty when it was.
  [[nodiscard]] std::string write(const std::string& path);

 private:
  std::string path_;
  int fd_ = -1;
};

}  // namespace tombo::app
