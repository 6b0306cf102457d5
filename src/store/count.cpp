#include "store/store_impl.hpp"

#include <algorithm>
#include <utility>

namespace tombo::store {

void Store::count_waiting(std::function<void(const Waiting&)> told) {
  const std::lock_guard lock{impl_->mutex};
  impl_->count = std::make_unique<Count>();
  impl_->count->sessions = std::exchange(impl_->loaded, {});
  impl_->count->told = std::move(told);
  if (wake_reader_) wake_reader_();
}

/// Between commits, so that nothing changes meanwhile.
bool Store::Impl::count_some() {
  if (!count) return false;
  const std::lock_guard commit_lock{commit_mutex};
  for (std::size_t rows = 0; rows < kRowsPerStep;) {
    if (count->at == count->sessions.size()) {
      finish_count();
      return true;
    }
    const auto [session, head] = count->sessions[count->at];
    if (count->from == 0 && find_orphan(session)) continue;
    count->found.session = session;
    switch (count_session(session, std::max(head, count->from), rows)) {
      case Counted::whole: break;
      case Counted::partly: return true;
      case Counted::unreadable: return false;  // once more when the reader is rung
    }
    if (count->told && !count->orphans.contains(session)) count->told(count->found);
    references.found_up_to(session + 1, 0);
    count->found = {};
    count->from = 0;
    count->behind = session + 1;
    ++count->at;
  }
  return true;
}

/// Deliveries before this session that belong to none: what a session left that had ended when the broker did.
bool Store::Impl::find_orphan(SessionNumber next) {
  SessionNumber orphan = 0;
  static_cast<void>(parts.engine->scan(delivery_key(count->behind, 0), delivery_key(next, 0), [&](std::string_view key, std::string_view) {
    orphan = number_in_key(key);
    return false;
  }));
  if (orphan == 0) return false;
  count->sessions.insert(count->sessions.begin() + static_cast<std::ptrdiff_t>(count->at), {orphan, 0});
  count->behind = orphan;
  count->orphans.insert(orphan);
  return true;
}

Store::Impl::Counted Store::Impl::count_session(SessionNumber session, Seq from, std::size_t& rows) {
  bool whole = true;
  const auto scanned = parts.engine->scan(
      delivery_key(session, from), delivery_key(session, epoch_begin), [&](std::string_view key, std::string_view value) {
        if (rows++ >= kRowsPerStep) {
          whole = false;
          return false;
        }
        count->from = seq_in_key(key) + 1;
        const auto row = decode_delivery(value);
        if (!row) return true;
        ++count->found.messages;
        count->found.bytes += row->bytes;
        if (row->message != 0) references.found(row->message);
        return true;
      });
  references.found_up_to(session, count->from);
  if (!scanned) {  // from there once more, or what was not seen would be given up
    parts.logger.error("the store could not be read: {}", scanned.error().text);
    return Counted::unreadable;
  }
  ++rows;  // a session without any costs something, too
  return whole ? Counted::whole : Counted::partly;
}

void Store::Impl::finish_count() {
  if (find_orphan(epoch_begin)) return;  // younger sessions were not there when this began
  const auto orphans = std::move(count->orphans);
  count.reset();
  Slice slice;
  slice.shard = kNobody;
  slice.sync = false;
  for (const MessageNumber number : references.finish_counting()) {
    slice.entries.emplace_back(RowChanged{message_key(number), {}, true});
  }
  const std::lock_guard lock{mutex};
  sweeps.insert(sweeps.end(), orphans.begin(), orphans.end());
  if (slice.entries.empty()) return;
  taken.push_back(std::move(slice));
  ++slices_taken;
}

}  // namespace tombo::store
