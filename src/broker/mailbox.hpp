#pragma once

#include "base/ref.hpp"
#include "mqtt/message.hpp"
#include "routing/shared_group.hpp"
#include "store/hold.hpp"
#include "store/rows.hpp"

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <variant>
#include <vector>

namespace tombo::broker {

class Shard;

/// A message that this shard has subscribers for; it matches the topic itself.
struct PublishLetter {
  Ref<mqtt::Message> message;
  Ref<store::Hold> hold{};  // of the publisher's acknowledgement, held for this letter; or none
};
/// A message that a shared group's member on this shard was picked for.
struct SharedLetter {
  Ref<mqtt::Message> message;
  Ref<routing::GroupMember> member;
  std::uint64_t publisher_hash = 0;
  Ref<store::Hold> hold{};
  // The delivery, as it was recorded for another member, whose place this one takes; 0: none.
  store::SessionNumber from_session = 0;
  store::Seq from_seq = 0;
};
/// Nothing keeps an acknowledgement of this shard any more.
struct SettledLetter {
  Ref<store::Hold> hold;
};
/// Anything rare: new options, verdicts, redirection.
struct CallLetter {
  std::unique_ptr<std::function<void(Shard&)>> call;
};
using Letter = std::variant<PublishLetter, SharedLetter, SettledLetter, CallLetter>;

/// Letters for one shard.  Senders fill an outbox during their turn and post it whole; the receiver takes everything
/// at once.  Waking is what costs, so a shard that runs is never woken, and one that sleeps once.
/// Lives on: any shard.
class Mailbox {
 public:
  explicit Mailbox(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  /// How a sleeping shard is woken; set before any letter is posted.
  void set_wake(std::function<void()> wake) { wake_ = std::move(wake); }

  /// Moves the letters over and wakes the receiver if it sleeps; returns whether it had to.
  bool post(std::vector<Letter>& letters, std::size_t bytes);
  bool post_call(std::function<void(Shard&)> call);

  /// Over its limit, together with `more` bytes that are not posted yet: senders hold their QoS > 0 publishers back and
  /// drop QoS 0.
  bool full(std::size_t more = 0) const {
    return bytes_.load(std::memory_order_relaxed) + more > bytes_max_.load(std::memory_order_relaxed);
  }
  void set_bytes_max(std::size_t bytes_max) { bytes_max_.store(bytes_max, std::memory_order_relaxed); }
  std::size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

  /// Takes everything.  `was_full` tells that senders may be waiting to go on.
  void take(std::vector<Letter>& letters, bool& was_full);
  /// Before the receiver sleeps: true if it may, since nothing has come; then the next post wakes it.
  bool fall_asleep();
  bool asleep() const { return asleep_.load(std::memory_order_relaxed); }
  void wake_up() { asleep_.store(false, std::memory_order_relaxed); }

 private:
  bool wake_if_asleep();

  std::mutex mutex_;
  std::vector<Letter> letters_;
  std::atomic<std::size_t> bytes_{0};
  std::atomic<bool> asleep_{false};
  std::atomic<bool> overflowed_{false};
  std::atomic<std::size_t> bytes_max_;
  std::function<void()> wake_;
};

}  // namespace tombo::broker
