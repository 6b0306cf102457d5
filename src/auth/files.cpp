#include "auth/files.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>

namespace tombo::auth {

namespace {

struct Descriptor {
  int number = -1;
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
};

}  // namespace

Result<std::string, std::string> read_file(const std::string& path, std::size_t bytes_max) {
  const auto cannot = [&path](int error) {
    return Failure{fmt::format("{}: cannot read this file: {}", path, std::strerror(error))};
  };
  // A FIFO would keep us waiting for a writer.
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  struct stat info {};
  if (file.number < 0 || ::fstat(file.number, &info) != 0) return cannot(errno);
  if (!S_ISREG(info.st_mode)) return Failure{fmt::format("{}: this is no regular file", path)};
  const auto too_long = [&] { return Failure{fmt::format("{}: this file is longer than {} bytes", path, bytes_max)}; };
  if (static_cast<std::size_t>(info.st_size) > bytes_max) return too_long();
  std::string text(static_cast<std::size_t>(info.st_size) + 1, '\0');  // one more tells whether it grows meanwhile
  std::size_t filled = 0;
  while (true) {
    if (filled == text.size()) text.resize(text.size() * 2);
    const ssize_t got = ::read(file.number, text.data() + filled, text.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return cannot(errno);
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
    if (filled > bytes_max) return too_long();
  }
  text.resize(filled);
  return text;
}

}  // namespace tombo::auth
