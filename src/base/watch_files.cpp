#include "base/watch_files.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

namespace tombo {

namespace {

namespace fs = std::filesystem;

/// Entries of a watched directory that are looked at, and links that are followed from one path.
constexpr std::size_t kEntriesMax = 10'000;
constexpr int kLinksMax = 40;
constexpr std::uint32_t kEvents = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB |
                                  IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

std::uint64_t nanoseconds(const timespec& time) {
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(time.tv_nsec);
}

bool add_stat(const std::string& path, std::vector<std::uint64_t>& to) {
  struct stat status = {};
  const bool there = ::stat(path.c_str(), &status) == 0;
  if (!there) status = {};
  to.insert(to.end(), {static_cast<std::uint64_t>(status.st_dev), static_cast<std::uint64_t>(status.st_ino),
                       static_cast<std::uint64_t>(status.st_size), nanoseconds(status.st_mtim), nanoseconds(status.st_ctim)});
  return there && S_ISDIR(status.st_mode);
}

/// Every directory in which a change may change what `path` leads to: those of the path itself, of each symbolic link on
/// its way, and of what that names.
void add_directories(const fs::path& path, int links, std::set<std::string>& to) {
  fs::path so_far;
  for (auto part = path.begin(); part != path.end(); ++part) {
    const fs::path directory = so_far.empty() ? fs::path(".") : so_far;
    so_far /= *part;
    std::error_code error;
    const bool link = fs::is_symlink(so_far, error);
    const bool last = std::next(part) == path.end();
    if (link || last || !fs::exists(so_far, error)) to.insert(directory.string());
    if (!link || links == 0) continue;
    fs::path target = fs::read_symlink(so_far, error);
    if (error) continue;
    if (target.is_relative()) target = directory / target;
    for (auto rest = std::next(part); rest != path.end(); ++rest) target /= *rest;
    add_directories(target, links - 1, to);
    return;
  }
}

}  // namespace

WatchFiles::WatchFiles(std::chrono::milliseconds settle)
    : settle_(settle),
      inotify_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)),
      timer_(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  for (const int descriptor : {inotify_, timer_}) {
    epoll_event event = {};
    event.events = EPOLLIN;
    if (good()) ::epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event);
  }
}

WatchFiles::~WatchFiles() {
  for (const int descriptor : {inotify_, timer_, epoll_}) {
    if (descriptor >= 0) ::close(descriptor);
  }
}

WatchFiles::State WatchFiles::state_of(const std::string& path) {
  State state;
  if (!add_stat(path, state)) return state;
  std::vector<std::string> names;
  std::error_code error;
  auto entry = fs::directory_iterator(path, error);
  for (; !error && entry != fs::directory_iterator() && names.size() < kEntriesMax; entry.increment(error)) {
    names.push_back(entry->path().string());
  }
  std::ranges::sort(names);
  for (const std::string& name : names) add_stat(name, state);
  return state;
}

bool WatchFiles::watch(const std::vector<std::string>& paths) {
  files_.clear();
  for (const std::string& path : paths) {
    if (!path.empty()) files_[path];
  }
  // First the events, then what there is: a change between the two is looked at once more.
  const bool all = watch_directories();
  for (auto& [path, state] : files_) state = state_of(path);
  return all;
}

bool WatchFiles::watch_directories() {
  if (!good()) return false;
  std::set<std::string> wanted;
  for (const auto& [path, state] : files_) {
    add_directories(path, kLinksMax, wanted);
    std::error_code error;
    if (fs::is_directory(path, error)) wanted.insert(path);
  }
  std::set<int> now;
  bool all = true;
  for (const std::string& directory : wanted) {
    const int number = ::inotify_add_watch(inotify_, directory.c_str(), kEvents);
    if (number >= 0) now.insert(number);
    // One that is not there has a parent that is watched, too.
    if (number < 0 && errno != ENOENT && errno != ENOTDIR) all = false;
  }
  for (const int old : directories_) {
    if (!now.contains(old)) ::inotify_rm_watch(inotify_, old);
  }
  directories_ = std::move(now);
  return all;
}

bool WatchFiles::drain(int descriptor) const {
  alignas(inotify_event) std::array<char, 16'384> bytes;
  bool any = false;
  while (::read(descriptor, bytes.data(), bytes.size()) > 0) any = true;
  return any;
}

void WatchFiles::arm() {
  itimerspec when = {};
  const auto ns = std::max<std::int64_t>(1, std::chrono::nanoseconds(settle_).count());
  when.it_value.tv_sec = static_cast<time_t>(ns / 1'000'000'000);
  when.it_value.tv_nsec = static_cast<long>(ns % 1'000'000'000);
  armed_ = ::timerfd_settime(timer_, 0, &when, nullptr) == 0;
}

bool WatchFiles::take() {
  if (!good()) return false;
  if (drain(inotify_) && !armed_) arm();
  if (!drain(timer_)) return false;
  armed_ = false;
  watch_directories();  // links may lead elsewhere now
  bool changed = false;
  for (auto& [path, state] : files_) {
    State now = state_of(path);
    if (now == state) continue;
    state = std::move(now);
    changed = true;
  }
  return changed;
}

}  // namespace tombo
