#include "broker/outbox.hpp"

#include <bit>
#include <utility>

namespace tombo::broker {

std::size_t Outbox::post_all() {
  std::size_t posted = 0;
  while (pending_ != 0) {
    const auto target = static_cast<routing::ShardId>(std::countr_zero(pending_));
    pending_ &= pending_ - 1;
    Target& to = targets_[target];
    auto& counters = core_.counters(self_);
    counters.letters_sent.add(to.letters.size());
    posted += to.letters.size();
    if (core_.mailbox(target).post(to.letters, std::exchange(to.bytes, 0))) counters.wakes_sent.add();
  }
  return posted;
}

}  // namespace tombo::broker
