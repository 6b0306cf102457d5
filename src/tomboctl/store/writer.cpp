#include "tomboctl/store/writer.hpp"

#include "tomboctl/store/format.hpp"
#include "tomboctl/store/keys.hpp"

#include <algorithm>

namespace tombo::tomboctl {

using store::EngineResult;
using store::SessionNumber;

EngineResult<void> StoreWriter::begin() {
  if (auto known = check_format(engine_); !known) return known;
  std::string value;
  const auto epoch = engine_.get(store::key_of_state("epoch"), value);
  if (!epoch) return Failure{epoch.error()};
  const auto last = *epoch ? store::decode_number(value) : std::optional<std::uint64_t>(0);
  if (!last) return Failure{store::EngineError{store::EngineError::Kind::damaged, "its epoch cannot be read (see 'store check')"}};
  epoch_ = *last;
  auto done = scan_letter(engine_, 's', [this](std::string_view key, std::string_view row_bytes) {
    const auto row = store::decode_session(row_bytes);
    clients_.emplace(row ? row->client_id : std::string{}, store::number_in_key(key));
    epoch_ = std::max(epoch_, store::number_in_key(key) >> store::kEpochShift);
    return true;
  });
  if (done) {
    done = scan_letter(engine_, 'r', [this](std::string_view, std::string_view) {
      has_retained_ = true;
      return false;
    });
  }
  ++epoch_;
  put(store::key_of_state("format"), store::encode_number(store::kFormat));
  put(store::key_of_state("epoch"), store::encode_number(epoch_));
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

std::optional<SessionNumber> StoreWriter::add_session(const store::SessionRow& row) {
  if (clients_.contains(row.client_id)) {
    ++imported_.known_sessions;
    return std::nullopt;
  }
  const SessionNumber number = next_number();
  put(store::session_key(number), store::encode(row));
  ++imported_.sessions;
  return number;
}

void StoreWriter::add_subscription(SessionNumber session, std::string_view filter, const store::SubscriptionRow& row) {
  put(store::subscription_key(session, filter), store::encode(row));
  ++imported_.subscriptions;
}

void StoreWriter::add_received(SessionNumber session, mqtt::PacketId id) {
  put(store::received_key(session, id), {});
  ++imported_.received;
}

store::MessageNumber StoreWriter::add_message(const store::MessageRow& row) {
  const store::MessageNumber number = next_number();
  put(store::message_key(number), store::encode(row));
  unnamed_.insert(number);
  ++imported_.messages;
  return number;
}

void StoreWriter::add_delivery(SessionNumber session, const store::DeliveryRow& row) {
  if (row.message != 0) unnamed_.erase(row.message);
  put(store::delivery_key(session, next_number()), store::encode(row));
  ++imported_.deliveries;
}

void StoreWriter::add_retained(const store::MessageRow& row) {
  const std::string key = store::retained_key(row.topic);
  if (has_retained_) {
    std::string value;
    const auto known = engine_.get(key, value);
    if (!known && !error_) error_ = known.error();
    if (known && *known) {
      ++imported_.known_retained;
      return;
    }
  }
  put(key, store::encode(row));
  ++imported_.retained;
}

EngineResult<Imported> StoreWriter::finish() {
  // Their sessions were known, and nothing would ever take them away.
  for (const store::MessageNumber number : unnamed_) changes_.erase(store::message_key(number));
  imported_.messages -= unnamed_.size();
  write(true);
  if (error_) return Failure{*error_};
  return imported_;
}

}  // namespace tombo::tomboctl
