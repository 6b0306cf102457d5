#pragma once

#include "base/result.hpp"

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

namespace tombo::tomboctl {

/// Lines on their way to a file, which appears whole or not at all; "-" is stdout, where they appear at once.
class OutputFile {
 public:
  static Result<OutputFile, std::string> open(const std::string& path);
  OutputFile(OutputFile&&) = default;
  OutputFile& operator=(OutputFile&&) = delete;
  /// Without finish() nothing stays.
  ~OutputFile();

  /// False when it cannot be written; finish() tells why.
  bool write(std::string_view line);
  Result<void, std::string> finish();

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  OutputFile() = default;

  std::string path_;
  std::string unfinished_;  // its name until then; empty: stdout
  std::unique_ptr<std::FILE, Close> file_;
  int error_ = 0;
};

}  // namespace tombo::tomboctl
