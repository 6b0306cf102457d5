#pragma once

#include "base/clock.hpp"

#include <array>
#include <cstdint>

namespace tombo {

/// A link that an object embeds to be found by a TimerWheel when its time has come.
/// Unlinks itself when it is destroyed.
class TimerNode {
 public:
  /// `kind` tells the owner of the wheel what a node belongs to when it fires.
  explicit TimerNode(std::uint8_t kind = 0) : kind_(kind) {}
  TimerNode(const TimerNode&) = delete;
  TimerNode& operator=(const TimerNode&) = delete;
  ~TimerNode() { unlink(); }

  bool armed() const { return next_ != nullptr; }
  std::uint8_t kind() const { return kind_; }
  MonoTime due() const { return due_; }
  void unlink() {
    if (next_ == nullptr) return;
    prev_->next_ = next_;
    next_->prev_ = prev_;
    prev_ = next_ = nullptr;
  }

 private:
  friend class TimerWheel;
  TimerNode* prev_ = nullptr;
  TimerNode* next_ = nullptr;
  MonoTime due_{};
  std::uint8_t kind_;
};

/// Deadlines of many objects, hashed by time: arming and firing cost O(1), a far deadline is looked at once per
/// revolution.  Deadlines are rounded up to the next tick, never down.
/// Lives on: one shard.
class TimerWheel {
 public:
  static constexpr Milliseconds kTick{100};
  static constexpr std::size_t kSlots = 1024;

  explicit TimerWheel(MonoTime now);
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;
  ~TimerWheel();

  /// Arms or moves a node.
  void arm(TimerNode& node, MonoTime due);

  /// Unlinks every node that is due and hands it to `fire`, which may arm, unlink or destroy any node.
  template <class Fire>
  void advance(MonoTime now, Fire&& fire) {
    const std::int64_t last = tick_of(now);
    // After a long sleep one revolution sees every node.
    if (last - done_ > static_cast<std::int64_t>(kSlots)) done_ = last - static_cast<std::int64_t>(kSlots);
    while (done_ < last) {
      ++done_;
      fire_slot(now, fire);
    }
  }

  /// When advance() should be called next; kNever while nothing is armed within one revolution and nothing beyond.
  MonoTime next_due() const;

 private:
  static std::int64_t tick_of(MonoTime time) { return time.time_since_epoch() / kTick; }
  static void link_before(TimerNode& head, TimerNode& node);
  TimerNode& slot(std::int64_t tick) { return slots_[static_cast<std::size_t>(tick) % kSlots]; }

  template <class Fire>
  void fire_slot(MonoTime now, Fire& fire);

  std::array<TimerNode, kSlots> slots_;
  std::int64_t done_;  // the last tick whose slot was looked at
};

template <class Fire>
void TimerWheel::fire_slot(MonoTime now, Fire& fire) {
  TimerNode& head = slot(done_);
  if (head.next_ == &head) return;
  // Move the slot's nodes aside first: `fire` may arm into this very slot.
  TimerNode pending;
  pending.next_ = head.next_;
  pending.prev_ = head.prev_;
  pending.next_->prev_ = &pending;
  pending.prev_->next_ = &pending;
  head.next_ = head.prev_ = &head;
  while (pending.next_ != &pending) {
    TimerNode& node = *pending.next_;
    node.unlink();
    if (node.due_ > now) {
      link_before(head, node);  // another revolution
    } else {
      fire(node);
    }
  }
  pending.next_ = pending.prev_ = nullptr;
}

}  // namespace tombo
