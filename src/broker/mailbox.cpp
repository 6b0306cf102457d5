#include "broker/mailbox.hpp"

#include <iterator>
#include <utility>

namespace tombo::broker {

bool Mailbox::wake_if_asleep() {
  // seq_cst pairs with fall_asleep(): either the receiver sees the letter or we see that it sleeps.
  if (!asleep_.load(std::memory_order_seq_cst) || !asleep_.exchange(false, std::memory_order_seq_cst)) return false;
  if (wake_) wake_();
  return true;
}

bool Mailbox::post(std::vector<Letter>& letters, std::size_t bytes) {
  {
    const std::lock_guard lock(mutex_);
    if (letters_.empty()) {
      letters_.swap(letters);
    } else {
      letters_.insert(letters_.end(), std::make_move_iterator(letters.begin()), std::make_move_iterator(letters.end()));
    }
    const std::size_t total = bytes_.load(std::memory_order_relaxed) + bytes;
    bytes_.store(total, std::memory_order_relaxed);
    if (full()) overflowed_.store(true, std::memory_order_relaxed);
  }
  letters.clear();
  return wake_if_asleep();
}

bool Mailbox::post_call(std::function<void(Shard&)> call) {
  std::vector<Letter> letters;
  letters.emplace_back(CallLetter{std::make_unique<std::function<void(Shard&)>>(std::move(call))});
  return post(letters, 0);
}

void Mailbox::take(std::vector<Letter>& letters, bool& was_full) {
  const std::lock_guard lock(mutex_);
  letters.swap(letters_);
  bytes_.store(0, std::memory_order_relaxed);
  was_full = overflowed_.exchange(false, std::memory_order_relaxed);
}

bool Mailbox::fall_asleep() {
  asleep_.store(true, std::memory_order_seq_cst);
  const std::lock_guard lock(mutex_);
  if (letters_.empty()) return true;
  asleep_.store(false, std::memory_order_relaxed);
  return false;
}

}  // namespace tombo::broker
