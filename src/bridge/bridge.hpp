#pragma once

#include "bridge/line.hpp"
#include "bridge/local_end.hpp"
#include "bridge/plan.hpp"
#include "bridge/relay.hpp"
#include "broker/bridge_figures.hpp"
#include "broker/shard.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace tombo::bridge {

/// One connection of a bridge: a client here and a client there, with a Relay between them.  What waits and what is in
/// flight is kept by the session here, so whatever breaks, both ends connect anew and go on.  Sans I/O.
/// Lives on: one shard.
class Bridge final : private LocalEnd::Listener {
 public:
  struct Parts {
    broker::Shard* shard = nullptr;
    Line* line = nullptr;
    std::shared_ptr<const Plan> plan;
    std::shared_ptr<broker::BridgeFigures> figures;
    std::uint64_t seed = 0;  // of the jitter
    log::Logger logger;
  };
  explicit Bridge(Parts parts);
  ~Bridge() override;
  Bridge(const Bridge&) = delete;
  Bridge& operator=(const Bridge&) = delete;

  // --- within a turn
  /// Makes the subscriptions here, so that messages wait from now on, then connects if it is time.
  void begin();
  /// Before the turn's end: what waits goes to our broker, and what is due is done.
  void turn();
  /// Other options: at once, or at the next connection, as they say themselves.
  void change(std::shared_ptr<const Plan> plan);
  /// Says goodbye on both sides; `forget`: what waits is given up, since the bridge has been taken out of the configuration.
  void end(bool forget);

  // --- the line, within a turn
  void on_open();
  void on_lost(std::string_view why);
  /// Returns how many were consumed; the line keeps the rest and hands it over again in front of what comes next.
  std::size_t on_bytes(mqtt::Bytes bytes);
  void on_probed(bool reachable);

  // --- after a turn
  /// What the line writes.
  mqtt::WriteBatch& out() { return out_; }
  /// The line has written something.
  void on_written();

  /// When turn() is wanted at the latest.
  MonoTime next_due() const;
  bool ended() const { return phase_ == Phase::ended && local_.none(); }
  /// Its session is on that shard, so this is where the bridge belongs.
  std::optional<routing::ShardId> elsewhere() const { return local_.elsewhere(); }
  const Plan& plan() const { return *plan_; }
  broker::BridgeState state() const { return parts_.figures->state.load(std::memory_order_relaxed); }

 private:
  enum class Phase : std::uint8_t {
    preparing,  // the local end makes its subscriptions
    idle,       // lazy, or once and over
    waiting,    // for the next attempt
    dialing,
    greeting,  // CONNECT is sent
    up,
    leaving,  // the local end has to leave before what comes next
    ended,
  };

  enum class After : std::uint8_t { prepare, idle, end };
  // What the other broker said when it let us in.
  struct Welcome {
    Relay::Peer peer;
    std::uint16_t receive_maximum = 65'535;
    bool session_present = false;
  };

  // local
  void on_joined(bool present) override;
  void on_subscribed() override;
  void on_local_packet(const mqtt::Frame& frame) override;
  bool takes_more() const override;
  void on_local_lost(std::string_view why) override;
  void prepare();
  void ready();
  void join();
  LocalEnd::Terms terms() const;
  // remote (bridge_remote.cpp)
  void greet();
  bool on_packet(const mqtt::Frame& frame);
  void on_connack(const mqtt::Frame& frame);
  void on_refused(std::uint8_t code);
  void subscribe_there();
  void on_suback(const mqtt::Frame& frame);
  void keep_alive();
  void say_there(std::string_view state);
  void write_disconnect(mqtt::ReasonCode reason);
  // both
  void dial();
  void attempt_failed(std::string_view why);
  void lost(std::string_view why);
  void wait(Milliseconds pause);
  Milliseconds longer_pause();
  void part(After after);
  void parted();
  void every_second();
  void look_at_queue();
  void enter(Phase phase, MonoTime due);
  void say_here(std::string_view state);
  std::uint64_t random();
  MonoTime now() const { return parts_.shard->now(); }

  Parts parts_;
  std::shared_ptr<const Plan> plan_;
  std::shared_ptr<const Plan> next_plan_;  // from the next connection on
  LocalEnd local_;
  Relay relay_;
  mqtt::WriteBatch out_;
  Phase phase_ = Phase::preparing;
  After after_ = After::end;  // leaving
  Welcome welcome_;
  bool join_due_ = false;  // as soon as the former local end has gone
  bool prepared_ = false;  // the subscriptions are made
  MonoTime due_ = kNever;  // of the phase: an attempt begins or has taken too long
  MonoTime next_second_{};
  MonoTime up_since_{};
  MonoTime carried_at_{};        // lazy: the last message
  MonoTime asked_at_{};          // the last PINGREQ
  MonoTime pinged_at_ = kNever;  // it is not answered
  MonoTime probe_at_ = kNever;
  Milliseconds pause_{0};  // before the next attempt
  std::size_t address_ = 0;
  std::uint32_t keep_alive_s_ = 0;  // as the other broker wants it
  mqtt::PacketId request_id_ = 0;
  std::size_t requests_ = 0;  // SUBSCRIBE and UNSUBSCRIBE that are not answered
  std::uint32_t connected_times_ = 0;
  std::string told_;         // the last failure that was logged
  bool private_bit_ = true;  // 3.x: the next CONNECT says that this is a bridge
  bool reading_ = true;
  bool forget_ = false;
  bool probing_ = false;
  bool retained_due_ = true;  // retained messages go out when the connection is made
  std::uint64_t random_state_;
};

}  // namespace tombo::bridge
