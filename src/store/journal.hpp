#pragma once

#include "base/clock.hpp"
#include "base/ref.hpp"
#include "store/entry.hpp"
#include "store/hold.hpp"
#include "store/sink.hpp"

#include <cstdint>
#include <deque>
#include <vector>

namespace tombo::store {

/// How soon a record has to be durable.
enum class Haste : std::uint8_t {
  none,     // rides on the next commit
  patient,  // may become unnecessary: waits until somebody is in haste, or for the patience that is configured
  now,      // at the end of this turn
};

/// One shard's records on their way to the store: gives them tickets, keeps what may yet become unnecessary, hands over
/// once per turn, and says which acknowledgements may go when they have become durable.
/// Without a sink nothing is kept and nothing waits.
/// Lives on: one shard.
class Journal {
 public:
  /// No sink: nothing is kept.
  explicit Journal(Sink* sink, unsigned shard) : sink_(sink), shard_(shard) {}

  bool keeps_anything() const { return sink_ != nullptr; }
  Sink& sink() { return *sink_; }
  const Sink& sink() const { return *sink_; }

  /// Records what must survive.  `hold`, if given, is held until the record is durable or cancelled.
  Ticket append(Entry entry, Haste haste, Ref<Hold> hold, MonoTime now);
  /// The record is not needed after all.  True if it had not been handed over: it will never be written, and what it
  /// held is handed back to be released.
  bool cancel(Ticket ticket, Ref<Hold>& hold, Entry& was);
  /// What was appended in this turn for this publish belongs together with other shards' parts.
  void mark_part(const Part& part) { slice_.parts.push_back(part); }

  Ticket appended() const { return next_ - 1; }
  Ticket durable() const { return durable_; }
  bool is_durable(Ticket ticket) const { return ticket <= durable_; }

  /// What was appended goes at the end of this turn.
  void hurry() { haste_ = Haste::now; }
  /// Hands over what was appended, due or not: what comes next must find it.
  void hand_over();
  /// At the end of a turn: hands over what is due.  `patience` is how long patient records may wait.
  void end_turn(MonoTime now, Milliseconds patience);
  /// When the patience of the oldest record ends.
  MonoTime due() const { return due_; }

  /// The store has written up to this ticket; the holds that this frees are moved to `freed`.
  void on_durable(Ticket ticket, std::vector<Ref<Hold>>& freed);

 private:
  Ticket first_kept() const { return next_ - slice_.entries.size(); }
  void forget_kept();

  Sink* sink_;
  unsigned shard_;
  Slice slice_;            // not handed over
  Ticket next_ = 1;        // the first ticket that was not given
  Ticket durable_ = 0;
  Ticket handed_over_ = 0;
  std::size_t live_ = 0;   // records of slice_ that were not cancelled
  Haste haste_ = Haste::none;
  MonoTime due_ = kNever;
  MonoTime patient_since_ = kNever;
  MonoTime kept_since_ = kNever;
  std::deque<Ref<Hold>> holds_;  // of the tickets from durable_ + 1 on
};

}  // namespace tombo::store
