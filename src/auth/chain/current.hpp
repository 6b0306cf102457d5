#pragma once

#include <atomic>
#include <memory>
#include <utility>

namespace tombo::auth {

/// A shared thing that is replaced while others read it.  (std::atomic<std::shared_ptr> of g++ 12 lets a load's unlock be
/// relaxed, which ARM may turn into a torn pointer.)  The flag is held for a pointer's copy only.
/// Lives on: any thread.
template <class T>
class Current {
 public:
  std::shared_ptr<const T> load() const {
    const Held held{held_};
    return pointer_;
  }
  /// Returns what it was.
  std::shared_ptr<const T> exchange(std::shared_ptr<const T> pointer) {
    const Held held{held_};
    return std::exchange(pointer_, std::move(pointer));
  }

 private:
  struct Held {
    explicit Held(std::atomic_flag& on) : flag(on) {
      while (flag.test_and_set(std::memory_order_acquire)) flag.wait(true, std::memory_order_relaxed);
    }
    ~Held() {
      flag.clear(std::memory_order_release);
      flag.notify_one();
    }
    std::atomic_flag& flag;
  };
  mutable std::atomic_flag held_;
  std::shared_ptr<const T> pointer_;
};

}  // namespace tombo::auth
