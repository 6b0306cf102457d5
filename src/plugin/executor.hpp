#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <future>
#include <mutex>
#include <string>
#include <thread>

namespace tombo::plugin {

/// One thread that runs tasks one after the other, in the order in which they came, for code that was written for one thread.
/// Tasks do not throw.
/// Its queue is bounded in tasks and in the bytes that they hold.
/// Lives on: run(), must_run() and waiting() any thread; the others the one that made it.
class Executor {
 public:
  struct Limits {
    std::size_t tasks_max = 10'000;
    std::size_t bytes_max = 64 * 1024 * 1024;
  };
  using Task = std::function<void()>;

  /// `name` is the thread's, of which the system keeps 15 characters.
  Executor(const std::string& name, Limits limits);
  /// As close().
  ~Executor();

  /// False when the queue is full or closed: the task will not run.  `bytes`: what it holds.
  bool run(Task task, std::size_t bytes = 0);
  /// Beyond the limits, for what is bounded elsewhere and must not be lost.  False only once it is closed.
  bool must_run(Task task);
  /// Runs a task behind those that wait, whatever the limits; tells when it has ended, or that it will not run.
  std::future<void> call(Task task);
  /// Takes away what waits by run(); what waits by must_run() stays.
  void drop_waiting();
  /// Takes no more, runs what waits, ends the thread.
  void close();

  std::size_t waiting() const;
  bool is_this_thread() const { return std::this_thread::get_id() == thread_.get_id(); }

 private:
  struct Waiting {
    Task task;
    std::size_t bytes;
    bool must;
  };
  void work();

  const Limits limits_;
  mutable std::mutex mutex_;
  std::condition_variable came_;
  std::deque<Waiting> queue_;
  std::size_t bytes_ = 0;  // of what waits
  bool closed_ = false;
  std::thread thread_;
};

}  // namespace tombo::plugin
