#include "store/import/mosquitto_import.hpp"

#include "mqtt/properties.hpp"
#include "mqtt/topic.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

namespace tombo::store {

using mqtt::Qos;
using State = MosquittoFile::State;
using Exchange = MosquittoFile::Exchange;

namespace {

class MosquittoImport {
 public:
  MosquittoImport(const MosquittoFile& file, std::int64_t now_s, StoreWriter& writer) : file_(file), now_s_(now_s), writer_(writer) {}

  EngineResult<ImportedFromMosquitto> run() {
    for (const std::uint64_t number : file_.retained) retained_[file_.messages.at(number).topic] = number;
    exchanges_ = file_.exchanges;
    for (const Exchange& exchange : file_.exchanges) {
      if (exchange.state == State::received) hand_on(exchange);
    }
    for (const Exchange& exchange : exchanges_) {
      if (is_delivery(exchange)) ++uses_[exchange.message];
    }
    for (const MosquittoFile::Client& client : file_.clients) add(client);
    for (const MosquittoFile::Subscription& subscription : file_.subscriptions) add(subscription);
    for (const Exchange& exchange : exchanges_) add(exchange);
    for (const auto& [topic, number] : retained_) add_retained(number);
    auto rows = writer_.finish();
    if (!rows) return Failure{rows.error()};
    imported_.rows = *rows;
    return imported_;
  }

 private:
  struct Session {
    SessionNumber number = 0;  // 0: the store has one of this client
    std::uint32_t shares = 0;
  };

  /// Has its message with it.
  static bool is_delivery(const Exchange& exchange) {
    return (exchange.state == State::queued || exchange.state == State::sent) && exchange.qos != Qos::at_most_once;
  }

  /// What Mosquitto would do at PUBREL.
  void hand_on(const Exchange& received) {
    const MosquittoFile::Message& message = file_.messages.at(received.message);
    if (message.retain && message.payload.empty()) retained_.erase(message.topic);
    if (message.retain && !message.payload.empty()) retained_[message.topic] = received.message;
    std::map<std::string_view, Exchange> to;
    std::set<std::string_view> groups;  // that have got it
    for (const MosquittoFile::Subscription& subscription : file_.subscriptions) {
      const mqtt::ParsedFilter filter = mqtt::parse_filter(subscription.filter);
      if (!mqtt::matches(filter.filter, message.topic)) continue;
      if (filter.shared && !groups.insert(subscription.filter).second) continue;
      if (subscription.options.no_local && subscription.client == received.client) continue;
      Exchange& exchange = to[subscription.client];
      exchange.client = subscription.client;
      exchange.message = received.message;
      exchange.qos = mqtt::higher_of(exchange.qos, mqtt::lower_of(subscription.options.qos, message.qos));
      exchange.retain = exchange.retain || (subscription.options.retain_as_published && message.retain);
      if (subscription.subscription_id != 0) exchange.subscription_ids.push_back(subscription.subscription_id);
    }
    for (auto& [client, exchange] : to) exchanges_.push_back(std::move(exchange));
  }

  void add(const MosquittoFile::Client& client) {
    SessionRow row;
    row.client_id = client.id;
    row.user_name = client.user_name;
    row.vouched = !row.user_name.empty();
    row.expiry_s = client.expiry_s;
    if (client.expires_at > client.expiry_s) row.left_at = client.expires_at - client.expiry_s;
    sessions_[client.id].number = writer_.add_session(row).value_or(0);
  }

  void add(const MosquittoFile::Subscription& subscription) {
    Session& session = sessions_.at(subscription.client);
    if (session.number == 0) return;
    SubscriptionRow row;
    row.options = subscription.options;
    row.subscription_id = subscription.subscription_id;
    if (mqtt::parse_filter(subscription.filter).shared) row.share_number = ++session.shares;
    writer_.add_subscription(session.number, subscription.filter, row);
  }

  void add(const Exchange& exchange) {
    const Session& session = sessions_.at(exchange.client);
    if (session.number == 0 || exchange.state == State::done) return;
    if (exchange.state == State::received) return writer_.add_received(session.number, exchange.packet_id);
    DeliveryRow row;
    row.qos = exchange.qos;
    if (exchange.state != State::queued) row.packet_id = exchange.packet_id;
    if (exchange.state == State::released) {
      row.released = true;
    } else if (exchange.qos == Qos::at_most_once) {
      ++imported_.qos0_left_out;
      return;
    } else {
      place(exchange, row);
    }
    writer_.add_delivery(session.number, row);
  }

  /// One that several wait for stands in a row of its own.
  void place(const Exchange& exchange, DeliveryRow& row) {
    MessageRow body = row_of(file_.messages.at(exchange.message));
    row.retain = exchange.retain;
    row.subscription_ids = exchange.subscription_ids;
    row.bytes = body.topic.size() + body.payload.size() + body.raw_properties.size();
    if (uses_[exchange.message] < 2) {
      row.body = std::move(body);
      return;
    }
    MessageNumber& number = shared_[exchange.message];
    if (number == 0) number = writer_.add_message(body);
    row.message = number;
  }

  void add_retained(std::uint64_t number) {
    MessageRow row = row_of(file_.messages.at(number));
    row.retain = true;
    if (!row.payload.empty()) writer_.add_retained(row);
  }

  /// When it was received Mosquitto does not keep.
  MessageRow row_of(const MosquittoFile::Message& message) const {
    MessageRow row;
    row.topic = message.topic;
    row.payload = mqtt::text_of(message.payload);
    std::vector<std::uint8_t> properties(mqtt::forwarded_size(message.properties));
    mqtt::copy_forwarded(message.properties, properties.data());
    row.raw_properties = mqtt::text_of(properties);
    row.qos = message.qos;
    row.retain = message.retain;
    row.received_at = now_s_;
    if (message.expires_at > 0) row.expires_at = message.expires_at;
    return row;
  }

  const MosquittoFile& file_;
  std::int64_t now_s_;
  StoreWriter& writer_;
  ImportedFromMosquitto imported_;
  std::vector<Exchange> exchanges_;
  std::unordered_map<std::string_view, Session> sessions_;
  std::map<std::string_view, std::uint64_t> retained_;                        // topic: message
  std::unordered_map<std::uint64_t, std::uint64_t> uses_;                     // message: deliveries
  std::unordered_map<std::uint64_t, MessageNumber> shared_;            // message: its row
};

}  // namespace

EngineResult<ImportedFromMosquitto> import_mosquitto(const MosquittoFile& file, std::int64_t now_s, StoreWriter& writer) {
  return MosquittoImport(file, now_s, writer).run();
}

}  // namespace tombo::store
