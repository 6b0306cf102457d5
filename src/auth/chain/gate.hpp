#pragma once

#include <atomic>
#include <cstdint>

namespace tombo::auth {

/// Through it go all answers that come late.  Once it is closed none does any more, and none is on its way: who waits for
/// them may be destroyed.
/// Lives on: pass() any thread, close() one that is not inside pass().
class Gate {
 public:
  /// Runs `answer` unless the gate is closed.
  template <class Answer>
  void pass(Answer answer) {
    inside_.fetch_add(1);
    if (!closed_.load()) answer();
    if (inside_.fetch_sub(1) == 1) inside_.notify_all();
  }
  void close() {
    closed_.store(true);
    for (std::uint32_t inside = inside_.load(); inside != 0; inside = inside_.load()) inside_.wait(inside);
  }

 private:
  std::atomic<std::uint32_t> inside_{0};
  std::atomic<bool> closed_{false};
};

}  // namespace tombo::auth
