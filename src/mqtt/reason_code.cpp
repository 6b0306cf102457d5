#include "mqtt/reason_code.hpp"

#include <array>

namespace tombo::mqtt {
namespace {

constexpr std::uint32_t of(PacketType type) {
  return 1U << static_cast<unsigned>(type);
}

constexpr std::uint32_t kConnack = of(PacketType::connack);
constexpr std::uint32_t kPuback = of(PacketType::puback);
constexpr std::uint32_t kPubrec = of(PacketType::pubrec);
constexpr std::uint32_t kPubrel = of(PacketType::pubrel);
constexpr std::uint32_t kPubcomp = of(PacketType::pubcomp);
constexpr std::uint32_t kSuback = of(PacketType::suback);
constexpr std::uint32_t kUnsuback = of(PacketType::unsuback);
constexpr std::uint32_t kDisconnect = of(PacketType::disconnect);
constexpr std::uint32_t kAuth = of(PacketType::auth);
constexpr std::uint32_t kAcks = kPuback | kPubrec;
constexpr std::uint32_t kSubscriptionAcks = kSuback | kUnsuback;

constexpr std::uint8_t kNone = 0xFF;  // no return code before 5.0

struct Row {
  ReasonCode code;
  std::string_view name;
  std::uint32_t client;  // packets in which a client may send it
  std::uint32_t server;  // packets in which a server may send it
  std::uint8_t v3;       // CONNACK return code of 3.1 and 3.1.1
};

constexpr std::uint32_t kEverywhere =
    kConnack | kAcks | kPubrel | kPubcomp | kSubscriptionAcks | kDisconnect | kAuth;
constexpr std::uint32_t kError = kConnack | kAcks | kSubscriptionAcks | kDisconnect;

using enum ReasonCode;

/// Packets.md, sections 5 and 6.  Ascending by code.
constexpr std::array kRows{
    Row{success, "success", kAcks | kPubrel | kPubcomp | kDisconnect, kEverywhere, 0},
    Row{granted_qos_1, "granted_qos_1", 0, kSuback, kNone},
    Row{granted_qos_2, "granted_qos_2", 0, kSuback, kNone},
    Row{disconnect_with_will, "disconnect_with_will", kDisconnect, 0, kNone},
    Row{no_matching_subscribers, "no_matching_subscribers", 0, kAcks, kNone},
    Row{no_subscription_existed, "no_subscription_existed", 0, kUnsuback, kNone},
    Row{continue_authentication, "continue_authentication", kAuth, kAuth, kNone},
    Row{reauthenticate, "reauthenticate", kAuth, 0, kNone},
    Row{unspecified_error, "unspecified_error", kAcks | kDisconnect, kError, kNone},
    Row{malformed_packet, "malformed_packet", kDisconnect, kConnack | kDisconnect, kNone},
    Row{protocol_error, "protocol_error", kDisconnect, kConnack | kDisconnect, kNone},
    Row{implementation_specific_error, "implementation_specific_error", kAcks | kDisconnect, kError, kNone},
    Row{unsupported_protocol_version, "unsupported_protocol_version", 0, kConnack, 1},
    Row{client_identifier_not_valid, "client_identifier_not_valid", 0, kConnack, 2},
    Row{bad_user_name_or_password, "bad_user_name_or_password", 0, kConnack, 4},
    Row{not_authorized, "not_authorized", kAcks, kError, 5},
    Row{server_unavailable, "server_unavailable", 0, kConnack, 3},
    Row{server_busy, "server_busy", 0, kConnack | kDisconnect, 3},
    Row{banned, "banned", 0, kConnack, 5},
    Row{server_shutting_down, "server_shutting_down", 0, kDisconnect, kNone},
    Row{bad_authentication_method, "bad_authentication_method", 0, kConnack | kDisconnect, 5},
    Row{keep_alive_timeout, "keep_alive_timeout", 0, kDisconnect, kNone},
    Row{session_taken_over, "session_taken_over", 0, kDisconnect, kNone},
    Row{topic_filter_invalid, "topic_filter_invalid", 0, kSubscriptionAcks | kDisconnect, kNone},
    Row{topic_name_invalid, "topic_name_invalid", kAcks | kDisconnect, kConnack | kAcks | kDisconnect, kNone},
    Row{packet_identifier_in_use, "packet_identifier_in_use", kAcks, kAcks | kSubscriptionAcks, kNone},
    Row{packet_identifier_not_found, "packet_identifier_not_found", kPubrel | kPubcomp, kPubrel | kPubcomp,
        kNone},
    Row{receive_maximum_exceeded, "receive_maximum_exceeded", kDisconnect, kDisconnect, kNone},
    Row{topic_alias_invalid, "topic_alias_invalid", kDisconnect, kDisconnect, kNone},
    Row{packet_too_large, "packet_too_large", kDisconnect, kConnack | kDisconnect, kNone},
    Row{message_rate_too_high, "message_rate_too_high", kDisconnect, kDisconnect, kNone},
    Row{quota_exceeded, "quota_exceeded", kAcks | kDisconnect, kConnack | kAcks | kSuback | kDisconnect, 3},
    Row{administrative_action, "administrative_action", kDisconnect, kDisconnect, kNone},
    Row{payload_format_invalid, "payload_format_invalid", kAcks | kDisconnect, kConnack | kAcks | kDisconnect,
        kNone},
    Row{retain_not_supported, "retain_not_supported", 0, kConnack | kDisconnect, kNone},
    // The table of DISCONNECT leaves 9B to servers; another paragraph lets a client use it.
    Row{qos_not_supported, "qos_not_supported", kDisconnect, kConnack | kDisconnect, kNone},
    Row{use_another_server, "use_another_server", 0, kConnack | kDisconnect, 3},
    Row{server_moved, "server_moved", 0, kConnack | kDisconnect, 3},
    Row{shared_subscriptions_not_supported, "shared_subscriptions_not_supported", 0, kSuback | kDisconnect,
        kNone},
    Row{connection_rate_exceeded, "connection_rate_exceeded", 0, kConnack | kDisconnect, 3},
    Row{maximum_connect_time, "maximum_connect_time", 0, kDisconnect, kNone},
    Row{subscription_identifiers_not_supported, "subscription_identifiers_not_supported", 0,
        kSuback | kDisconnect, kNone},
    Row{wildcard_subscriptions_not_supported, "wildcard_subscriptions_not_supported", 0,
        kSuback | kDisconnect, kNone},
};

const Row* row_of(ReasonCode code) {
  for (const Row& row : kRows) {
    if (row.code == code) return &row;
  }
  return nullptr;
}

}  // namespace

std::string_view name_of(ReasonCode code) {
  const Row* row = row_of(code);
  return row != nullptr ? row->name : "unknown";
}

bool may_carry(PacketType type, ReasonCode code, Sender sender) {
  const Row* row = row_of(code);
  if (row == nullptr) return false;
  return ((sender == Sender::client ? row->client : row->server) & of(type)) != 0;
}

ConnectReturnCode connect_return_code(ReasonCode code) {
  const Row* row = row_of(code);
  if (row == nullptr || row->v3 == kNone) return {};
  return {true, row->v3};
}

}  // namespace tombo::mqtt
