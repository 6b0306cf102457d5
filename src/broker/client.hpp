#pragma once

#include "auth/acl/client_verdicts.hpp"
#include "auth/authenticator.hpp"
#include "base/clock.hpp"
#include "base/timer_wheel.hpp"
#include "broker/enhanced.hpp"
#include "broker/own_client.hpp"
#include "broker/rates.hpp"
#include "mqtt/reason_code.hpp"
#include "plugin/events.hpp"
#include "routing/retained_store.hpp"
#include "session/peer.hpp"
#include "store/journal.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tombo::broker {

class Transport;
class ClientSession;

/// The kinds of TimerNode that a shard's wheel holds.
inline constexpr std::uint8_t kClientTimer = 1;
inline constexpr std::uint8_t kSessionTimer = 2;
inline constexpr std::uint8_t kSecondTimer = 3;

/// Answers of the authenticator that a packet waits for.  The packet itself stays unconsumed in the transport and is
/// looked at again when the answer has come.
struct Verdicts {
  std::uint64_t ticket = 0;  // of the question that is out; 0: none
  MonoTime since{};          // the packet has come, and what follows is ours to do
  std::string client_id;     // made for a CONNECT without one: whoever is asked hears of the same
  std::optional<auth::LoginAnswer> login;
  std::optional<auth::ExchangeAnswer> step;  // of enhanced authentication
  std::optional<plugin::PublishVerdict> publish;
  std::vector<auth::AccessAnswer> access;  // in the order in which the packet asks
  std::size_t used = 0;                    // answers that this look at the packet has taken
};

/// What a client takes along to another shard when it was let in before its home was known.
struct Luggage {
  std::unique_ptr<Verdicts> verdicts;
  std::unique_ptr<Enhanced> enhanced;
};

/// An acknowledgement that waits for the disk.
struct PendingAck {
  Ref<store::Hold> hold;  // none: only those before it keep it waiting
  mqtt::PacketType type = mqtt::PacketType::puback;
  mqtt::PacketId id = 0;
  mqtt::ReasonCode reason = mqtt::ReasonCode::success;
  std::vector<mqtt::ReasonCode> codes;  // SUBACK, UNSUBACK
};

/// A delivery at the head of a client's queue of which somebody was asked.
struct AskedDelivery {
  Ref<mqtt::Message> message;
  std::uint64_t ticket = 0;
  std::uint64_t policy = 0;                  // when it was asked
  std::optional<auth::AccessAnswer> answer;  // none: not there yet
  Ref<mqtt::Message> instead;                // what it is given in the message's place; null: the message
};

/// Plugins were told that the client has come.
struct ToldPlugins {
  std::shared_ptr<const auth::Peer> peer;  // the transport has gone when they are told of the end
  mqtt::ReasonCode end = mqtt::ReasonCode::unspecified_error;  // why it ends, once somebody has said it
};

/// One network connection as the broker sees it, from accept to close.
/// Lives on: one shard; before its CONNECT is accepted it may move to another.
class Client final : public TimerNode {
 public:
  enum class State : std::uint8_t { awaiting_connect, active, closed };

  explicit Client(Transport& carrier) : TimerNode(kClientTimer), transport(&carrier) {}

  Transport* transport;              // null once closed
  ClientSession* session = nullptr;  // null until accepted
  const OwnClient* own = nullptr;    // null: somebody has come; until it is closed
  session::Peer peer;
  MonoTime last_packet{};
  MonoTime partial_since = kNever;   // when the packet began that is not whole yet
  // What its listener allows, as it stood when the connection was accepted.
  std::uint32_t packet_bytes_max = 0;
  std::uint16_t topic_alias_max = 0;
  std::uint8_t qos_max = 2;
  std::uint16_t listener = 0;        // index in options.listeners
  std::uint16_t keep_alive_s = 0;
  State state = State::awaiting_connect;
  bool id_is_user_name = false;      // whatever CONNECT says; as its listener wanted when the connection was accepted
  bool moved = false;                // came from another shard
  bool rated = false;                // its CONNECT was counted against the connection rate
  bool bridge = false;               // packets.md, section 9
  bool paused_for_verdict = false;
  bool paused_for_output = false;    // it does not read what it asked for
  bool paused_for_mailbox = false;
  bool paused_for_memory = false;
  bool paused_for_acks = false;      // too many acknowledgements wait for the disk
  bool paused_for_rate = false;      // it has sent what it may send in a second
  bool held_for_rate = false;        // it was sent what it may be sent in a second
  bool connect_expiry_zero = false;  // CONNECT asked for no session expiry  [MQTT 3.14.2.2.2]
  std::uint32_t index = 0;           // in the shard's list
  std::uint32_t number = 0;          // connections in the order of their acceptance, for redirection
  // For the operator; the counts go round.
  std::uint32_t connected_s = 0;     // seconds of the broker's clock when CONNECT was accepted
  std::uint32_t publish_received = 0;
  std::uint32_t publish_sent = 0;
  std::unique_ptr<Verdicts> verdicts;
  std::unique_ptr<auth::acl::ClientVerdicts> rights;  // none: nothing was asked yet
  std::unique_ptr<Rates> rates;        // none: nothing limits it
  std::unique_ptr<Enhanced> enhanced;  // CONNECT named a method
  std::unique_ptr<std::deque<PendingAck>> pending_acks;
  std::shared_ptr<const routing::RetainedSource> source;  // of what it retains; none: it has retained nothing
  std::unique_ptr<std::deque<AskedDelivery>> asked;  // in the order of the queue; none: nobody was asked yet
  std::unique_ptr<ToldPlugins> told;   // none: no plugin knows of it

  /// It may do everything.
  bool trusted() const { return own != nullptr && own->trusted(); }

  /// Whether it may hear that a QoS 1 or 2 message is not taken now.  An older client cannot, and a bridge of ours has it from
  /// a broker that would take it for delivered: the message is taken, and where memory or the disk lacks, no more is read.
  bool hears_refusals() const { return peer.format.version == mqtt::Version::v5 && own == nullptr; }
  /// The client identifier that it was given when it was let in, instead of its own; empty: none.
  std::string_view given_id() const {
    return verdicts && verdicts->login ? std::string_view{verdicts->login->client_id} : std::string_view{};
  }

  void ends_with(mqtt::ReasonCode reason) {
    if (told) told->end = reason;
  }

  bool paused() const { return paused_for_verdict || paused_for_output || paused_for_mailbox || paused_for_memory || paused_for_acks || paused_for_rate; }
};

}  // namespace tombo::broker
