#include "app/privileges.hpp"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

namespace tombo::app {

namespace {
Failure<std::string> cannot(const std::string& what) { return Failure{fmt::format("cannot {}: {}", what, std::strerror(errno))}; }
}  // namespace

Result<void, std::string> Privileges::resolve(const std::string& wanted, bool or_nobody) {
  if (wanted.empty()) return {};
  std::string user = wanted;
  const passwd* found = ::getpwnam(user.c_str());
  if (or_nobody && ::geteuid() != 0) return {};
  if (found == nullptr && or_nobody) {
    note_ = fmt::format("there is no user {}: the broker becomes nobody instead", user);
    user = "nobody";
    found = ::getpwnam(user.c_str());
  }
  if (found == nullptr) return Failure{fmt::format("there is no user {}, which 'user' in [defence] names", user)};
  user_ = user;
  uid_ = found->pw_uid;
  gid_ = found->pw_gid;
  if (::geteuid() != 0) {
    if (::geteuid() != uid_) note_ = fmt::format("not started as root: the broker stays the user that it is and does not become {}", user);
    return {};
  }
  int count = 64;
  groups_.resize(static_cast<std::size_t>(count));
  if (::getgrouplist(user.c_str(), gid_, groups_.data(), &count) < 0) {
    groups_.resize(static_cast<std::size_t>(count));
    ::getgrouplist(user.c_str(), gid_, groups_.data(), &count);
  }
  groups_.resize(static_cast<std::size_t>(count));
  changes_ = uid_ != 0;
  return {};
}

Result<void, std::string> Privileges::give(const std::string& directory) const {
  if (!changes_) return {};
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) return {};  // who opens it says what is wrong
  // Not through a link: its directory may be in somebody else's hands.
  const int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (descriptor < 0) return cannot(fmt::format("open {}, which must be a directory and no link", directory));
  const bool given = ::fchown(descriptor, uid_, gid_) == 0;
  const auto why_not = cannot(fmt::format("give {} to {}", directory, user_));
  ::close(descriptor);
  if (!given) return why_not;
  return {};
}

Result<void, std::string> Privileges::give_file(const std::string& file) const {
  if (!changes_) return {};
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (descriptor < 0) return cannot(fmt::format("open {}", file));
  struct stat found {};
  const bool known = ::fstat(descriptor, &found) == 0;
  // Whoever may write to the directory could have put a name for another file there.
  const bool ours = known && S_ISREG(found.st_mode) && found.st_nlink == 1;
  const bool given = ours && ::fchown(descriptor, uid_, gid_) == 0;
  const auto why_not = cannot(fmt::format("give {} to {}", file, user_));
  ::close(descriptor);
  if (known && !S_ISREG(found.st_mode)) return {};  // a device or a pipe stays whose it is
  if (!ours) return Failure{fmt::format("cannot give {} to {}: it has several names", file, user_)};
  if (!given) return why_not;
  return {};
}

Result<void, std::string> Privileges::lower() const {
  if (!changes_) return {};
  if (::setgroups(groups_.size(), groups_.data()) != 0 || ::setegid(gid_) != 0 || ::seteuid(uid_) != 0) {
    return cannot(fmt::format("become user {}", user_));
  }
  return {};
}

Result<void, std::string> Privileges::raise() const {
  if (!changes_) return {};
  if (::seteuid(0) != 0 || ::setegid(0) != 0) return cannot("become root again");
  return {};
}

Result<void, std::string> Privileges::drop() const {
  if (!changes_) return {};
  if (::setgroups(groups_.size(), groups_.data()) != 0 || ::setresgid(gid_, gid_, gid_) != 0 ||
      ::setresuid(uid_, uid_, uid_) != 0) {
    return cannot(fmt::format("become user {}", user_));
  }
  // Trust nobody: root must be out of reach.
  if (::setuid(0) == 0) return Failure{fmt::format("user {} could become root again", user_)};
  return {};
}

}  // namespace tombo::app
