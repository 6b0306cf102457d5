#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace tombo {

/// Tells when files or directories have changed: were written, replaced by another of the same name, made or removed,
/// also where a symbolic link leads elsewhere than before.  Changes that follow the first within `settle` are one.
///
/// descriptor() becomes readable when it is time to call take().
/// Lives on: one thread at a time.
class WatchFiles {
 public:
  explicit WatchFiles(std::chrono::milliseconds settle = std::chrono::milliseconds(200));
  WatchFiles(const WatchFiles&) = delete;
  WatchFiles& operator=(const WatchFiles&) = delete;
  ~WatchFiles();

  /// False where the kernel gives no inotify: nothing will ever be told.
  bool good() const { return inotify_ >= 0 && timer_ >= 0 && epoll_ >= 0; }
  /// What is watched from now on, instead of what was.  Need not exist.  Of a directory its files count, too.
  /// False where the kernel refuses to watch a directory (rights, fs.inotify.max_user_watches): not all will be told.
  bool watch(const std::vector<std::string>& paths);
  /// To poll for reading.
  int descriptor() const { return epoll_; }
  /// Whether something has changed since watch() or since it said so before.  Never waits.
  bool take();

 private:
  /// What stat() says of a file, and of what stands in a directory; all zero where there is nothing.
  using State = std::vector<std::uint64_t>;
  static State state_of(const std::string& path);
  bool watch_directories();
  void arm();
  bool drain(int descriptor) const;

  const std::chrono::milliseconds settle_;
  int inotify_;
  int timer_;
  int epoll_;
  bool armed_ = false;
  std::map<std::string, State> files_;
  std::set<int> directories_;  // as inotify numbers them
};

}  // namespace tombo
