#pragma once

#include "store/open.hpp"
#include "store/rows.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace tombo::tomboctl {

using Rows = std::vector<std::pair<std::string, std::string>>;

inline constexpr std::uint64_t kEpoch = std::uint64_t{3} << store::kEpochShift;

inline store::MessageRow message_row(std::string topic, std::string payload = "payload") {
  store::MessageRow row;
  row.topic = std::move(topic);
  row.payload = std::move(payload);
  row.qos = mqtt::Qos::at_least_once;
  row.received_at = 1'700'000'000;
  return row;
}

inline store::SessionRow session_row(std::string client_id) {
  store::SessionRow row;
  row.client_id = std::move(client_id);
  row.expiry_s = 1000;
  row.left_at = 1'700'000'500;
  return row;
}

inline store::DeliveryRow delivery_of(store::MessageRow body) {
  store::DeliveryRow row;
  row.bytes = body.topic.size() + body.payload.size();
  row.body = std::move(body);
  return row;
}

inline store::DeliveryRow delivery_naming(store::MessageNumber message) {
  store::DeliveryRow row;
  row.message = message;
  row.bytes = 10;
  return row;
}

/// A store in memory that is filled row by row.
class Shelf {
 public:
  Shelf() {
    put(store::key_of_state("format"), store::encode_number(store::kFormat));
    put(store::key_of_state("epoch"), store::encode_number(3));
  }

  store::Engine& engine() { return *engine_; }
  void put(std::string_view key, std::string_view value) {
    store::Changes changes;
    changes.put(key, value);
    ASSERT_TRUE(engine_->write(changes, false).ok());
  }
  void erase(std::string_view key) {
    store::Changes changes;
    changes.erase(key);
    ASSERT_TRUE(engine_->write(changes, false).ok());
  }
  /// Numbers are counted within the epoch.
  void session(std::uint64_t number, const store::SessionRow& row) { put(store::session_key(kEpoch + number), encode(row)); }
  void delivery(std::uint64_t session, std::uint64_t seq, const store::DeliveryRow& row) {
    put(store::delivery_key(kEpoch + session, kEpoch + seq), encode(row));
  }
  void subscription(std::uint64_t session, std::string_view filter, const store::SubscriptionRow& row = {}) {
    put(store::subscription_key(kEpoch + session, filter), encode(row));
  }
  void message(std::uint64_t number, const store::MessageRow& row) { put(store::message_key(kEpoch + number), encode(row)); }
  void retained(const store::MessageRow& row) { put(store::retained_key(row.topic), encode(row)); }

  /// Two sessions, one message for both, one for the first only, and one retained.
  void fill() {
    session(1, session_row("one"));
    session(2, session_row("two"));
    subscription(1, "a/#");
    subscription(2, "$share/g/a/+");
    message(7, message_row("a/b", "for both"));
    delivery(1, 10, delivery_naming(kEpoch + 7));
    delivery(1, 11, delivery_of(message_row("a/c", "for one")));
    delivery(2, 12, delivery_naming(kEpoch + 7));
    put(store::received_key(kEpoch + 2, 99), {});
    retained(message_row("r/1"));
  }

 private:
  std::unique_ptr<store::Engine> engine_ = store::make_memory_engine();
};

inline Rows rows_of(const store::Engine& engine) {
  Rows rows;
  EXPECT_TRUE(engine.scan("", "", [&](std::string_view key, std::string_view value) {
    rows.emplace_back(key, value);
    return true;
  }).ok());
  return rows;
}

}  // namespace tombo::tomboctl
