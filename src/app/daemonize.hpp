#pragma once

namespace tombo::app {

/// The background process of `tombo -d`.
///
/// detach() forks.  The parent waits until the child says ready() and exits with 0, or with the child's exit
/// code if it ends before: whoever starts the broker learns whether it runs.  Only the child returns from
/// detach(). Must be called before the first thread starts. Lives on: main.
class Daemon {
 public:
  Daemon() = default;
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  /// False when the system lets no process be made.
  [[nodiscard]] bool detach();
  /// Lets the parent go and the terminal with it: standard streams lead to /dev/null from here on.
  void ready();

 private:
  int ready_fd_ = -1;
};

}  // namespace tombo::app
