#pragma once

#include "bench/engine/context.hpp"
#include "bench/engine/link.hpp"
#include "bench/engine/publisher.hpp"
#include "bench/engine/responder.hpp"
#include "bench/engine/subscriber.hpp"
#include "mqtt/framer.hpp"
#include "mqtt/packet_views.hpp"

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace tombo::bench::engine {

class Client;

/// Told what becomes of its clients.
class ClientOwner {
 public:
  virtual ~ClientOwner() = default;
  /// Connected, and every subscription granted.
  virtual void on_ready(Client& client) = 0;
  /// Did not get ready, for good.
  virtual void on_failed(Client& client, const RunError& error) = 0;
  /// Was ready and lost its connection; `returns` when it will connect again.
  virtual void on_lost(Client& client, const RunError& error, bool returns) = 0;
};

/// One MQTT client: connects, subscribes, keeps alive, comes back; what it sends and receives is the business of its
/// publisher, subscriber and responder.  Lives on: its worker's thread.
class Client final : public LoopClient {
 public:
  Client(Context& context, ClientOwner& owner, const ClientSpec& spec);

  const ClientSpec& spec() const { return spec_; }
  bool is_ready() const { return state_ == State::ready; }
  bool is_closed() const { return state_ == State::closed; }
  Publisher* publisher() { return publisher_.get(); }
  const Publisher* publisher() const { return publisher_.get(); }
  const Subscriber* subscriber() const { return subscriber_.get(); }
  /// Nothing under way in either direction.
  bool settled() const;

  void connect();
  /// Sends DISCONNECT and closes.
  void leave();
  /// Leaves and connects anew, as if for the first time.
  void restart();
  /// Credit or the schedule allows more: publish at the end of this turn.
  void wake() { context_.loop.wake(*this); }
  /// Timeouts, keep-alive and retries; called a few times a second.
  void on_tick(std::int64_t now);

  void on_events(std::uint32_t epoll_events) override;
  void on_turn_end() override;

 private:
  enum class State : std::uint8_t { idle, connecting, greeting, subscribing, ready, waiting, closed };

  void on_open();
  void greet();
  void read();
  /// Returns the bytes that were whole packets.
  std::size_t parse(mqtt::Bytes bytes, std::int64_t now);
  bool on_frame(const mqtt::Frame& frame, std::int64_t now);
  bool on_ack(const mqtt::Frame& frame, std::int64_t now);
  bool on_publish(const mqtt::Frame& frame, std::int64_t now);
  bool on_connack(const mqtt::Frame& frame, std::int64_t now);
  bool on_suback(const mqtt::Frame& frame, std::int64_t now);
  bool on_disconnect(const mqtt::Frame& frame);
  bool unexpected(std::string_view what);
  void subscribe_more();
  void become_ready();
  void watch_socket();
  /// The connection is of no use any more.  Returns false for its callers to pass on.
  bool fail(RunError error);
  RunError broken(std::string_view what) const;
  std::string where() const;

  Context& context_;
  ClientOwner& owner_;
  const ClientSpec& spec_;
  Link link_;
  State state_ = State::idle;
  bool was_ready_ = false;
  std::uint32_t watched_ = 0;  // epoll events asked for
  std::uint32_t retries_left_ = 0;
  std::int64_t began_ns_ = 0;  // to connect, to wait
  std::int64_t retry_ns_ = 0;
  std::int64_t last_sent_ns_ = 0;
  std::uint16_t keep_alive_s_ = 0;
  std::size_t filters_sent_ = 0;
  std::size_t filters_granted_ = 0;
  std::int64_t subscribe_ns_ = 0;
  std::vector<std::uint8_t> partial_;  // the front of a packet whose rest has not arrived
  std::size_t partial_needs_ = 0;
  ServerLimits limits_;
  std::unique_ptr<Publisher> publisher_;
  std::unique_ptr<Subscriber> subscriber_;
  std::unique_ptr<Responder> responder_;
};

}  // namespace tombo::bench::engine
