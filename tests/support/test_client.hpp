#pragma once

#include "mqtt/decode.hpp"
#include "mqtt/encode.hpp"
#include "support/virtual_broker.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tombo::test {

/// A packet that a client received, with everything in it copied out.
struct Received {
  mqtt::PacketType type = mqtt::PacketType::reserved;
  std::uint8_t flags = 0;
  std::vector<std::uint8_t> raw;      // the whole packet
  mqtt::PacketId packet_id = 0;
  mqtt::ReasonCode reason = mqtt::ReasonCode::success;  // CONNACK of older versions: its return code as it stands
  bool session_present = false;       // CONNACK
  std::vector<mqtt::ReasonCode> codes;  // SUBACK, UNSUBACK
  std::string topic;                  // PUBLISH, as on the wire (empty with an alias)
  std::string payload;
  mqtt::Qos qos = mqtt::Qos::at_most_once;
  bool retain = false;
  bool dup = false;
  // Properties: numbers and texts in the order of the packet.
  std::vector<std::pair<mqtt::PropertyId, std::uint32_t>> numbers;
  std::vector<std::pair<mqtt::PropertyId, std::string>> texts;             // text and binary
  std::vector<std::pair<std::string, std::string>> user_properties;

  bool has(mqtt::PropertyId id) const;
  /// The first value of a property; nothing if it is not there.
  std::optional<std::uint32_t> number(mqtt::PropertyId id) const;
  std::optional<std::string> text(mqtt::PropertyId id) const;
  std::vector<std::uint32_t> subscription_ids() const;
};

/// A client that does what a test tells it and nothing else: it acknowledges nothing by itself.  Every call that
/// sends lets the broker settle, so the answers are there when it returns.
class TestClient {
 public:
  TestClient(VirtualBroker& broker, mqtt::Version version, routing::ShardId shard = 0);

  struct Connect {
    std::string client_id;
    bool clean_start = true;
    std::uint16_t keep_alive_s = 0;
    mqtt::PropertyWriter properties;
    std::optional<std::string> user_name;
    std::optional<std::string> password;
    bool has_will = false;
    std::string will_topic;
    std::string will_payload;
    mqtt::Qos will_qos = mqtt::Qos::at_most_once;
    bool will_retain = false;
    mqtt::PropertyWriter will_properties;
    bool bridge = false;
  };
  /// On a fresh connection (an old one that was used is left alone) and sends CONNECT; returns the first answer, of
  /// type `reserved` if there was none.
  Received connect(Connect connect);
  Received connect(std::string client_id, bool clean_start = true);

  /// SUBSCRIBE with a fresh packet identifier; returns SUBACK and keeps what else came for later.
  Received subscribe(std::string_view filter, mqtt::SubscribeOptions options, std::uint32_t subscription_id = 0);
  Received subscribe(std::string_view filter, mqtt::Qos qos = mqtt::Qos::at_most_once);
  Received subscribe_all(const std::vector<std::pair<std::string, mqtt::SubscribeOptions>>& filters, std::uint32_t subscription_id = 0);
  Received unsubscribe(std::string_view filter);
  Received unsubscribe_all(const std::vector<std::string>& filters);

  struct Publish {
    std::string topic;
    std::string payload;
    mqtt::Qos qos = mqtt::Qos::at_most_once;
    bool retain = false;
    bool dup = false;
    mqtt::PacketId packet_id = 0;  // 0: a fresh one at QoS > 0
    mqtt::PropertyWriter properties;
  };
  /// Sends PUBLISH; QoS 1 and 2: returns PUBACK or PUBREC (type `reserved` if none came).  Does not send PUBREL.
  Received publish(Publish publish);
  Received publish(std::string_view topic, std::string_view payload, mqtt::Qos qos = mqtt::Qos::at_most_once, bool retain = false);
  /// The whole QoS 2 exchange.
  void publish_exactly_once(std::string_view topic, std::string_view payload);

  /// PUBACK, PUBREC, PUBREL or PUBCOMP.
  void ack(mqtt::PacketType type, mqtt::PacketId id, mqtt::ReasonCode reason = mqtt::ReasonCode::success);
  void ping();
  void disconnect(mqtt::ReasonCode reason = mqtt::ReasonCode::success, mqtt::PropertyWriter properties = {});
  /// The network goes away without a word.
  void cut();
  /// Any bytes.
  void send(mqtt::Bytes bytes);
  /// As send(), written as wire() understands: "C0 00".
  void send_wire(std::string_view text);
  /// Sends without letting the broker settle.
  void send_only(mqtt::Bytes bytes) {
    used_ = true;
    connection_->send(bytes);
  }

  /// The next packet that was received and not looked at, type `reserved` if there is none.
  Received next();
  /// The next of this type; what came before it stays for later.
  Received next(mqtt::PacketType type);
  /// Every PUBLISH not yet looked at.
  std::vector<Received> publishes();
  /// Forgets everything that was received.
  void drop_received();
  bool nothing_received();
  /// The broker has closed the connection.
  bool closed();

  VirtualConnection& connection() { return *connection_; }
  mqtt::Version version() const { return version_; }
  VirtualBroker& broker() { return broker_; }
  /// Counts up and round, never 0.
  mqtt::PacketId fresh_id() {
    if (++last_id_ == 0) ++last_id_;
    return last_id_;
  }

 private:
  void send_batch(mqtt::WriteBatch& batch);
  void read();

  VirtualBroker& broker_;
  mqtt::Version version_;
  routing::ShardId shard_;
  VirtualConnection* connection_ = nullptr;
  bool used_ = false;  // the present connection is not a fresh one
  std::vector<std::uint8_t> partial_;
  std::deque<Received> received_;
  mqtt::PacketId last_id_ = 0;
};

}  // namespace tombo::test
