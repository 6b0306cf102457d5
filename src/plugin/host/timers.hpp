#pragma once

#include "base/clock.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

namespace tombo::plugin {

/// The timers of one plugin.
/// Lives on: any thread; fire() the plugin's own.
class Timers {
 public:
  using Call = void (*)(void*);

  /// Nothing when there are too many.
  std::optional<std::uint64_t> add(MonoTime due, Milliseconds period, Call call, void* arg);
  bool remove(std::uint64_t timer);
  /// Those whose time has come and that are not waiting to be fired already; each must be given to fire() then.
  std::vector<std::uint64_t> take_due(MonoTime now);
  /// Calls it, if it was not removed meanwhile.
  void fire(std::uint64_t timer);
  MonoTime next_due() const;

 private:
  struct Timer {
    MonoTime due;
    Milliseconds period;
    Call call;
    void* arg;
    bool waiting = false;  // to be fired
  };
  mutable std::mutex mutex_;
  std::map<std::uint64_t, Timer> timers_;
  std::uint64_t last_ = 0;
};

}  // namespace tombo::plugin
