#include "tomboctl/store/check.hpp"

#include "mqtt/topic.hpp"
#include "store/rows.hpp"
#include "tomboctl/store/keys.hpp"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace tombo::tomboctl {

using store::EngineResult;
using store::MessageNumber;
using store::SessionNumber;
using Weight = Finding::Weight;

namespace {

constexpr std::size_t kNumberedKey = 1 + 8;

/// One examination; the walks of one letter each follow one another, since what a row names has to be known before it.
class Check {
 public:
  Check(const store::Engine& engine, const std::function<void(const Finding&)>& tell) : engine_(engine), tell_(tell) {}

  EngineResult<CheckTotals> run() {
    const std::pair<char, void (Check::*)(std::string_view, std::string_view)> walks[] = {
        {'F', &Check::state},        {'s', &Check::session},  {'h', &Check::head},     {'q', &Check::delivery},
        {'m', &Check::message},      {'u', &Check::subscription}, {'i', &Check::received}, {'r', &Check::retained}};
    for (const auto& [letter, look] : walks) {
      if (letter == 's' && !format_seen_) loss("the store's format", "is not there");
      if (letter == 'm') remember_named_messages();
      const auto done = store::scan_letter(engine_, letter, [this, look = look](std::string_view key, std::string_view value) {
        ++totals_.rows;
        (this->*look)(key, value);
        return true;
      });
      if (!done) return Failure{done.error()};
    }
    if (auto done = missing_messages(); !done) return Failure{done.error()};
    if (auto done = unknown_letters("Fhimqrsu"); !done) return Failure{done.error()};
    return totals_;
  }

 private:
  struct Session {
    SessionNumber number;
    store::Seq head;  // 0: not known
  };

  void say(Weight weight, std::string row, std::string_view what) {
    ++(weight == Weight::loss ? totals_.losses : totals_.wastes);
    tell_({weight, std::move(row.append(" ").append(what))});
  }
  void loss(std::string row, std::string_view what) { say(Weight::loss, std::move(row), what); }
  void waste(std::string row, std::string_view what) { say(Weight::waste, std::move(row), what); }

  Session* find(SessionNumber number) {
    const auto at = std::lower_bound(sessions_.begin(), sessions_.end(), number,
                                     [](const Session& session, SessionNumber wanted) { return session.number < wanted; });
    return at != sessions_.end() && at->number == number ? &*at : nullptr;
  }
  /// Nothing belonging to a session that has ended reaches anybody: a crash came before it was swept away.
  bool has_session(std::string_view key) {
    if (find(store::number_in_key(key)) != nullptr) return true;
    waste(readable_key(key), "belongs to a session that is not there");
    return false;
  }
  /// Numbers of epochs to come would be given out a second time.
  void check_epoch(std::string_view key, std::uint64_t number) {
    if ((number >> store::kEpochShift) > epoch_) loss(readable_key(key), "has a number that the store has not given out yet");
  }

  void state(std::string_view key, std::string_view value) {
    const auto number = store::decode_number(value);
    if (!number) return loss(readable_key(key), "cannot be read");
    if (key == store::key_of_state("epoch")) epoch_ = *number;
    if (key != store::key_of_state("format")) return;
    format_seen_ = true;
    if (*number != store::kFormat) loss(readable_key(key), fmt::format("is {}, and this program knows {}", *number, store::kFormat));
  }

  void session(std::string_view key, std::string_view value) {
    if (key.size() != kNumberedKey) return waste(readable_key(key), "has a key of the wrong length");
    const SessionNumber number = store::number_in_key(key);
    sessions_.push_back({number, 0});
    check_epoch(key, number);
    const auto row = store::decode_session(value);
    if (!row) return loss(readable_key(key), "cannot be read");
    if (row->client_id.empty()) return loss(readable_key(key), "has no client id");
    const auto [known, is_new] = by_client_.try_emplace(std::hash<std::string>{}(row->client_id), number);
    if (!is_new && client_of(known->second) == row->client_id) {
      loss(readable_key(key), fmt::format("has the same client id as session {}", readable_number(known->second)));
    }
  }
  std::string client_of(SessionNumber number) const {
    std::string value;
    const auto found = engine_.get(store::session_key(number), value);
    const auto row = found && *found ? store::decode_session(value) : std::nullopt;
    return row ? row->client_id : std::string{};
  }

  void head(std::string_view key, std::string_view value) {
    if (key.size() != kNumberedKey) return waste(readable_key(key), "has a key of the wrong length");
    if (!has_session(key)) return;
    const auto number = store::decode_number(value);
    if (!number) return loss(readable_key(key), "cannot be read");
    find(store::number_in_key(key))->head = *number;
  }

