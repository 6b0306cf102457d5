#include "base/timer_wheel.hpp"

namespace tombo {

TimerWheel::TimerWheel(MonoTime now) : done_(tick_of(now)) {
  for (auto& head : slots_) head.next_ = head.prev_ = &head;
}

TimerWheel::~TimerWheel() {
  for (auto& head : slots_) {
    while (head.next_ != &head) head.next_->unlink();
    head.next_ = head.prev_ = nullptr;
  }
}

void TimerWheel::link_before(TimerNode& head, TimerNode& node) {
  node.prev_ = head.prev_;
  node.next_ = &head;
  head.prev_->next_ = &node;
  head.prev_ = &node;
}

void TimerWheel::arm(TimerNode& node, MonoTime due) {
  node.unlink();
  node.due_ = due;
  // A slot is looked at when its tick has begun, so a deadline inside a tick belongs to the next one.
  std::int64_t tick = due == kNever ? done_ + static_cast<std::int64_t>(kSlots) - 1
                                    : (due.time_since_epoch() + kTick - Milliseconds{1}) / kTick;
  if (tick <= done_) tick = done_ + 1;
  link_before(slot(tick), node);
}

MonoTime TimerWheel::next_due() const {
  for (std::int64_t ahead = 1; ahead <= static_cast<std::int64_t>(kSlots); ++ahead) {
    const auto& head = slots_[static_cast<std::size_t>(done_ + ahead) % kSlots];
    if (head.next_ != &head) return MonoTime{(done_ + ahead) * kTick};
  }
  return kNever;
}

}  // namespace tombo
