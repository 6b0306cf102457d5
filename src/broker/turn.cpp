#include "base/hash.hpp"
#include "broker/shard.hpp"

#include <algorithm>
#include <utility>

namespace tombo::broker {

namespace {
constexpr Milliseconds kSecond{1000};
/// How often publishers that are held back are looked at when nothing else happens.
constexpr Milliseconds kLookAgain{100};
/// So many letters in a turn, and the shards are busy with each other.
constexpr std::size_t kManyLetters = 32;
/// Shares of the memory ceiling, in percent, from which the steps of shedding are taken.
constexpr std::uint64_t kShedQos0Percent = 80;
constexpr std::uint64_t kRefuseConnectionsPercent = 90;
}  // namespace

Shard::Shard(Core& core, routing::ShardId id, store::Sink* sink)
    : core_(core),
      id_(id),
      journal_(sink, id),
      seq_base_(core.epoch() << store::kEpochShift),
      options_(core.first_options()),
      counters_(core.counters(id)),
      logger_(core.logger()),
      lines_(core.logger()),
      now_(core.clock().mono()),
      wheel_(now_),
      outbox_(core, id),
      random_state_(mix(core.random_seed() + id)),
      next_second_(now_ + kSecond),
      next_sys_(now_),
      second_timer_(kSecondTimer),
      sys_report_(core),
      accept_tokens_at_(now_) {
  apply(options_);
  // One shard looks after what the shards share; the others sleep when nothing happens.
  if (id_ == 0) wheel_.arm(second_timer_, next_second_);
}

Shard::~Shard() = default;

std::uint64_t Shard::random() {
  random_state_ += 0x9E37'79B9'7F4A'7C15ULL;
  return mix(random_state_);
}

void Shard::begin_turn() {
  now_ = core_.clock().mono();
  counters_.turns.add();
  counters_.last_turn_ms.store(now_.time_since_epoch().count(), std::memory_order_relaxed);
  turn_deliveries_ = 0;
  work_left_ = false;
  lines_.begin_turn();
  judge_memory();
  judges_receiving_ = core_.authenticator().restricts_receiving();
  shows_deliveries_ = core_.events != nullptr && core_.events->watches_deliver_later();
  asks_receiving_ = shows_deliveries_ || core_.authenticator().asks_receiving();
  plugins_deliver_ = core_.events != nullptr && core_.events->watches_deliver();
  take_mail();
  wheel_.advance(now_, [this](TimerNode& node) {
    if (node.kind() == kClientTimer) return on_client_timer(static_cast<Client&>(node));
    if (node.kind() == kSessionTimer) return on_session_timer(static_cast<ClientSession&>(node));
    every_second();
    next_second_ = now_ + kSecond;
    wheel_.arm(second_timer_, next_second_);
  });
  resume_held_back();
  go_on_with_slowed();
  read_again();
  ask_again();
}

void Shard::end_turn() {
  continue_walks();
  continue_recheck();
  if (drain_) continue_drain();
  order_reads();
  if (journal_.keeps_anything()) journal_.end_turn(now_, Milliseconds{options_->persistence.patience_ms});
  turn_letters_ += outbox_.post_all();
  graveyard_.clear();
  core_.qsbr.quiescent(id_);
}

MonoTime Shard::next_due() const {
  const MonoTime due = std::min({wheel_.next_due(), journal_.due(), slowed_until_});
  // Nobody writes a letter when memory has become free, or the disk can be read again.
  return held_back_.empty() && read_again_.empty() && ask_again_.empty() ? due : std::min(due, now_ + kLookAgain);
}

bool Shard::expects_mail() const { return turn_letters_ >= kManyLetters; }

bool Shard::fall_asleep() {
  if (!core_.mailbox(id_).fall_asleep()) return false;
  core_.qsbr.offline(id_);
  return true;
}

void Shard::wake_up() {
  core_.mailbox(id_).wake_up();
  core_.qsbr.online(id_);
}

void Shard::judge_memory() {
  const std::uint64_t ceiling = options_->limits.memory_bytes_max;
  if (ceiling == 0) return;
  const std::uint64_t percent = core_.memory_used() * 100 / ceiling;
  memory_level_ = percent >= 100                         ? MemoryLevel::refuse_messages
                  : percent >= kRefuseConnectionsPercent ? MemoryLevel::refuse_connections
                  : percent >= kShedQos0Percent          ? MemoryLevel::shed_qos0
                                                         : MemoryLevel::normal;
}

void Shard::resume_held_back() {
  if (held_back_.empty()) return;
  bool mail_full = journal_.keeps_anything() && journal_.sink().full();
  for (unsigned shard = 0; shard < core_.shards(); ++shard) {
    mail_full = mail_full || core_.mailbox(static_cast<routing::ShardId>(shard)).full();
  }
  const bool memory_full = memory_level_ == MemoryLevel::refuse_messages;
  std::vector<Client*> waiting = std::exchange(held_back_, {});
  for (Client* client : waiting) {
    if (!mail_full) client->paused_for_mailbox = false;
    const bool its_acks_make_room = client->own != nullptr && client->session != nullptr && client->session->has_in_flight();
    if (!memory_full || its_acks_make_room) client->paused_for_memory = false;
    if (client->paused_for_mailbox || client->paused_for_memory) {
      held_back_.push_back(client);
    } else {
      resume_if_free(*client);
    }
  }
}

}  // namespace tombo::broker
