#pragma once

#include "mqtt/message.hpp"
#include "mqtt/packet_views.hpp"
#include "mqtt/reason_code.hpp"
#include "mqtt/write_batch.hpp"

#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace tombo::mqtt {

/// Texts that a server may add to an acknowledgement.  Left out, user properties first, where they would make
/// the packet larger than the peer allows.  [MQTT-3.4.2-2, -3 and their sisters]
struct Diagnostics {
  std::string_view reason_string;
  std::span<const std::pair<std::string_view, std::string_view>> user_properties;
};

/// What a packet is encoded for.
struct PeerFormat {
  Version version = Version::v5;
  std::uint32_t packet_max = 0xFFFF'FFFF;  // the peer's Maximum Packet Size
  std::uint16_t topic_skip = 0;            // bytes at the start of each topic that the peer does not see: its mount point
};

/// One PUBLISH to one subscriber.
struct PublishOut {
  const Ref<Message>* message = nullptr;
  Qos qos = Qos::at_most_once;
  bool dup = false;
  bool retain = false;
  PacketId packet_id = 0;                           // QoS > 0
  std::span<const std::uint32_t> subscription_ids;  // 5.0
  std::uint16_t topic_alias = 0;                    // 5.0; 0: none
  bool omit_topic = false;                          // the alias is known to the peer
  MonoTime now{};                                   // for the remaining message expiry  [MQTT-3.3.2-6]
};
/// Appends the packet, gathering a large payload by reference.  False, and nothing appended, if it is larger
/// than the peer accepts.  [MQTT-3.1.2-24]  Needs a topic longer than topic_skip.
bool encode_publish(WriteBatch& out, const PeerFormat& peer, const PublishOut& publish);

/// CONNACK.  What is not set is left out.
struct ConnackOut {
  bool session_present = false;
  ReasonCode reason = ReasonCode::success;
  std::optional<std::uint32_t> session_expiry_s;
  std::optional<std::uint16_t> receive_maximum;
  std::optional<Qos> maximum_qos;
  std::optional<bool> retain_available;
  std::optional<std::uint32_t> maximum_packet_size;
  std::string_view assigned_client_id;
  std::optional<std::uint16_t> topic_alias_maximum;
  std::optional<bool> wildcard_subscription_available;
  std::optional<bool> subscription_identifier_available;
  std::optional<bool> shared_subscription_available;
  std::optional<std::uint16_t> server_keep_alive_s;
  std::string_view response_information;
  std::string_view server_reference;
  std::string_view authentication_method;
  std::optional<Bytes> authentication_data;
  Diagnostics diagnostics;
};
/// False, and nothing appended, where the version has no code for this refusal or the packet is larger than
/// the peer accepts: then the connection is just closed.
bool encode_connack(WriteBatch& out, const PeerFormat& peer, const ConnackOut& connack);

// From here on nothing is appended if the packet is larger than the peer accepts even without diagnostics.

/// PUBACK, PUBREC, PUBREL or PUBCOMP; before 5.0 the reason is dropped.  [MQTT-2.2.1-5]
void encode_ack(WriteBatch& out, const PeerFormat& peer, PacketType type, PacketId id, ReasonCode reason,
                const Diagnostics& diagnostics = {});
/// Codes as of 5.0; refusals become 0x80 for 3.1.1.  For 3.1, which has no refusal, the caller says what to
/// grant.
void encode_suback(WriteBatch& out, const PeerFormat& peer, PacketId id, std::span<const ReasonCode> codes,
                   const Diagnostics& diagnostics = {});
/// Before 5.0 without codes.
void encode_unsuback(WriteBatch& out, const PeerFormat& peer, PacketId id, std::span<const ReasonCode> codes,
                     const Diagnostics& diagnostics = {});
void encode_pingresp(WriteBatch& out);
/// 5.0 only; nothing for older versions, whose server cannot say goodbye.
void encode_disconnect(WriteBatch& out, const PeerFormat& peer, ReasonCode reason,
                       std::string_view server_reference = {}, const Diagnostics& diagnostics = {});
/// 5.0 only.
void encode_auth(WriteBatch& out, const PeerFormat& peer, ReasonCode reason, std::string_view method,
                 Bytes data, const Diagnostics& diagnostics = {});

// What a client sends: for the load tester, bridges and tests.
struct ConnectOut {
  Version version = Version::v5;
  bool bridge = false;
  bool clean_start = true;
  std::uint16_t keep_alive_s = 0;
  std::string_view client_id;
  std::optional<std::string_view> user_name;
  std::optional<Bytes> password;
  Bytes raw_properties;  // encoded, without length
  bool has_will = false;
  std::string_view will_topic;
  Bytes will_payload;
  Qos will_qos = Qos::at_most_once;
  bool will_retain = false;
  Bytes raw_will_properties;
};
void encode_connect(WriteBatch& out, const ConnectOut& connect);
struct SubscriptionOut {
  std::string_view filter;
  SubscribeOptions options;
};
/// `raw_properties` is encoded, without length.
void encode_subscribe(WriteBatch& out, Version version, PacketId id,
                      std::span<const SubscriptionOut> subscriptions, Bytes raw_properties = {});
void encode_unsubscribe(WriteBatch& out, Version version, PacketId id,
                        std::span<const std::string_view> filters, Bytes raw_properties = {});
/// A PUBLISH as a client writes it; `topic` may be empty where an alias stands in raw_properties.
void encode_client_publish(WriteBatch& out, Version version, std::string_view topic, Bytes payload, Qos qos,
                           bool retain, bool dup, PacketId id, Bytes raw_properties = {});
void encode_pingreq(WriteBatch& out);
/// In all versions; before 5.0 without reason.
void encode_client_disconnect(WriteBatch& out, Version version, ReasonCode reason = ReasonCode::success,
                              Bytes raw_properties = {});

/// Appends single properties to a byte vector, for raw_properties above.
class PropertyWriter {
 public:
  PropertyWriter& number(PropertyId id, std::uint32_t value);
  PropertyWriter& text(PropertyId id, std::string_view value);
  PropertyWriter& binary(PropertyId id, Bytes value);
  PropertyWriter& user(std::string_view name, std::string_view value);
  Bytes bytes() const { return bytes_; }

 private:
  std::vector<std::uint8_t> bytes_;
};

}  // namespace tombo::mqtt
