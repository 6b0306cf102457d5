#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace tombo::auth {

/// Threads for what must not keep a shard waiting: hashing passwords, asking other servers.
/// Lives on: run() any thread; the rest main.
class Workers {
 public:
  /// `waiting_max`: tasks that may wait.
  Workers(unsigned threads, std::size_t waiting_max);
  /// As stop().
  ~Workers();

  /// False when too many wait, or after stop(): the task is not run.
  bool run(std::function<void()> task);
  void set_waiting_max(std::size_t waiting_max);
  /// Finishes the tasks that run, drops those that wait.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tombo::auth
