#include "config/read_file.hpp"

#include <fmt/format.h>

#include <sys/stat.h>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace tombo::config {

namespace {

constexpr std::size_t kFileBytesMax = 1024 * 1024;  // a longer one is not what the operator meant

}  // namespace

bool read_file(const std::string& path, std::string& text, std::string& why_not) {
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) {
    why_not = "this is a directory; name a file in it";
    return false;
  }
  const auto close = [](std::FILE* open_file) { return std::fclose(open_file); };
  const std::unique_ptr<std::FILE, decltype(close)> file{std::fopen(path.c_str(), "re"), close};
  if (!file) {
    why_not = fmt::format("cannot read this file: {}", std::strerror(errno));
    return false;
  }
  std::array<char, 16 * 1024> buffer;
  while (const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), file.get())) {
    text.append(buffer.data(), got);
    if (text.size() <= kFileBytesMax) continue;
    why_not = fmt::format("this file is longer than {} bytes and so no configuration", kFileBytesMax);
    return false;
  }
  if (std::ferror(file.get()) == 0) return true;
  why_not = fmt::format("cannot read this file: {}", std::strerror(errno));
  return false;
}

}  // namespace tombo::config