  void delivery(std::string_view key, std::string_view value) {
    const store::Seq seq = store::seq_in_key(key);
    if (key.size() != kNumberedKey + 8 || seq == 0) return waste(readable_key(key), "has a key of the wrong length");
    const auto row = store::decode_delivery(value);
    // Also of a session that has gone: its message is not waste because of nobody else.
    if (row && row->message != 0) named_.push_back(row->message);
    if (!has_session(key)) return;
    check_epoch(key, seq);
    if (!row) return loss(readable_key(key), "cannot be read");
    const bool has_message = row->message != 0 || row->body.has_value();
    if (!row->released && !has_message) loss(readable_key(key), "has no message");
    if (row->released && (row->packet_id == 0 || row->qos != mqtt::Qos::exactly_once)) {
      loss(readable_key(key), "waits for PUBCOMP, but not as QoS 2 under a packet identifier");
    }
    if (seq < find(store::number_in_key(key))->head) loss(readable_key(key), "lies before its session's head, so nobody looks for it");
  }
  void remember_named_messages() {
    std::sort(named_.begin(), named_.end());
    named_.erase(std::unique(named_.begin(), named_.end()), named_.end());
  }

  void message(std::string_view key, std::string_view value) {
    if (key.size() != kNumberedKey) return waste(readable_key(key), "has a key of the wrong length");
    const MessageNumber number = store::number_in_key(key);
    check_epoch(key, number);
    const bool readable = store::decode_message(value).has_value();
    if (!std::binary_search(named_.begin(), named_.end(), number)) return waste(readable_key(key), "is named by no delivery");
    if (!readable) return loss(readable_key(key), "cannot be read");
    found_.push_back(number);
  }
  /// Deliveries whose shared message was not met: walks them again, only if there are any.
  EngineResult<void> missing_messages() {
    missing_.clear();
    std::set_difference(named_.begin(), named_.end(), found_.begin(), found_.end(), std::back_inserter(missing_));
    if (missing_.empty()) return {};
    return store::scan_letter(engine_, 'q', [this](std::string_view key, std::string_view value) {
      const auto row = store::decode_delivery(value);
      const bool lacks = row && row->message != 0 && std::binary_search(missing_.begin(), missing_.end(), row->message);
      if (lacks && find(store::number_in_key(key)) != nullptr) {
        loss(readable_key(key), fmt::format("names message {}, which is not there or cannot be read", readable_number(row->message)));
      }
      return true;
    });
  }

  void subscription(std::string_view key, std::string_view value) {
    if (key.size() <= kNumberedKey) return waste(readable_key(key), "has a key of the wrong length");
    if (!has_session(key)) return;
    if (!mqtt::parse_filter(filter_in_key(key)).valid) return loss(readable_key(key), "is no topic filter");
    if (!store::decode_subscription(value)) loss(readable_key(key), "cannot be read");
  }

  void received(std::string_view key, std::string_view) {
    if (key.size() != kNumberedKey + 2) return waste(readable_key(key), "has a key of the wrong length");
    if (!has_session(key)) return;
    if (packet_id_in_key(key) == 0) waste(readable_key(key), "names no packet");
  }

  void retained(std::string_view key, std::string_view value) {
    const auto row = store::decode_message(value);
    if (!row) return loss(readable_key(key), "cannot be read");
    if (row->topic != topic_in_key(key)) return loss(readable_key(key), fmt::format("holds a message of another topic, {}", row->topic));
    if (!mqtt::is_valid_topic_name(row->topic)) loss(readable_key(key), "is no topic name");
  }

  EngineResult<void> unknown_letters(std::string_view known) {
    std::string from;
    for (std::size_t i = 0; i <= known.size(); ++i) {
      const std::string to = i < known.size() ? std::string(1, known[i]) : std::string{};
      const auto done = engine_.scan(from, to, [this](std::string_view key, std::string_view) {
        ++totals_.rows;
        waste(readable_key(key), "is nothing that this program knows");
        return true;
      });
      if (!done) return done;
      if (i < known.size()) from = std::string(1, static_cast<char>(known[i] + 1));
    }
    return {};
  }

  const store::Engine& engine_;
  const std::function<void(const Finding&)>& tell_;
  CheckTotals totals_;
  bool format_seen_ = false;
  std::uint64_t epoch_ = 0;
  std::vector<Session> sessions_;                            // in their order
  std::unordered_map<std::size_t, SessionNumber> by_client_;  // hash of the client id: whose
  std::vector<MessageNumber> named_;                         // by deliveries, in their order
  std::vector<MessageNumber> found_;                         // of these
  std::vector<MessageNumber> missing_;
};

}  // namespace

EngineResult<CheckTotals> check_store(const store::Engine& engine, const std::function<void(const Finding&)>& tell) {
  return Check(engine, tell).run();
}

}  // namespace tombo::tomboctl
