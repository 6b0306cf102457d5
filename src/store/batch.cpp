#include "store/batch.hpp"

#include <algorithm>
#include <utility>

namespace tombo::store {

namespace {
/// Message::stored_as(): the message stands in each delivery's row.
constexpr MessageNumber kInline = 1;
}  // namespace

void Batch::build(std::span<const Slice> slices, const Moment& now, Changes& changes, std::vector<SessionNumber>& ended) {
  now_ = now;
  changes_ = &changes;
  ended_ = &ended;
  records_ = 0;
  stories_.clear();
  uses_.clear();
  retained_done_.clear();
  taken_.clear();
  heads_.clear();
  for (const Slice& slice : slices) {
    for (const Entry& entry : slice.entries) look(entry);
  }
  for (const Slice& slice : slices) {
    for (const Entry& entry : slice.entries) {
      if (const auto* enqueued = std::get_if<Enqueued>(&entry)) {
        write(*enqueued);
      } else if (const auto* finished = std::get_if<Finished>(&entry)) {
        write(*finished);
      } else if (const auto* row = std::get_if<RowChanged>(&entry)) {
        write(*row);
      } else if (const auto* retained = std::get_if<RetainedChanged>(&entry)) {
        write(*retained);
      } else if (const auto* over = std::get_if<SessionEnded>(&entry)) {
        heads_.erase(over->session);
        changes_->erase(session_key(over->session));
        changes_->erase(head_key(over->session));
        ended_->push_back(over->session);
      }
    }
  }
  for (const auto& [session, head] : heads_) changes_->put(head_key(session), encode_number(head));
}

void Batch::look(const Entry& entry) {
  if (const auto* enqueued = std::get_if<Enqueued>(&entry)) {
    Story& story = stories_[{enqueued->session, enqueued->seq}];
    if (enqueued->again) return;
    story.begins = true;
    if (enqueued->message->stored_as() == 0) ++uses_[enqueued->message.get()];
  } else if (const auto* finished = std::get_if<Finished>(&entry)) {
    // Only a delivery that also begins here can leave no trace.
    const auto known = stories_.find({finished->session, finished->seq});
    if (known == stories_.end()) return;
    known->second.ends = true;
  }
}

MessageNumber Batch::place_of(const mqtt::Message& message) {
  if (message.stored_as() == kInline) return 0;
  MessageNumber number = message.stored_as();
  if (number == 0) {
    const auto uses = uses_.find(&message);
    if (uses == uses_.end() || uses->second < 2) {
      message.note_stored_as(kInline);
      return 0;
    }
    number = references_.make();
    message.note_stored_as(number);
  } else if (references_.known(number)) {
    return number;
  }
  // New, or its row may have gone with the last delivery that named it.
  changes_->put(message_key(number), encode(row_of(message, now_)));
  return number;
}

void Batch::write(const Enqueued& enqueued) {
  const Story& story = stories_.find({enqueued.session, enqueued.seq})->second;
  if (!(story.begins && story.ends)) {
    DeliveryRow row;
    row.qos = enqueued.qos;
    row.retain = enqueued.retain;
    row.packet_id = enqueued.packet_id;
    row.share_number = enqueued.share_number;
    row.subscription_ids = enqueued.subscription_ids;
    row.bytes = enqueued.message->footprint();
    row.message = place_of(*enqueued.message);
    if (row.message == 0) row.body = row_of(*enqueued.message, now_);
    changes_->put(delivery_key(enqueued.session, enqueued.seq), encode(row));
    ++records_;
    if (row.message != 0 && !enqueued.again) references_.add(row.message);
  }
  if (enqueued.from_session == 0) return;
  const bool was_there = take_row({enqueued.from_session, enqueued.from_seq});
  changes_->erase(delivery_key(enqueued.from_session, enqueued.from_seq));
  const MessageNumber number = enqueued.message->stored_as();
  if (was_there && number > kInline) drop_reference(number, enqueued.from_session, enqueued.from_seq);
}

/// Whether the delivery's row is there until now; asked where two may want to erase it, since a reference is dropped once
/// for each row.
bool Batch::take_row(const Place& place) {
  if (!taken_.insert(place).second) return false;
  const auto known = stories_.find(place);
  if (known != stories_.end() && known->second.begins) return !known->second.ends;
  return row_exists_(delivery_key(place.session, place.seq));
}

void Batch::write(const Finished& finished) {
  const auto known = stories_.find({finished.session, finished.seq});
  const bool leaves_no_trace = known != stories_.end() && known->second.begins;
  if (finished.head != 0) {
    Seq& head = heads_[finished.session];
    head = std::max(head, finished.head);
  }
  if (finished.released != 0) {
    DeliveryRow row;
    row.qos = mqtt::Qos::exactly_once;
    row.released = true;
    row.packet_id = finished.released;
    changes_->put(delivery_key(finished.session, finished.seq), encode(row));
  } else if (!leaves_no_trace || finished.after_release) {
    changes_->erase(delivery_key(finished.session, finished.seq));
  }
  ++records_;
  if (leaves_no_trace) return;
  if (finished.maybe_gone && !take_row({finished.session, finished.seq})) return;
  const MessageNumber number = finished.message != 0 ? finished.message : finished.body ? finished.body->stored_as() : 0;
  if (number > kInline) drop_reference(number, finished.session, finished.seq);
}

void Batch::drop_reference(MessageNumber number, SessionNumber session, Seq seq) {
  if (references_.remove(number, session, seq)) changes_->erase(message_key(number));
}

void Batch::write(const RowChanged& row) {
  ++records_;
  if (row.erased) {
    changes_->erase(row.key);
  } else {
    changes_->put(row.key, row.value);
  }
}

void Batch::write(const RetainedChanged& retained) {
  if (!retained_done_.insert(retained.topic).second) return;
  ++records_;
  auto current = retained_(retained.topic);
  if (current.message) {
    MessageRow row = row_of(*current.message, now_);
    row.source = std::move(current.source);
    changes_->put(retained_key(retained.topic), encode(row));
  } else {
    changes_->erase(retained_key(retained.topic));
  }
}

}  // namespace tombo::store
