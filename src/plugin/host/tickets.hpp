#pragma once

#include "base/clock.hpp"
#include "plugin/host/decision.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

namespace tombo::plugin {

/// The questions that a plugin has not answered yet, each under a number that is never used again.
/// Lives on: any thread.  An answer is handed on without the lock, by the thread that brings it.
class Tickets {
 public:
  using Done = std::function<void(Decision)>;

  explicit Tickets(std::size_t max) : max_(max) {}

  /// Nothing where too many are open, or after close().  With `held`, an answer is kept until settle() and has no deadline.
  std::optional<std::uint64_t> open(MonoTime deadline, bool held, Done done);
  /// For a held ticket, when the call that asked has returned: the answer that there is (`at_once`, unless one was given before),
  /// or nothing: whoever answers later is heard.
  std::optional<Decision> settle(std::uint64_t ticket, std::optional<Decision> at_once);
  /// False: there is no such ticket, or it is answered already.
  bool complete(std::uint64_t ticket, Decision decision);
  /// Takes a ticket back: its answer will come otherwise.  False: it was answered.
  bool forget(std::uint64_t ticket);
  bool is_open(std::uint64_t ticket) const;

  /// Refuses those whose deadline has passed; says how many.  They are counted in expired() before they hear of it.
  std::size_t expire(MonoTime now);
  /// The deadline of the oldest one, before which none is missed.
  MonoTime next_due() const;
  /// Refuses all, and those to come.
  void close();
  std::size_t size() const;
  std::uint64_t expired() const { return expired_; }

 private:
  struct Entry {
    MonoTime deadline;
    bool held;
    std::optional<Decision> early;
    Done done;
  };
  std::vector<Done> take_expired(MonoTime now);

  const std::size_t max_;
  mutable std::mutex mutex_;
  std::map<std::uint64_t, Entry> open_;  // by age, so nearly by deadline, too
  std::uint64_t last_ = 0;
  bool closed_ = false;
  std::atomic<std::uint64_t> expired_{0};
};

}  // namespace tombo::plugin
