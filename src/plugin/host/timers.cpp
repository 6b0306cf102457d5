#include "plugin/host/timers.hpp"

#include "plugin/host/limits.hpp"

#include <algorithm>

namespace tombo::plugin {

std::optional<std::uint64_t> Timers::add(MonoTime due, Milliseconds period, Call call, void* arg) {
  const std::lock_guard lock{mutex_};
  if (timers_.size() >= kTimersMax) return {};
  timers_.emplace(++last_, Timer{due, period, call, arg});
  return last_;
}

bool Timers::remove(std::uint64_t timer) {
  const std::lock_guard lock{mutex_};
  return timers_.erase(timer) > 0;
}

std::vector<std::uint64_t> Timers::take_due(MonoTime now) {
  std::vector<std::uint64_t> due;
  const std::lock_guard lock{mutex_};
  for (auto& [id, timer] : timers_) {
    if (timer.due > now) continue;
    timer.due = timer.period > Milliseconds{0} ? now + timer.period : kNever;
    if (timer.waiting) continue;
    timer.waiting = true;
    due.push_back(id);
  }
  return due;
}

void Timers::fire(std::uint64_t id) {
  Timer timer{};
  {
    const std::lock_guard lock{mutex_};
    const auto found = timers_.find(id);
    if (found == timers_.end()) return;
    found->second.waiting = false;
    timer = found->second;
    if (timer.period == Milliseconds{0}) timers_.erase(found);
  }
  timer.call(timer.arg);
}

MonoTime Timers::next_due() const {
  const std::lock_guard lock{mutex_};
  MonoTime due = kNever;
  for (const auto& [id, timer] : timers_) due = std::min(due, timer.due);
  return due;
}

}  // namespace tombo::plugin
