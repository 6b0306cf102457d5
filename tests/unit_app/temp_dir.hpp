#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace tombo::app {

/// A directory that goes away with the test.
class TempDir {
 public:
  TempDir() {
    std::string name = "/tmp/tombo_app_XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir() { std::filesystem::remove_all(path_); }

  std::string file(const std::string& name) const { return path_ + "/" + name; }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream{file(name)} << text;
    return file(name);
  }
  std::string read(const std::string& name) const {
    std::ifstream in{file(name)};
    return {std::istreambuf_iterator<char>{in}, {}};
  }

 private:
  std::string path_;
};

}  // namespace tombo::app
