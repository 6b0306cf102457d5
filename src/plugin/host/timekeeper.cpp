#include "plugin/host/timekeeper.hpp"

#include <algorithm>

#include <pthread.h>

namespace tombo::plugin {

namespace {
constexpr Milliseconds kLongest{3'600'000};

std::int64_t count(MonoTime time) { return time.time_since_epoch().count(); }
}  // namespace

void Timekeeper::begin() {
  thread_ = std::thread([this] { work(); });
  ::pthread_setname_np(thread_.native_handle(), "tombo-plug-time");
}

void Timekeeper::stop() {
  {
    const std::lock_guard lock{mutex_};
    over_ = ringing_ = true;
    rung_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void Timekeeper::want(MonoTime due) {
  // Most deadlines come later than one that is known already, and need no lock.
  if (count(due) < next_.load()) ring();
}

void Timekeeper::ring() {
  const std::lock_guard lock{mutex_};
  ringing_ = true;
  rung_.notify_one();
}

void Timekeeper::work() {
  std::unique_lock lock{mutex_};
  while (!over_) {
    ringing_ = false;
    // Whoever wants something while we look rings, so nothing falls between looking and sleeping.
    next_.store(count(kNever));
    lock.unlock();
    const MonoTime now = clock_.mono();
    MonoTime due = now + kLongest;
    for (Timed* timed : all_) due = std::min(due, timed->turn(now));
    lock.lock();
    next_.store(count(due));
    rung_.wait_for(lock, std::clamp(due - now, Milliseconds{1}, kLongest), [this] { return ringing_; });
  }
}

}  // namespace tombo::plugin
