#pragma once

#include "mqtt/decode.hpp"
#include "mqtt/encode.hpp"
#include "sim/link.hpp"
#include "sim/model.hpp"
#include "sim/rng.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace tombo::sim {

/// Who a client is, for the whole of a simulation.
struct Character {
  int number = 0;
  mqtt::Version version = mqtt::Version::v5;
  bool worker = false;  // member of shared subscriptions, subscribes to nothing else
  bool steady = false;  // connects first, subscribes to all wills and never leaves
  std::uint32_t expiry_s = 0;
  std::uint16_t receive_maximum = 65535;
  std::uint16_t topic_alias_maximum = 0;
  std::uint16_t keep_alive_s = 0;
  std::uint32_t packet_max = 0xFFFF'FFFF;
};
Character draw_character(Rng& rng, int number, bool worker);

/// One client identifier with what a good client keeps for it: sessions, messages under way, identifiers of QoS 2.
/// It follows the standard to the letter and tells the model everything that it does; what it does when is drawn.
class SimClient {
 public:
  SimClient(Character character, const Plan& plan, Model& model, Trace& trace, Rng& rng);

  enum class State : std::uint8_t { offline, connecting, online };
  State state() const { return state_; }
  const Character& character() const { return character_; }
  Link* link() { return link_; }

  /// Takes what has arrived, notices the end of a connection.
  void read(std::int64_t clock_ms);
  /// May this client open a new connection?  Not while a CONNECT that it gave up may still be taken.
  bool may_connect() const {
    return state_ != State::connecting && (given_up_ == nullptr || given_up_->broker_is_done());
  }
  /// Over a new link; the old one, if any, is left behind half open.
  void connect(Link& link, std::int64_t clock_ms);
  /// Something that an online client does.
  void act();
  /// Leaves: DISCONNECT, or just the end of the network.
  void leave(std::int64_t clock_ms);
  void give_up(std::int64_t clock_ms);
  void subscribe(std::string_view group, std::string_view filter, mqtt::SubscribeOptions options);
  void send_acks(std::size_t count);
  /// What would still have to come: for the end of the simulation.
  std::string waits_for() const;
  int connection() const { return connection_; }

 private:
  struct Outgoing {
    mqtt::PacketId id;
    int message;
    bool released;  // QoS 2: PUBREL was sent
  };
  struct Ack {
    mqtt::PacketType type;
    mqtt::PacketId id;
  };

  void lost(std::int64_t clock_ms);
  bool decide_clean_start(std::int64_t clock_ms);
  void send_connect(const Connection& connection);
  bool may_have_expired(std::int64_t clock_ms) const;
  void forget_session();
  void send(const mqtt::WriteBatch& batch, Note note);
  void publish();
  void send_publish(const Outgoing& outgoing, bool dup);
  void send_ack(mqtt::PacketType type, mqtt::PacketId id);
  void repeat();
  void subscribe_something();
  void unsubscribe_something();
  mqtt::PacketId fresh_id();
  void on_packet(const mqtt::Frame& frame, std::int64_t clock_ms);
  void on_connack(const mqtt::Frame& frame);
  void on_publish(const mqtt::Frame& frame, std::int64_t clock_ms);
  void on_ack(const mqtt::Frame& frame);
  void on_suback(const mqtt::Frame& frame);
  std::string_view resolve(const mqtt::PublishView& publish);
  int make_will();

  Character character_;
  const Plan& plan_;
  Model& model_;
  Trace& trace_;
  Rng& rng_;
  State state_ = State::offline;
  Link* link_ = nullptr;
  Link* given_up_ = nullptr;
  int connection_ = -1;
  std::vector<std::uint8_t> partial_;

  // The session as the client knows it.
  bool must_start_clean_ = false;
  std::uint32_t acked_expiry_s_ = 0;  // of the last connection that was accepted
  std::uint32_t expiry_least_s_ = 0;  // the same, or less if a DISCONNECT may have said so
  std::int64_t lost_ms_ = 0;
  std::deque<Outgoing> outgoing_;
  std::set<mqtt::PacketId> receiving_;
  mqtt::PacketId last_id_ = 0;
  std::set<std::pair<std::string, std::string>> wanted_;  // group, filter

  // This connection.
  std::deque<Ack> acks_;
  std::map<mqtt::PacketId, std::vector<int>> asked_;  // SUBSCRIBE under way
  std::map<mqtt::PacketId, int> unsubscribing_;  // UNSUBSCRIBE under way
  std::set<mqtt::PacketId> unacknowledged_;
  std::map<std::uint16_t, std::string> in_aliases_;
  std::map<std::string, std::uint16_t> out_aliases_;
  std::uint16_t alias_max_ = 0;
  std::uint16_t send_quota_ = 8;
};

}  // namespace tombo::sim
