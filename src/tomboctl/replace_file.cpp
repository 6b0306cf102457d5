#include "tomboctl/replace_file.hpp"

#include <fmt/core.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace tombo::tomboctl {

namespace {

struct Descriptor {
  int number;
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
};

/// What symbolic links lead to; the path itself where there is nothing yet.
std::string target_of(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real{::realpath(path.c_str(), nullptr), std::free};
  return real ? std::string{real.get()} : path;
}

bool write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

/// Owner first: it takes set-id bits away, and a mode given before would hold for the wrong one.
bool look_like(const std::string& old, int file) {
  struct stat info {};
  if (::stat(old.c_str(), &info) != 0) return errno == ENOENT;
  const bool ours = info.st_uid == ::geteuid() && info.st_gid == ::getegid();
  if (!ours && ::fchown(file, info.st_uid, info.st_gid) != 0) return false;
  return ::fchmod(file, info.st_mode & 0640U) == 0;
}

/// The name is as durable as the content.
bool sync_directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
  const Descriptor opened{::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  return opened.number >= 0 && ::fsync(opened.number) == 0;
}

}  // namespace

Result<void, std::string> replace_file(const std::string& path, std::string_view text) {
  const std::string target = target_of(path);
  const auto cannot = [&path] { return Failure{fmt::format("{}: cannot write this file: {}", path, std::strerror(errno))}; };
  std::string unfinished = target + ".XXXXXX";
  const Descriptor file{::mkostemp(unfinished.data(), O_CLOEXEC)};  // 0600
  if (file.number < 0) return cannot();
  const bool whole = look_like(target, file.number) && write_all(file.number, text) && ::fsync(file.number) == 0 &&
                     ::rename(unfinished.c_str(), target.c_str()) == 0;
  if (!whole) {
    const auto failure = cannot();
    ::unlink(unfinished.c_str());
    return failure;
  }
  if (!sync_directory_of(target)) return cannot();
  return {};
}

}  // namespace tombo::tomboctl
