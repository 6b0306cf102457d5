#include "filter/key_log.hpp"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

namespace tombo::filter {

Result<std::shared_ptr<const KeyLog>, std::string> KeyLog::open(const std::string& path) {
  const auto cannot = [&path](std::string_view why) { return Failure{fmt::format("cannot write TLS secrets to {}: {}", path, why)}; };
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
  if (descriptor < 0) return cannot(std::strerror(errno));
  std::shared_ptr<const KeyLog> made(new KeyLog(descriptor));
  struct stat found {};
  if (::fstat(descriptor, &found) != 0) return cannot(std::strerror(errno));
  if (!S_ISREG(found.st_mode)) return cannot("it is no regular file");
  if (found.st_uid != ::geteuid()) return cannot("it belongs to another user");
  if ((found.st_mode & 0777) != 0600 && ::fchmod(descriptor, 0600) != 0) return cannot(std::strerror(errno));
  return made;
}

KeyLog::~KeyLog() { ::close(descriptor_); }

void KeyLog::write(std::string_view line) const {
  if (line.size() > kLineBytesMax) return;
  std::string whole{line};
  whole += '\n';
  // One write with O_APPEND: lines of several threads stay whole.
  while (::write(descriptor_, whole.data(), whole.size()) < 0 && errno == EINTR) {
  }
}

}  // namespace tombo::filter
