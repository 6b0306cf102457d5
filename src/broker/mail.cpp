#include "broker/shard.hpp"

#include <algorithm>
#include <utility>

namespace tombo::broker {

// What happens to letters: a turn takes what the mailbox holds, matches the messages and delivers them here.

namespace {
/// Letters handled in one turn; the rest waits for the next.
constexpr std::size_t kLettersPerTurn = 4096;
/// How many letters ahead of its own a message is asked for.  It lies in its sender's cache, some 100 ns away.
constexpr std::size_t kLettersAhead = 8;

void prefetch_message(const Letter& letter) {
  if (const auto* publish = std::get_if<PublishLetter>(&letter)) publish->message->prefetch();
}
}  // namespace

void Shard::take_mail() {
  if (mail_.empty()) {
    bool was_full = false;
    core_.mailbox(id_).take(mail_, was_full);
    if (was_full) {
      // Senders that held publishers back look again when they are woken.
      for (unsigned shard = 0; shard < core_.shards(); ++shard) {
        if (shard != id_) core_.mailbox(static_cast<routing::ShardId>(shard)).post_call([](Shard&) {});
      }
    }
  }
  const auto letters = std::span(mail_).subspan(mail_done_);
  const auto now = letters.first(std::min(letters.size(), kLettersPerTurn));
  turn_letters_ = now.size();
  handle_letters(now);
  if (now.size() == letters.size()) {
    mail_.clear();
    mail_done_ = 0;
    return;
  }
  for (auto& letter : now) letter = {};  // gives up what it holds
  mail_done_ += now.size();
  work_left_ = true;
}

/// In their order.  Neighbours share what can be shared: one match for a topic that comes again at once, which is what
/// a publisher's batch looks like, and one walk through a large tree for several topics.
void Shard::handle_letters(std::span<Letter> letters) {
  const bool look_ahead = core_.tree.filters() >= LookAhead::kFiltersMin;
  std::size_t prepared_to = 0;
  std::string_view matched_topic;  // that matched_ is about; empty, as no topic is: none
  for (std::size_t i = 0; i < letters.size(); ++i) {
    if (i + kLettersAhead < letters.size()) prefetch_message(letters[i + kLettersAhead]);
    if (const auto* publish = std::get_if<PublishLetter>(&letters[i])) {
      if (look_ahead && i >= prepared_to) {
        prepared_to = i + look_ahead_.prepare(core_.tree, subscribers_, letters.subspan(i));
      }
      const std::string_view topic = publish->message->topic();
      if (topic != matched_topic && !look_ahead_.take(topic, matched_)) core_.tree.match(topic, matched_);
      matched_topic = topic;
      routing_ = {};
      routing_.hold = publish->hold;
      deliver_local(publish->message);
      end_letter();
      continue;
    }
    // Whatever else comes may change who is subscribed to what.
    look_ahead_.forget();
    matched_topic = {};
    if (auto* shared = std::get_if<SharedLetter>(&letters[i])) {
      on_letter(*shared);
    } else if (const auto* letter = std::get_if<SettledLetter>(&letters[i])) {
      settled(*letter->hold);
    } else {
      on_letter(std::get<CallLetter>(letters[i]));
    }
  }
  look_ahead_.forget();
}

void Shard::on_letter(SharedLetter& letter) {
  routing_ = {};
  routing_.hold = letter.hold;
  routing_.from_session = letter.from_session;
  routing_.from_seq = letter.from_seq;
  deliver_to_member(letter.message, *letter.member, letter.publisher_hash);
  end_letter();
}

/// What the letter's message led to is recorded: the acknowledgement no more waits for the letter itself.
void Shard::end_letter() {
  const Ref<store::Hold> hold = std::exchange(routing_.hold, nullptr);
  if (!hold) return;
  if (hold->publish != 0 && !routing_.passed_on) journal_.mark_part({hold->publish, hold->parts});
  let_go(hold);
}

void Shard::on_letter(CallLetter& letter) { (*letter.call)(*this); }

}  // namespace tombo::broker
