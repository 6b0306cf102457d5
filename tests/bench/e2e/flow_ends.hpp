#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <string>
#include <vector>

#include "flow.hpp"

namespace tombo::bench {

/// The front of every payload.
struct Stamp {
  std::uint32_t publisher;
  std::uint32_t receiver;
  std::uint64_t sequence;
};

/// The sending side: a reel of encoded PUBLISH packets that is stamped and sent in slices.
class FlowPublisher final : public PacketHandler {
 public:
  FlowPublisher(Flow& flow, std::uint32_t index, Link link);

  void on_packet(Connection& connection, const PacketView& packet) override;
  void on_turn_end(Connection& connection) override;

  void start() { connection_.wake(); }
  /// Publishes `count` messages now, in one write unless the reel ends in between.
  void publish(std::uint32_t count);
  /// One of its messages has reached a subscriber.
  void on_delivered(std::uint64_t sequence);
  [[nodiscard]] bool settled() const { return sent_ == completed_ && sent_ == acknowledged_; }
  /// Throws when what came does not add up to what was sent.
  void check_sums() const;

 private:
  [[nodiscard]] std::uint32_t credit() const;
  void write_slice(std::uint32_t first, std::uint32_t count);
  void expect_id(std::uint64_t& counter, const PacketView& packet, const char* what);

  Flow& flow_;
  std::uint32_t index_;
  Connection connection_;
  std::string reel_;
  std::vector<std::size_t> starts_;       ///< Packet i lies in [starts_[i], starts_[i + 1]).
  std::vector<std::size_t> sequence_at_;  ///< Where packet i's sequence number lies.
  std::uint32_t position_ = 0;
  std::uint64_t sent_ = 0;
  std::uint64_t completed_ = 0;  ///< Delivered to everyone who should get it.
  std::uint64_t received_ = 0;   ///< PUBRECs seen
  std::uint64_t acknowledged_ = 0;
  std::uint64_t sequence_sum_ = 0;  ///< Of what was delivered: finds one lost and one twice.
  std::uint64_t deliveries_ = 0;
  std::vector<std::uint32_t> copies_;  ///< Spread::all: deliveries of the message sequence % size.
};

/// The receiving side: checks order and completes handshakes.
class FlowSubscriber final : public PacketHandler {
 public:
  FlowSubscriber(Flow& flow, std::uint32_t index, Link link);

  void on_packet(Connection& connection, const PacketView& packet) override;
  [[nodiscard]] bool settled() const { return open_ids_ == 0; }

 private:
  void on_publish(Connection& connection, const PacketView& packet);
  void check_order(const Stamp& stamp);
  void note_delay(const Stamp& stamp);

  Flow& flow_;
  std::uint32_t index_;
  std::vector<std::uint64_t> next_;  ///< By publisher: the lowest sequence number still allowed.
  std::bitset<65536> open_;          ///< QoS 2 identifiers between PUBREC and PUBREL.
  std::uint32_t open_ids_ = 0;
  Connection connection_;
};

}  // namespace tombo::bench
