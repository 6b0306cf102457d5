#include "store/threads.hpp"

#include <algorithm>

#include <pthread.h>

namespace tombo::store {

namespace {
constexpr Milliseconds kLongest{3'600'000};
}  // namespace

void StoreThreads::Bell::ring(bool for_ever) {
  const std::lock_guard lock{mutex_};
  ringing_ = true;
  over_ = over_ || for_ever;
  rung_.notify_one();
}

bool StoreThreads::Bell::wait(Milliseconds longest) {
  std::unique_lock lock{mutex_};
  rung_.wait_for(lock, longest, [this] { return ringing_; });
  ringing_ = false;
  return !over_;
}

StoreThreads::StoreThreads(Store& store, const Clock& clock) : store_(store), clock_(clock) {
  store_.gather_under_load();
  store_.set_wake([this] { writer_.ring(); }, [this] { reader_.ring(); });
  commits_ = std::thread([this] { commit(); });
  reads_ = std::thread([this] { read(); });
  ::pthread_setname_np(commits_.native_handle(), "tombo-commit");
  ::pthread_setname_np(reads_.native_handle(), "tombo-read");
}

StoreThreads::~StoreThreads() {
  writer_.ring(true);
  reader_.ring(true);
  commits_.join();
  reads_.join();
  store_.set_wake(nullptr, nullptr);
}

void StoreThreads::commit() {
  for (Milliseconds pause{0}; writer_.wait(pause);) {
    bool committed = false;
    while (store_.step(clock_.mono())) committed = true;
    if (committed) reader_.ring();  // what it was asked to read may be there now
    const MonoTime due = store_.next_due();
    pause = due == kNever ? kLongest : std::clamp(due - clock_.mono(), Milliseconds{1}, kLongest);
  }
}

void StoreThreads::read() {
  for (Milliseconds pause{0}; reader_.wait(pause);) {
    // A sweep leaves changes for the committer.
    while (store_.read_step()) writer_.ring();
    pause = kLongest;
  }
}

}  // namespace tombo::store
