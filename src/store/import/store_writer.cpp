#include "store/import/store_writer.hpp"

#include "store/import/format.hpp"
#include "store/import/scan_letter.hpp"

#include <algorithm>

namespace tombo::store {


EngineResult<void> StoreWriter::begin() {
  if (auto known = check_format(engine_); !known) return known;
  std::string value;
  const auto epoch = engine_.get(key_of_state("epoch"), value);
  if (!epoch) return Failure{epoch.error()};
  const auto last = *epoch ? decode_number(value) : std::optional<std::uint64_t>(0);
  if (!last) return Failure{EngineError{EngineError::Kind::damaged, "its epoch cannot be read (see 'store check')"}};
  epoch_ = *last;
  auto done = scan_letter(engine_, 's', [this](std::string_view key, std::string_view row_bytes) {
    const auto row = decode_session(row_bytes);
    clients_.emplace(row ? row->client_id : std::string{}, number_in_key(key));
    epoch_ = std::max(epoch_, number_in_key(key) >> kEpochShift);
    return true;
  });
  if (done) {
    done = scan_letter(engine_, 'r', [this](std::string_view, std::string_view) {
      has_retained_ = true;
      return false;
    });
  }
  ++epoch_;
  put(key_of_state("format"), encode_number(kFormat));
  put(key_of_state("epoch"), encode_number(epoch_));
  return done;
}

void StoreWriter::put(std::string_view key, std::string_view value) {
  if (error_) return;
  changes_.put(key, value);
  if (changes_.bytes() >= batch_bytes_) write(false);
}

void StoreWriter::write(bool sync) {
  if (error_) return;
  if (auto written = engine_.write(changes_, sync); !written) error_ = written.error();
  changes_.clear();
}

std::optional<SessionNumber> StoreWriter::add_session(const SessionRow& row) {
  if (clients_.contains(row.client_id)) {
    ++imported_.known_sessions;
    return std::nullopt;
  }
  const SessionNumber number = next_number();
  put(session_key(number), encode(row));
  ++imported_.sessions;
  return number;
}

void StoreWriter::add_subscription(SessionNumber session, std::string_view filter, const SubscriptionRow& row) {
  put(subscription_key(session, filter), encode(row));
  ++imported_.subscriptions;
}

void StoreWriter::add_received(SessionNumber session, mqtt::PacketId id) {
  put(received_key(session, id), {});
  ++imported_.received;
}

MessageNumber StoreWriter::add_message(const MessageRow& row) {
  const MessageNumber number = next_number();
  put(message_key(number), encode(row));
  unnamed_.insert(number);
  ++imported_.messages;
  return number;
}

void StoreWriter::add_delivery(SessionNumber session, const DeliveryRow& row) {
  if (row.message != 0) unnamed_.erase(row.message);
  put(delivery_key(session, next_number()), encode(row));
  ++imported_.deliveries;
}

void StoreWriter::add_retained(const MessageRow& row) {
  const std::string key = retained_key(row.topic);
  if (has_retained_) {
    std::string value;
    const auto known = engine_.get(key, value);
    if (!known && !error_) error_ = known.error();
    if (known && *known) {
      ++imported_.known_retained;
      return;
    }
  }
  put(key, encode(row));
  ++imported_.retained;
}

EngineResult<Imported> StoreWriter::finish() {
  // Their sessions were known, and nothing would ever take them away.
  for (const MessageNumber number : unnamed_) changes_.erase(message_key(number));
  imported_.messages -= unnamed_.size();
  write(true);
  if (error_) return Failure{*error_};
  return imported_;
}

}  // namespace tombo::store
