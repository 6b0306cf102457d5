#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace tombo::store {

/// A directory that goes away with the test.
class TempDir {
 public:
  TempDir() {
    std::string name = "/tmp/tombo_store_XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace tombo::store
