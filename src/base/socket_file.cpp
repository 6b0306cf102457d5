#include "base/socket_file.hpp"

#include <cerrno>
#include <cstring>
#include <utility>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <fmt/format.h>

namespace tombo {

namespace {

/// Until the socket has its mode and listens it has this name, so that nobody sees it half made.
constexpr const char* kUnfinished = ".new";
/// What chown() takes for "leave it".
constexpr std::uint32_t kAsItIs = 0xFFFFFFFF;

bool address_of(const std::string& path, sockaddr_un& address) {
  address = {};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return false;
  path.copy(address.sun_path, path.size());
  return true;
}

Failure<std::string> cannot_create(const SocketFile::Wish& wish, int error) {
  return Failure{fmt::format("cannot create the {} {}: {}", wish.what, wish.path, std::strerror(error))};
}

/// Why the path may not be taken; nothing if there is no file or a socket that nobody listens on.
std::string taken(const std::string& path, const std::string& what) {
  struct stat file {};
  if (::lstat(path.c_str(), &file) != 0) return {};
  if (!S_ISSOCK(file.st_mode)) return fmt::format("cannot create the {} {}: a file that is no socket is there", what, path);
  sockaddr_un address;
  address_of(path, address);
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (probe < 0) return {};
  const bool refused = ::connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 && errno == ECONNREFUSED;
  ::close(probe);
  return refused ? std::string{} : fmt::format("the {} {} is in use by another tombo", what, path);
}

}  // namespace

SocketFile& SocketFile::operator=(SocketFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(descriptor_, other.descriptor_);
  std::swap(device_, other.device_);
  std::swap(inode_, other.inode_);
  return *this;
}

Result<SocketFile, std::string> SocketFile::create(const Wish& wish) {
  const std::string& path = wish.path;
  const std::string unfinished = path + kUnfinished;
  sockaddr_un address;
  if (!address_of(unfinished, address)) return Failure{fmt::format("the path of the {} is too long: {}", wish.what, path)};
  if (std::string why_not = taken(path, wish.what); !why_not.empty()) return Failure{std::move(why_not)};

  SocketFile made;
  made.descriptor_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (made.descriptor_ < 0) return cannot_create(wish, errno);
  ::unlink(unfinished.c_str());
  if (::bind(made.descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return cannot_create(wish, errno);
  }
  struct stat file {};
  const bool good = ::chmod(unfinished.c_str(), wish.mode) == 0 &&
                    (!wish.user && !wish.group ? true : ::chown(unfinished.c_str(), wish.user.value_or(kAsItIs), wish.group.value_or(kAsItIs)) == 0) &&
                    ::listen(made.descriptor_, wish.backlog) == 0 &&
                    ::stat(unfinished.c_str(), &file) == 0 && ::rename(unfinished.c_str(), path.c_str()) == 0;
  if (!good) {
    const int error = errno;
    ::unlink(unfinished.c_str());
    return cannot_create(wish, error);
  }
  made.path_ = path;
  made.device_ = file.st_dev;
  made.inode_ = file.st_ino;
  return made;
}

void SocketFile::remove() {
  struct stat file {};
  if (!path_.empty() && ::lstat(path_.c_str(), &file) == 0 && file.st_dev == device_ && file.st_ino == inode_) {
    ::unlink(path_.c_str());
  }
  if (descriptor_ >= 0) ::close(descriptor_);
  path_.clear();
  descriptor_ = -1;
}

}  // namespace tombo
