#include "sim/sim_client.hpp"

#include "support/codec.hpp"

#include <algorithm>
#include <array>

namespace tombo::sim {

using mqtt::PacketType;
using mqtt::PropertyId;
using mqtt::Qos;
using mqtt::Version;

// What a client sends.

Character draw_character(Rng& rng, int number, bool worker) {
  Character who;
  who.number = number;
  who.worker = worker;
  const unsigned version = rng.below(10);
  who.version = version < 1 ? Version::v3_1 : version < 4 ? Version::v3_1_1 : Version::v5;
  static const std::vector<std::uint32_t> kExpiries = {
      0, 3, 20, 300, 300, mqtt::kSessionNeverExpires, mqtt::kSessionNeverExpires};
  who.expiry_s = rng.pick(kExpiries);
  if (who.version != Version::v5) who.expiry_s = rng.chance(70) ? mqtt::kSessionNeverExpires : 0;
  who.keep_alive_s = static_cast<std::uint16_t>(rng.chance(20) ? rng.range(5, 60) : 0);
  if (who.version != Version::v5) return who;
  if (rng.chance(50)) who.receive_maximum = static_cast<std::uint16_t>(rng.range(1, 5));
  if (rng.chance(50)) who.topic_alias_maximum = static_cast<std::uint16_t>(rng.range(1, 4));
  if (rng.chance(10) && !worker) who.packet_max = 1000;
  return who;
}

SimClient::SimClient(Character character, const Plan& plan, Model& model, Trace& trace, Rng& rng)
    : character_(character), plan_(plan), model_(model), trace_(trace), rng_(rng) {}

void SimClient::send(const mqtt::WriteBatch& batch, Note note) {
  link_->send(test::bytes_of(batch), note);
}

bool SimClient::may_have_expired(std::int64_t clock_ms) const {
  const std::uint32_t expiry = std::min(expiry_least_s_, plan_.options.limits.session_expiry_max_s);
  return clock_ms >= lost_ms_ + std::int64_t{expiry} * 1000;
}

void SimClient::forget_session() {
  outgoing_.clear();
  receiving_.clear();
  wanted_.clear();
}

int SimClient::make_will() {
  Message will;
  will.publisher = character_.number;
  will.topic = fmt::format("w/c{}", character_.number);
  will.qos = static_cast<Qos>(rng_.below(3));
  will.retain = rng_.chance(30);
  will.will = true;
  const int index = model_.add_message(will);
  model_.set_payload(index, fmt::format("m{};will of {}", index, character_.number));
  return index;
}

/// Whether to ask for a fresh session.  A client that cannot be sure that its session is still there, or has begun to
/// start clean, asks until it has heard that it got one: otherwise it could resume what it has forgotten.
bool SimClient::decide_clean_start(std::int64_t clock_ms) {
  const bool gone = may_have_expired(clock_ms);
  if (gone && acked_expiry_s_ != 0) must_start_clean_ = true;
  if (!gone && !character_.steady && rng_.chance(8)) must_start_clean_ = true;
  bool clean = must_start_clean_ || (gone && rng_.chance(40));
  if (character_.version != Version::v5 && character_.expiry_s == 0) clean = true;
  if (gone || clean) forget_session();
  return clean;
}

void SimClient::connect(Link& link, std::int64_t clock_ms) {
  if (state_ == State::online) lost(clock_ms);
  Connection connection;
  connection.client = character_.number;
  connection.version = character_.version;
  connection.packet_max = character_.packet_max;
  connection.clean_start = decide_clean_start(clock_ms);
  connection.expiry_s = character_.expiry_s;
  // Before 5.0 the flag decides about the end of the session, too.
  if (connection.version != Version::v5 && connection.clean_start) connection.expiry_s = 0;
  if (rng_.chance(40) && !character_.steady) connection.will = make_will();
  if (connection.version == Version::v5 && rng_.chance(60)) connection.will_delay_s = rng_.range(0, 12);
  // Less quota than before makes what is resent wait.
  if (character_.receive_maximum != 65535 && rng_.chance(50)) {
    character_.receive_maximum = static_cast<std::uint16_t>(rng_.range(1, 5));
  }
  connection_ = model_.add_connection(connection);
  link_ = &link;
  state_ = State::connecting;
  partial_.clear();
  acks_.clear();
  asked_.clear();
  unsubscribing_.clear();
  unacknowledged_.clear();
  in_aliases_.clear();
  out_aliases_.clear();
  alias_max_ = 0;
  trace_.line("client {} connects: connection {} link {} clean={} expiry={} will={} delay={}", character_.number,
              connection_, link.number(), connection.clean_start, connection.expiry_s, connection.will,
              connection.will_delay_s);
  send_connect(connection);
}

void SimClient::send_connect(const Connection& connection) {
  mqtt::ConnectOut out;
  mqtt::PropertyWriter properties;
  mqtt::PropertyWriter will_properties;
  out.version = connection.version;
  out.clean_start = connection.clean_start;
  const std::string id = fmt::format("c{}", character_.number);
  out.client_id = id;
  out.keep_alive_s = character_.keep_alive_s;
  if (connection.will != -1) {
    const Message& will = model_.message(connection.will);
    out.has_will = true;
    out.will_topic = will.topic;
    out.will_payload = mqtt::bytes_of(will.payload);
    out.will_qos = will.qos;
    out.will_retain = will.retain;
    if (connection.will_delay_s != 0) will_properties.number(PropertyId::will_delay_interval, connection.will_delay_s);
  }
  if (connection.version == Version::v5) {
    if (connection.expiry_s != 0) properties.number(PropertyId::session_expiry_interval, connection.expiry_s);
    if (character_.receive_maximum != 65535) properties.number(PropertyId::receive_maximum, character_.receive_maximum);
    if (character_.topic_alias_maximum != 0) {
      properties.number(PropertyId::topic_alias_maximum, character_.topic_alias_maximum);
    }
    if (character_.packet_max != 0xFFFF'FFFF) properties.number(PropertyId::maximum_packet_size, character_.packet_max);
  }
  out.raw_properties = properties.bytes();
  out.raw_will_properties = will_properties.bytes();
  mqtt::WriteBatch batch;
  mqtt::encode_connect(batch, out);
  send(batch, {Note::Kind::connect, connection_});
}

/// The connection is over as far as the client is concerned.
void SimClient::lost(std::int64_t clock_ms) {
  // The broker may have noticed long before, and a session counts from then.  A client that does not know may be given a
  // new session by a CONNECT whose answer it never sees, and resume what has ended: MQTT has no word against that.
  if (state_ == State::online) lost_ms_ = std::min(clock_ms, model_.connection(connection_).over_ms);
  state_ = State::offline;
  link_ = nullptr;
}

void SimClient::give_up(std::int64_t clock_ms) {
  trace_.line("client {} gives up", character_.number);
  given_up_ = link_;
  link_->cut();
  lost(clock_ms);
}

void SimClient::leave(std::int64_t clock_ms) {
  if (rng_.chance(50)) {
    trace_.line("client {} drops its connection", character_.number);
    link_->cut();
    return lost(clock_ms);
  }
  const bool keep_will = character_.version == Version::v5 && rng_.chance(40);
  mqtt::PropertyWriter properties;
  std::int64_t expiry = -1;
  if (character_.version == Version::v5 && acked_expiry_s_ != 0 && rng_.chance(20)) {
    expiry = rng_.chance(50) ? 0 : rng_.range(1, 100);
    properties.number(PropertyId::session_expiry_interval, static_cast<std::uint32_t>(expiry));
    // Nobody tells whether it arrives.
    expiry_least_s_ = std::min(expiry_least_s_, static_cast<std::uint32_t>(expiry));
  }
  trace_.line("client {} disconnects, keep_will={} expiry={}", character_.number, keep_will, expiry);
  mqtt::WriteBatch batch;
  mqtt::encode_client_disconnect(batch, character_.version,
                                 keep_will ? mqtt::ReasonCode::disconnect_with_will : mqtt::ReasonCode::success,
                                 properties.bytes());
  send(batch, {Note::Kind::disconnect, model_.add_disconnect(keep_will, expiry)});
  link_->close_after_sending();
  lost(clock_ms);
}

mqtt::PacketId SimClient::fresh_id() {
  // Identifiers are used again soon, but there is always a free one.
  const std::size_t limit = 40 + outgoing_.size() + asked_.size() + unsubscribing_.size();
  while (true) {
    if (++last_id_ == 0 || last_id_ > limit) last_id_ = 1;
    const auto taken = [this](const Outgoing& outgoing) { return outgoing.id == last_id_; };
    if (asked_.contains(last_id_) || unsubscribing_.contains(last_id_)) continue;
    if (std::none_of(outgoing_.begin(), outgoing_.end(), taken)) return last_id_;
  }
}

void SimClient::publish() {
  static const std::vector<std::string> kTopics = {"p/a",   "p/b",   "p/a/x", "p/b/y", "q/a",
                                                   "s/a/1", "s/a/2", "s/b/1", "$d/a",  "deny/a"};
  Message message;
  message.publisher = character_.number;
  message.topic = rng_.pick(kTopics);
  message.qos = static_cast<Qos>(rng_.below(3));
  if (message.qos != Qos::at_most_once && outgoing_.size() >= send_quota_) return;
  message.retain = rng_.chance(20);
  message.denied = plan_.late_verdicts && is_denied(message.topic);
  if (character_.version == Version::v5 && rng_.chance(10)) {
    message.has_expiry = true;
    message.expiry_s = rng_.range(1, 30);
  }
  const int index = model_.add_message(message);
  const std::size_t size = rng_.chance(4) ? rng_.range(1000, 5000) : rng_.below(40);
  const bool deletes = message.retain && rng_.chance(20);
  if (!deletes) model_.set_payload(index, fmt::format("m{};{}", index, std::string(size, 'x')));
  Outgoing outgoing{0, index, false};
  if (message.qos != Qos::at_most_once) {
    outgoing.id = fresh_id();
    model_.set_packet_id(index, outgoing.id);
    outgoing_.push_back(outgoing);
  }
  send_publish(outgoing, false);
}

void SimClient::send_publish(const Outgoing& outgoing, bool dup) {
  const Message& message = model_.message(outgoing.message);
  mqtt::PropertyWriter properties;
  std::string_view topic = message.topic;
  if (message.has_expiry) properties.number(PropertyId::message_expiry_interval, message.expiry_s);
  if (alias_max_ != 0 && rng_.chance(50)) {
    const auto known = out_aliases_.find(message.topic);
    if (known != out_aliases_.end() && rng_.chance(80)) {
      topic = {};
      properties.number(PropertyId::topic_alias, known->second);
    } else {
      const auto alias = static_cast<std::uint16_t>(rng_.range(1, alias_max_));
      std::erase_if(out_aliases_, [alias](const auto& entry) { return entry.second == alias; });
      out_aliases_[message.topic] = alias;
      properties.number(PropertyId::topic_alias, alias);
    }
  }
  trace_.line("client {} publishes {} on {} qos={} retain={} dup={} id={}", character_.number, message.id,
              message.topic, static_cast<int>(message.qos), message.retain, dup, outgoing.id);
  mqtt::WriteBatch batch;
  mqtt::encode_client_publish(batch, character_.version, topic, mqtt::bytes_of(message.payload), message.qos,
                              message.retain, dup, outgoing.id, properties.bytes());
  send(batch, {Note::Kind::publish, outgoing.message});
}

/// After a reconnect: everything unacknowledged once more, in the old order.
void SimClient::repeat() {
  for (const auto& outgoing : outgoing_) {
    if (outgoing.released) {
      send_ack(PacketType::pubrel, outgoing.id);
    } else {
      send_publish(outgoing, true);
    }
  }
}

void SimClient::send_ack(PacketType type, mqtt::PacketId id) {
  mqtt::WriteBatch batch;
  mqtt::encode_ack(batch, {character_.version, 0xFFFF'FFFF}, type, id, mqtt::ReasonCode::success);
  send(batch, {});
}

void SimClient::send_acks(std::size_t count) {
  for (; count != 0 && !acks_.empty(); --count) {
    const Ack ack = acks_.front();
    acks_.pop_front();
    if (ack.type == PacketType::puback || ack.type == PacketType::pubcomp) unacknowledged_.erase(ack.id);
    send_ack(ack.type, ack.id);
  }
}

void SimClient::subscribe(std::string_view group, std::string_view filter, mqtt::SubscribeOptions options) {
  Subscription subscription;
  subscription.group = group;
  subscription.filter = filter;
  subscription.options = options;
  mqtt::PropertyWriter properties;
  if (character_.version == Version::v5 && rng_.chance(50)) {
    subscription.id = rng_.range(1, 200'000);
    properties.number(PropertyId::subscription_identifier, subscription.id);
  }
  const int index = model_.add_subscription(subscription);
  const std::string text = group.empty() ? std::string(filter) : fmt::format("$share/{}/{}", group, filter);
  wanted_.emplace(group, filter);
  const mqtt::PacketId id = fresh_id();
  asked_[id] = {index};
  trace_.line("client {} subscribes to {} qos={} no_local={} rap={} handling={} id={}", character_.number, text,
              static_cast<int>(options.qos), options.no_local, options.retain_as_published,
              static_cast<int>(options.retain_handling), subscription.id);
  const std::array<mqtt::SubscriptionOut, 1> one{{{text, options}}};
  mqtt::WriteBatch batch;
  mqtt::encode_subscribe(batch, character_.version, id, one, properties.bytes());
  send(batch, {Note::Kind::subscribe, index});
}

void SimClient::subscribe_something() {
  static const std::vector<std::string> kFilters = {"p/a", "p/b", "p/#", "p/+",  "p/+/x", "#",      "+/a",   "q/a",
                                                    "w/#", "w/+", "s/#", "$d/a", "$d/#",  "deny/a", "deny/#"};
  mqtt::SubscribeOptions options;
  options.qos = static_cast<Qos>(rng_.below(3));
  if (character_.version == Version::v5) {
    options.no_local = !character_.worker && rng_.chance(20);
    options.retain_as_published = rng_.chance(30);
    options.retain_handling = static_cast<mqtt::RetainHandling>(rng_.below(3));
  }
  if (!character_.worker) return subscribe({}, rng_.pick(kFilters), options);
  // Groups whose filters do not overlap, so that each message has one way to a worker.
  const unsigned which = rng_.below(2);
  options.qos = static_cast<Qos>(rng_.chance(60) ? 2 : rng_.below(3));
  subscribe(which == 0 ? "g1" : "g2", which == 0 ? "s/a/#" : "s/b/+", options);
}

void SimClient::unsubscribe_something() {
  if (wanted_.empty()) return;
  auto place = wanted_.begin();
  std::advance(place, rng_.below(wanted_.size()));
  const auto [group, filter] = *place;
  wanted_.erase(place);
  const std::string text = group.empty() ? filter : fmt::format("$share/{}/{}", group, filter);
  const mqtt::PacketId id = fresh_id();
  const int index = model_.add_removal(group, filter);
  unsubscribing_[id] = index;
  trace_.line("client {} unsubscribes from {}", character_.number, text);
  const std::array<std::string_view, 1> one{text};
  mqtt::WriteBatch batch;
  mqtt::encode_unsubscribe(batch, character_.version, id, one);
  send(batch, {Note::Kind::unsubscribe, index});
}

void SimClient::act() {
  const unsigned what = rng_.below(100);
  if (what < 45) return publish();
  if (what < 80) return send_acks(rng_.range(1, 4));
  if (character_.steady) return;
  constexpr std::size_t kAskedMax = 20;  // of the forty identifiers
  if (what < 94 && asked_.size() + unsubscribing_.size() >= kAskedMax) return;
  if (what < 90) return subscribe_something();
  if (what < 94) return unsubscribe_something();
  mqtt::WriteBatch batch;
  mqtt::encode_pingreq(batch);
  send(batch, {});
}

}  // namespace tombo::sim
