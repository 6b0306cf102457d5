#pragma once

#include "store/engine.hpp"
#include "store/rows.hpp"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace tombo::store {

/// What an import has put into a store.
struct Imported {
  std::uint64_t sessions = 0, subscriptions = 0, deliveries = 0, received = 0, messages = 0, retained = 0;
  // Left out, since the store had them already.
  std::uint64_t known_sessions = 0, known_retained = 0;
};

/// Puts sessions, messages and what belongs to them into a store, under new numbers of an epoch of its own.  A session or a
/// retained message that the store has already stays as it is.
class StoreWriter {
 public:
  /// One write takes so many bytes; all of them if it is to happen as a whole.
  static constexpr std::size_t kBatchBytes = 4 << 20;
  static constexpr std::size_t kAllAtOnce = std::numeric_limits<std::size_t>::max();

  StoreWriter(Engine& engine, std::size_t batch_bytes) : engine_(engine), batch_bytes_(batch_bytes) {}

  /// Reads what the store has.  Fails on a format that is not ours.
  EngineResult<void> begin();
  /// Whether begin() found sessions or retained messages.
  bool was_empty() const { return clients_.empty() && !has_retained_; }

  /// Nothing: the store has a session of this client.
  std::optional<SessionNumber> add_session(const SessionRow& row);
  void add_subscription(SessionNumber session, std::string_view filter, const SubscriptionRow& row);
  void add_received(SessionNumber session, mqtt::PacketId id);
  /// Stays only if a delivery names it.
  MessageNumber add_message(const MessageRow& row);
  /// At the end of the session's queue.
  void add_delivery(SessionNumber session, const DeliveryRow& row);
  void add_retained(const MessageRow& row);

  /// Writes what is left, on stable storage.  Also tells of writes that failed before.
  EngineResult<Imported> finish();

 private:
  std::uint64_t next_number() { return (epoch_ << kEpochShift) + ++last_number_; }
  void put(std::string_view key, std::string_view value);
  void write(bool sync);

  Engine& engine_;
  std::size_t batch_bytes_;
  std::uint64_t epoch_ = 0;
  std::uint64_t last_number_ = 0;  // of the epoch; one count for all kinds
  bool has_retained_ = false;
  std::unordered_map<std::string, SessionNumber> clients_;  // whose session was there
  std::unordered_set<MessageNumber> unnamed_;  // messages of this import without a delivery so far
  Changes changes_;
  std::optional<EngineError> error_;
  Imported imported_;
};

}  // namespace tombo::store
