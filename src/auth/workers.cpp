#include "auth/workers.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace tombo::auth {

//  shards ──run()──▶ [ mutex: waiting ] ──▶ threads, one task each; the mutex is never held while a task runs or dies.
struct Workers::Impl {
  std::mutex mutex;
  std::condition_variable wake;
  std::deque<std::function<void()>> waiting;
  std::size_t waiting_max = 0;
  bool stopped = false;
  std::vector<std::thread> threads;

  void work() {
    std::unique_lock lock{mutex};
    while (true) {
      wake.wait(lock, [this] { return stopped || !waiting.empty(); });
      if (stopped) return;
      auto task = std::move(waiting.front());
      waiting.pop_front();
      lock.unlock();
      task();
      task = nullptr;  // before the lock: it may hold the last reference to a lot
      lock.lock();
    }
  }
};

Workers::Workers(unsigned threads, std::size_t waiting_max) : impl_(std::make_unique<Impl>()) {
  impl_->waiting_max = waiting_max;
  for (unsigned i = 0; i < std::max(threads, 1U); ++i) {
    impl_->threads.emplace_back([impl = impl_.get()] { impl->work(); });
  }
}

Workers::~Workers() { stop(); }

bool Workers::run(std::function<void()> task) {
  {
    const std::lock_guard lock{impl_->mutex};
    if (impl_->stopped || impl_->waiting.size() >= impl_->waiting_max) return false;
    impl_->waiting.push_back(std::move(task));
  }
  impl_->wake.notify_one();
  return true;
}

void Workers::set_waiting_max(std::size_t waiting_max) {
  const std::lock_guard lock{impl_->mutex};
  impl_->waiting_max = waiting_max;
}

void Workers::stop() {
  std::deque<std::function<void()>> dropped;
  {
    const std::lock_guard lock{impl_->mutex};
    impl_->stopped = true;
    dropped.swap(impl_->waiting);
  }
  impl_->wake.notify_all();
  for (auto& thread : impl_->threads) thread.join();
  impl_->threads.clear();
}

}  // namespace tombo::auth
