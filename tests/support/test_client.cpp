#include "support/test_client.hpp"

#include "mqtt/cursor.hpp"
#include "support/codec.hpp"
#include "support/wire_text.hpp"

#include <algorithm>
#include <stdexcept>

namespace tombo::test {

using mqtt::PacketType;
using mqtt::PropertyId;
using mqtt::Qos;
using mqtt::Version;

namespace {

void read_properties_into(mqtt::Bytes raw, Received& out) {
  mqtt::for_each_property(raw, [&](PropertyId id, mqtt::Bytes, mqtt::Bytes value) {
    mqtt::Cursor cursor(value);
    switch (mqtt::property_rule(static_cast<std::uint32_t>(id))->type) {
      case mqtt::PropertyType::byte: out.numbers.emplace_back(id, cursor.u8()); break;
      case mqtt::PropertyType::u16: out.numbers.emplace_back(id, cursor.u16()); break;
      case mqtt::PropertyType::u32: out.numbers.emplace_back(id, cursor.u32()); break;
      case mqtt::PropertyType::vbi: out.numbers.emplace_back(id, cursor.varint()); break;
      case mqtt::PropertyType::text:
      case mqtt::PropertyType::binary: out.texts.emplace_back(id, std::string(mqtt::text_of(cursor.binary()))); break;
      case mqtt::PropertyType::pair: {
        std::string name(cursor.text());
        out.user_properties.emplace_back(std::move(name), std::string(cursor.text()));
        break;
      }
    }
  });
}

/// The broker's own packets may hold as much as a test wants.
const mqtt::DecodeLimits kLimits{100'000, 255};

/// Throws on a packet that does not decode: the broker must never send one.
template <class View, class Decode>
View decoded(Decode&& decode) {
  View view;
  if (const auto good = decode(view); !good) throw std::runtime_error("the broker sent a packet that does not decode");
  return view;
}

Received copy_out(const mqtt::Frame& frame, Version version) {
  constexpr auto kServer = mqtt::Sender::server;
  Received out;
  out.type = frame.type;
  out.flags = frame.flags;
  switch (frame.type) {
    case PacketType::connack: {
      const auto view = decoded<mqtt::ConnackView>([&](auto& v) { return mqtt::decode_connack(frame, version, kLimits, v); });
      out.session_present = view.session_present;
      out.reason = static_cast<mqtt::ReasonCode>(view.code);
      read_properties_into(view.properties.raw, out);
      break;
    }
    case PacketType::publish: {
      const auto view = decoded<mqtt::PublishView>([&](auto& v) { return mqtt::decode_publish(frame, version, kLimits, v, kServer); });
      out.topic = view.topic;
      out.payload = mqtt::text_of(view.payload);
      out.packet_id = view.packet_id;
      out.qos = view.qos;
      out.retain = view.retain;
      out.dup = view.dup;
      read_properties_into(view.properties.raw, out);
      break;
    }
    case PacketType::suback:
    case PacketType::unsuback: {
      const auto view = decoded<mqtt::SubackView>([&](auto& v) {
        return frame.type == PacketType::suback ? mqtt::decode_suback(frame, version, kLimits, v)
                                                : mqtt::decode_unsuback(frame, version, kLimits, v);
      });
      out.packet_id = view.packet_id;
      for (const auto code : view.codes) out.codes.push_back(static_cast<mqtt::ReasonCode>(code));
      read_properties_into(view.properties.raw, out);
      break;
    }
    case PacketType::disconnect: {
      const auto view = decoded<mqtt::DisconnectView>([&](auto& v) { return mqtt::decode_disconnect(frame, version, kLimits, v, kServer); });
      out.reason = view.reason;
      read_properties_into(view.properties.raw, out);
      break;
    }
    case PacketType::auth: {
      const auto view = decoded<mqtt::AuthView>([&](auto& v) { return mqtt::decode_auth(frame, kLimits, v, kServer); });
      out.reason = view.reason;
      read_properties_into(view.properties.raw, out);
      break;
    }
    case PacketType::pingresp: break;
    default: {
      const auto view = decoded<mqtt::AckView>([&](auto& v) { return mqtt::decode_ack(frame, version, kLimits, v, kServer); });
      out.packet_id = view.packet_id;
      out.reason = view.reason;
      read_properties_into(view.properties.raw, out);
    }
  }
  return out;
}

}  // namespace

bool Received::has(PropertyId id) const {
  return number(id).has_value() || text(id).has_value() || (id == PropertyId::user_property && !user_properties.empty());
}

std::optional<std::uint32_t> Received::number(PropertyId id) const {
  for (const auto& [property, value] : numbers) {
    if (property == id) return value;
  }
  return {};
}

std::optional<std::string> Received::text(PropertyId id) const {
  for (const auto& [property, value] : texts) {
    if (property == id) return value;
  }
  return {};
}

std::vector<std::uint32_t> Received::subscription_ids() const {
  std::vector<std::uint32_t> ids;
  for (const auto& [property, value] : numbers) {
    if (property == PropertyId::subscription_identifier) ids.push_back(value);
  }
  return ids;
}

TestClient::TestClient(VirtualBroker& broker, Version version, routing::ShardId shard)
    : broker_(broker), version_(version), shard_(shard), connection_(&broker.open(shard)) {}

Received TestClient::connect(Connect connect) {
  if (std::exchange(used_, true)) connection_ = &broker_.open(shard_);
  partial_.clear();
  received_.clear();
  mqtt::ConnectOut out;
  out.version = version_;
  out.bridge = connect.bridge;
  out.clean_start = connect.clean_start;
  out.keep_alive_s = connect.keep_alive_s;
  out.client_id = connect.client_id;
  out.raw_properties = connect.properties.bytes();
  if (connect.user_name) out.user_name = *connect.user_name;
  if (connect.password) out.password = mqtt::bytes_of(*connect.password);
  out.has_will = connect.has_will;
  out.will_topic = connect.will_topic;
  out.will_payload = mqtt::bytes_of(connect.will_payload);
  out.will_qos = connect.will_qos;
  out.will_retain = connect.will_retain;
  out.raw_will_properties = connect.will_properties.bytes();
  mqtt::WriteBatch batch;
  mqtt::encode_connect(batch, out);
  send_batch(batch);
  return next();
}

Received TestClient::connect(std::string client_id, bool clean_start) {
  Connect with;
  with.client_id = std::move(client_id);
  with.clean_start = clean_start;
  return connect(std::move(with));
}

Received TestClient::subscribe_all(const std::vector<std::pair<std::string, mqtt::SubscribeOptions>>& filters,
                                   std::uint32_t subscription_id) {
  std::vector<mqtt::SubscriptionOut> wanted;
  for (const auto& [filter, options] : filters) wanted.push_back({filter, options});
  mqtt::PropertyWriter properties;
  if (subscription_id != 0) properties.number(PropertyId::subscription_identifier, subscription_id);
  mqtt::WriteBatch batch;
  mqtt::encode_subscribe(batch, version_, fresh_id(), wanted, properties.bytes());
  send_batch(batch);
  return next(PacketType::suback);
}

Received TestClient::subscribe(std::string_view filter, mqtt::SubscribeOptions options, std::uint32_t subscription_id) {
  return subscribe_all({{std::string(filter), options}}, subscription_id);
}

Received TestClient::subscribe(std::string_view filter, Qos qos) {
  mqtt::SubscribeOptions options;
  options.qos = qos;
  return subscribe(filter, options);
}

Received TestClient::unsubscribe_all(const std::vector<std::string>& filters) {
  const std::vector<std::string_view> views(filters.begin(), filters.end());
  mqtt::WriteBatch batch;
  mqtt::encode_unsubscribe(batch, version_, fresh_id(), views);
  send_batch(batch);
  return next(PacketType::unsuback);
}

Received TestClient::unsubscribe(std::string_view filter) { return unsubscribe_all({std::string(filter)}); }

Received TestClient::publish(Publish publish) {
  if (publish.qos != Qos::at_most_once && publish.packet_id == 0) publish.packet_id = fresh_id();
  mqtt::WriteBatch batch;
  mqtt::encode_client_publish(batch, version_, publish.topic, mqtt::bytes_of(publish.payload), publish.qos,
                              publish.retain, publish.dup, publish.packet_id, publish.properties.bytes());
  send_batch(batch);
  if (publish.qos == Qos::at_most_once) return {};
  return next(publish.qos == Qos::at_least_once ? PacketType::puback : PacketType::pubrec);
}

Received TestClient::publish(std::string_view topic, std::string_view payload, Qos qos, bool retain) {
  Publish publish_this;
  publish_this.topic = topic;
  publish_this.payload = payload;
  publish_this.qos = qos;
  publish_this.retain = retain;
  return publish(std::move(publish_this));
}

void TestClient::publish_exactly_once(std::string_view topic, std::string_view payload) {
  const auto pubrec = publish(topic, payload, Qos::exactly_once);
  ack(PacketType::pubrel, pubrec.packet_id);
  next(PacketType::pubcomp);
}

void TestClient::ack(PacketType type, mqtt::PacketId id, mqtt::ReasonCode reason) {
  mqtt::WriteBatch batch;
  mqtt::encode_ack(batch, {version_, 0xFFFF'FFFF}, type, id, reason);
  send_batch(batch);
}

void TestClient::ping() {
  mqtt::WriteBatch batch;
  mqtt::encode_pingreq(batch);
  send_batch(batch);
}

void TestClient::disconnect(mqtt::ReasonCode reason, mqtt::PropertyWriter properties) {
  mqtt::WriteBatch batch;
  mqtt::encode_client_disconnect(batch, version_, reason, properties.bytes());
  send_batch(batch);
}

void TestClient::cut() {
  used_ = true;
  connection_->cut();
  broker_.settle();
}

void TestClient::send(mqtt::Bytes bytes) {
  used_ = true;
  connection_->send(bytes);
  broker_.settle();
}

void TestClient::send_wire(std::string_view text) { send(wire(text)); }

void TestClient::send_batch(mqtt::WriteBatch& batch) { send(bytes_of(batch)); }

void TestClient::read() {
  const auto fresh = connection_->take_received();
  partial_.insert(partial_.end(), fresh.begin(), fresh.end());
  std::size_t done = 0;
  while (true) {
    const mqtt::Bytes rest = mqtt::Bytes(partial_).subspan(done);
    const auto result = mqtt::next_frame(rest, mqtt::kRemainingLengthMax + mqtt::kFixedHeaderMax);
    if (result.status == mqtt::FrameStatus::refused) throw std::runtime_error("the broker sent what is no packet");
    if (result.status == mqtt::FrameStatus::incomplete) break;
    received_.push_back(copy_out(result.frame, version_));
    received_.back().raw.assign(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(result.frame.size));
    done += result.frame.size;
  }
  partial_.erase(partial_.begin(), partial_.begin() + static_cast<std::ptrdiff_t>(done));
}

Received TestClient::next() {
  read();
  if (received_.empty()) return {};
  Received first = std::move(received_.front());
  received_.pop_front();
  return first;
}

Received TestClient::next(PacketType type) {
  read();
  const auto found = std::find_if(received_.begin(), received_.end(), [&](const Received& r) { return r.type == type; });
  if (found == received_.end()) return {};
  Received packet = std::move(*found);
  received_.erase(found);
  return packet;
}

std::vector<Received> TestClient::publishes() {
  std::vector<Received> all;
  for (Received packet = next(PacketType::publish); packet.type == PacketType::publish; packet = next(PacketType::publish)) {
    all.push_back(std::move(packet));
  }
  return all;
}

void TestClient::drop_received() {
  read();
  received_.clear();
}

bool TestClient::nothing_received() {
  read();
  return received_.empty();
}

bool TestClient::closed() {
  broker_.settle();
  return connection_->closed_by_broker();
}

}  // namespace tombo::test
