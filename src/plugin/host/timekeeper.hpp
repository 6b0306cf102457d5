#pragma once

#include "base/clock.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace tombo::plugin {

/// Something that wants to be told when a time has come.
class Timed {
 public:
  virtual ~Timed() = default;
  /// Does what is due, never blocks; says when to come again.
  virtual MonoTime turn(MonoTime now) = 0;
};

/// One thread that watches the deadlines and timers of all plugins, so that a plugin that hangs holds up nobody's.
/// Lives on: want() and ring() any thread; add(), begin() and stop() the one that made it.
class Timekeeper {
 public:
  explicit Timekeeper(const Clock& clock) : clock_(clock) {}
  ~Timekeeper() { stop(); }

  /// Before begin().
  void add(Timed& timed) { all_.push_back(&timed); }
  void begin();
  void stop();
  /// Something is due at this time that was not known of before.
  void want(MonoTime due);
  /// Looks at the clock now.
  void ring();
  MonoTime now() const { return clock_.mono(); }

 private:
  void work();

  const Clock& clock_;
  std::vector<Timed*> all_;
  std::mutex mutex_;
  std::condition_variable rung_;
  std::atomic<std::int64_t> next_{0};  // when the thread will look by itself
  bool ringing_ = false;
  bool over_ = false;
  std::thread thread_;
};

}  // namespace tombo::plugin
