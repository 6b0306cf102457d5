#include "store/journal.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <utility>

namespace tombo::store {

namespace {
/// Records that nobody waits for are handed over after this at the latest, so that they do not pile up here.
constexpr Milliseconds kRestMax{50};
/// Bytes of one record besides its message, roughly.
constexpr std::size_t kOverhead = 100;

std::size_t bytes_of(const Entry& entry) {
  if (const auto* enqueued = std::get_if<Enqueued>(&entry)) return kOverhead + enqueued->message->footprint();
  if (const auto* row = std::get_if<RowChanged>(&entry)) return kOverhead + row->key.size() + row->value.size();
  return kOverhead;
}
}  // namespace

Ticket Journal::append(Entry entry, Haste haste, Ref<Hold> hold, MonoTime now) {
  TOMBO_ASSERT(sink_ != nullptr);
  if (hold) hold->take();
  slice_.bytes += bytes_of(entry);
  slice_.entries.push_back(std::move(entry));
  holds_.push_back(std::move(hold));
  ++live_;
  haste_ = std::max(haste_, haste);
  kept_since_ = std::min(kept_since_, now);
  if (haste == Haste::patient) patient_since_ = std::min(patient_since_, now);
  return next_++;
}

bool Journal::cancel(Ticket ticket, Ref<Hold>& hold, Entry& was) {
  if (ticket < first_kept()) return false;
  Entry& entry = slice_.entries[ticket - first_kept()];
  TOMBO_ASSERT(!std::holds_alternative<std::monostate>(entry));
  slice_.bytes -= bytes_of(entry);
  was = std::exchange(entry, std::monostate{});
  hold = std::exchange(holds_[ticket - durable_ - 1], nullptr);
  if (--live_ == 0 && slice_.parts.empty()) forget_kept();
  return true;
}

/// Everything that is kept was cancelled.
void Journal::forget_kept() {
  slice_ = {};
  haste_ = Haste::none;
  due_ = patient_since_ = kept_since_ = kNever;
  if (handed_over_ > durable_) return;  // they pass with the next slice; nobody waits for them
  handed_over_ = durable_ = next_ - 1;
  holds_.clear();
}

void Journal::hand_over() {
  if (slice_.entries.empty() && slice_.parts.empty()) return;
  Slice slice = std::exchange(slice_, {});
  slice.shard = shard_;
  slice.last = handed_over_ = next_ - 1;
  slice.sync = haste_ != Haste::none;
  haste_ = Haste::none;
  live_ = 0;
  due_ = patient_since_ = kept_since_ = kNever;
  sink_->take(std::move(slice));
}

void Journal::end_turn(MonoTime now, Milliseconds patience) {
  if (kept_since_ == kNever && slice_.parts.empty()) return;
  if (haste_ == Haste::now || !slice_.parts.empty()) return hand_over();
  due_ = kept_since_ + kRestMax;
  if (patient_since_ != kNever) due_ = std::min(due_, patient_since_ + patience);
  if (now >= due_) hand_over();
}

void Journal::on_durable(Ticket ticket, std::vector<Ref<Hold>>& freed) {
  for (; durable_ < ticket; ++durable_) {
    if (holds_.front()) freed.push_back(std::move(holds_.front()));
    holds_.pop_front();
  }
}

}  // namespace tombo::store
