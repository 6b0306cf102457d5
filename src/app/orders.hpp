#pragma once

#include <functional>
#include <mutex>
#include <vector>

namespace tombo::app {

/// Work that other threads have for main, which is woken by it.
/// Lives on: any thread; run() and descriptor() are main's.
class Orders {
 public:
  Orders();
  ~Orders();
  Orders(const Orders&) = delete;
  Orders& operator=(const Orders&) = delete;

  void post(std::function<void()> order);
  /// Does what has come.
  void run();
  /// Readable when something has come.
  int descriptor() const { return descriptor_; }

 private:
  std::mutex mutex_;
  std::vector<std::function<void()>> waiting_;
  int descriptor_;
};

}  // namespace tombo::app
