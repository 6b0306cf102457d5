#include "filter/tls/read_file.hpp"

#include "filter/tls/limits.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <string_view>
#include <system_error>

namespace tombo::filter {

namespace {

class Descriptor {
 public:
  explicit Descriptor(const std::string& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

std::string in_words(const std::string& path, int error) {
  return path + ": " + std::generic_category().message(error);
}

/// "0a1b2c3d.0", "0a1b2c3d.r0"
bool is_hash_name(std::string_view name) {
  if (name.size() < 10 || name[8] != '.') return false;
  const auto in = [](std::string_view set) { return [set](char c) { return set.find(c) != std::string_view::npos; }; };
  if (!std::ranges::all_of(name.substr(0, 8), in("0123456789abcdef"))) return false;
  std::string_view number = name.substr(9);
  if (number.starts_with('r')) number.remove_prefix(1);
  return !number.empty() && std::ranges::all_of(number, in("0123456789"));
}

bool is_meant(std::string_view name) {
  constexpr std::array<std::string_view, 4> kEnds = {".pem", ".crt", ".cer", ".crl"};
  return is_hash_name(name) || std::ranges::any_of(kEnds, [name](std::string_view end) { return name.ends_with(end); });
}

}  // namespace

Result<std::string, std::string> read_file(const std::string& path, std::size_t bytes_max) {
  const Descriptor file(path);
  if (file.get() < 0) return Failure{in_words(path, errno)};
  struct stat status = {};
  if (::fstat(file.get(), &status) != 0) return Failure{in_words(path, errno)};
  if (!S_ISREG(status.st_mode)) return Failure{path + ": not a file"};
  std::string text;
  std::array<char, 16'384> chunk;
  for (;;) {
    const ssize_t got = ::read(file.get(), chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Failure{in_words(path, errno)};
    if (got == 0) return text;
    text.append(chunk.data(), static_cast<std::size_t>(got));
    if (text.size() > bytes_max) return Failure{path + ": longer than " + std::to_string(bytes_max) + " bytes"};
  }
}

Result<std::vector<std::string>, std::string> certificate_files(const std::string& directory) {
  std::error_code error;
  std::vector<std::string> found;
  auto entry = std::filesystem::directory_iterator(directory, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    if (is_meant(entry->path().filename().string())) found.push_back(entry->path().string());
    if (found.size() > kDirectoryFilesMax) {
      return Failure{directory + ": more than " + std::to_string(kDirectoryFilesMax) + " files"};
    }
  }
  if (error) return Failure{directory + ": " + error.message()};
  if (found.empty()) return Failure{directory + ": no files named by hash, and none that end in .pem, .crt, .cer or .crl"};
  std::ranges::sort(found);
  return found;
}

std::size_t line_at(const std::string& text, std::size_t offset) {
  const auto end = text.begin() + static_cast<std::ptrdiff_t>(std::min(offset, text.size()));
  return 1 + static_cast<std::size_t>(std::count(text.begin(), end, '\n'));
}

}  // namespace tombo::filter
