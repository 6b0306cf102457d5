#include "broker/outbox.hpp"

#include <bit>
#include <utility>

namespace tombo::broker {

void Outbox::post_all() {
  while (pending_ != 0) {
    const auto target = static_cast<routing::ShardId>(std::countr_zero(pending_));
    pending_ &= pending_ - 1;
    Target& to = targets_[target];
    auto& counters = core_.counters(self_);
    counters.letters_sent.add(to.letters.size());
    if (core_.mailbox(target).post(to.letters, std::exchange(to.bytes, 0))) counters.wakes_sent.add();
  }
}

}  // namespace tombo::broker
