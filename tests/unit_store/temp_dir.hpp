#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace tombo::store {

/// A directory that goes away with the test: in memory where there is such a place, because these tests sync thousands
/// of times, and no power is cut.
class TempDir {
 public:
  TempDir() {
    std::string name = "/dev/shm/tombo_store_XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) {
      name = "/tmp/tombo_store_XXXXXX";
      if (::mkdtemp(name.data()) == nullptr) std::abort();
    }
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
