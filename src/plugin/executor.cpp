#include "plugin/executor.hpp"

#include <memory>
#include <utility>

#include <pthread.h>

namespace tombo::plugin {

namespace {
constexpr std::size_t kThreadNameMax = 15;
}  // namespace

Executor::Executor(const std::string& name, Limits limits) : limits_(limits), thread_([this] { work(); }) {
  ::pthread_setname_np(thread_.native_handle(), name.substr(0, kThreadNameMax).c_str());
}

Executor::~Executor() { close(); }

bool Executor::run(Task task, std::size_t bytes) {
  const std::lock_guard lock{mutex_};
  if (closed_ || queue_.size() >= limits_.tasks_max || bytes > limits_.bytes_max - bytes_) return false;
  bytes_ += bytes;
  queue_.push_back({std::move(task), bytes, false});
  came_.notify_one();
  return true;
}

bool Executor::must_run(Task task) {
  const std::lock_guard lock{mutex_};
  if (closed_) return false;
  queue_.push_back({std::move(task), 0, true});
  came_.notify_one();
  return true;
}

std::future<void> Executor::call(Task task) {
  const auto done = std::make_shared<std::promise<void>>();  // the thread may still hold it when the caller goes on
  auto ended = done->get_future();
  const bool taken = must_run([task = std::move(task), done] {
    task();
    done->set_value();
  });
  if (!taken) done->set_value();
  return ended;
}

void Executor::drop_waiting() {
  std::deque<Waiting> dropped;  // destroyed without the lock: tasks may own things that come back to us
  const std::lock_guard lock{mutex_};
  std::deque<Waiting> kept;
  for (auto& waiting : queue_) (waiting.must ? kept : dropped).push_back(std::move(waiting));
  queue_ = std::move(kept);
  bytes_ = 0;
}

void Executor::close() {
  {
    const std::lock_guard lock{mutex_};
    closed_ = true;
    came_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

std::size_t Executor::waiting() const {
  const std::lock_guard lock{mutex_};
  return queue_.size();
}

void Executor::work() {
  std::unique_lock lock{mutex_};
  while (true) {
    came_.wait(lock, [this] { return closed_ || !queue_.empty(); });
    if (queue_.empty()) return;
    Waiting next = std::move(queue_.front());
    queue_.pop_front();
    bytes_ -= next.bytes;
    lock.unlock();
    next.task();
    next.task = nullptr;
    lock.lock();
  }
}

}  // namespace tombo::plugin
