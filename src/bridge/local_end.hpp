#pragma once

#include "bridge/topic_map.hpp"
#include "broker/own_client.hpp"
#include "broker/shard.hpp"
#include "broker/transport.hpp"
#include "mqtt/encode.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tombo::bridge {

/// A bridge as a client of its own broker: MQTT 5.0 through a transport without a network.  Its session is like any other
/// one: it queues, keeps what is in flight and survives on disk.
/// Lives on: one shard; what is called within a turn or after it says so.
class LocalEnd {
 public:
  /// What happens here.  Called after a turn, but for on_local_lost(), which may come within one.
  class Listener {
   public:
    virtual ~Listener() = default;
    /// The session is ours; `present`: it was there before.
    virtual void on_joined(bool present) = 0;
    virtual void on_subscribed() = 0;
    /// PUBLISH, PUBACK, PUBREC, PUBREL or PUBCOMP.
    virtual void on_local_packet(const mqtt::Frame& frame) = 0;
    /// Whether there is room for more of them.
    virtual bool takes_more() const = 0;
    /// The connection has ended, whoever did it.
    virtual void on_local_lost(std::string_view why) = 0;
  };
  struct Terms {
    std::string client_id;
    bool clean = false;
    std::uint16_t receive_maximum = 20;
    mqtt::RetainHandling retained = mqtt::RetainHandling::send;
    mqtt::Qos qos_max = mqtt::Qos::exactly_once;  // of the other broker
    std::vector<Wanted> filters;
    broker::OwnClient own;
  };

  LocalEnd(broker::Shard& shard, Listener& listener);
  ~LocalEnd();

  /// Connects; needs none().
  void join(Terms terms);
  /// Says goodbye; the session stays unless it is clean.
  void leave();
  /// Ends it as a network does that fails.  Takes effect in the next turn().
  void cut(std::string_view why);
  /// Within a turn: hands over what waits for the broker.
  void turn();
  /// There is room again: takes_more().
  void go_on();

  bool none() const { return link_ == nullptr; }
  bool joined() const { return link_ != nullptr && state_ == State::joined; }
  /// Something is to be done in a turn.
  bool has_work() const;
  /// Packets for the broker; only while joined().
  mqtt::WriteBatch& packets() { return packets_; }
  /// The session lives on another shard.
  std::optional<routing::ShardId> elsewhere() const { return elsewhere_; }

 private:
  enum class State : std::uint8_t { opening, joined, leaving };
  class Link;

  void on_flush();
  void take(mqtt::Bytes& bytes);
  void on_packet(const mqtt::Frame& frame);
  void subscribe(std::size_t index);
  void on_suback(const mqtt::Frame& frame);
  void ended(std::string_view why);

  broker::Shard& shard_;
  Listener& listener_;
  Terms terms_;
  State state_ = State::opening;
  std::unique_ptr<Link> link_;
  mqtt::WriteBatch packets_;
  std::vector<std::uint8_t> rest_;  // from the broker, of a packet that is not whole or waits for room
  std::size_t subscribed_ = 0;      // filters that are answered
  mqtt::PacketId subscribe_id_ = 0;
  std::string cut_why_;
  bool has_more_ = false;
  std::optional<routing::ShardId> elsewhere_;
};

}  // namespace tombo::bridge
