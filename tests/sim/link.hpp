#pragma once

#include "sim/rng.hpp"
#include "support/virtual_broker.hpp"

#include <cstdint>
#include <deque>
#include <vector>

namespace tombo::sim {

/// What a packet on its way to the broker means to the model.
struct Note {
  enum class Kind : std::uint8_t { nothing, connect, publish, subscribe, unsubscribe, disconnect };
  Kind kind = Kind::nothing;
  int index = 0;  // in the model's table of that kind
};

/// The network between one client and the broker: bytes take their time in both directions, arrive in pieces and in
/// order, and may be lost with the connection.
class Link {
 public:
  Link(test::VirtualConnection& connection, int number) : connection_(&connection), number_(number) {}

  int number() const { return number_; }

  // --- the client's side
  void send(mqtt::Bytes packet, Note note);
  /// What has arrived.
  std::vector<std::uint8_t> receive() { return std::exchange(arrived_, {}); }
  /// The client has nothing more to say; what it sent still travels, then the network ends.
  void close_after_sending() { closing_ = true; }
  /// Nothing more can come.
  bool dead_for_client() const;

  // --- the network
  /// Moves some bytes, or all of them.
  void move(Rng& rng, bool all);
  /// The network ends here and now; what is on its way is lost.
  void cut();
  /// The broker dies: the network ends, and what it has written before arrives, or does not.
  void broker_dies(bool written_arrives);
  void stall(bool on);
  void heal();
  bool is_cut() const { return cut_; }
  bool moving() const;

  // --- the world's side
  /// Calls take(note) for each packet that the broker has consumed since the last call, in order.
  template <class Take>
  void consumed(Take&& take) {
    const std::uint64_t done = given_ - connection_->unconsumed();
    while (!notes_.empty() && notes_.front().end <= done) {
      const Note note = notes_.front().note;
      notes_.pop_front();
      take(note);
    }
  }
  bool broker_is_done() const { return connection_ == nullptr || connection_->over(); }
  bool dead_for_broker() const { return connection_ == nullptr; }
  bool loss_told = false;  // the model knows that this connection is over

 private:
  struct Sent {
    std::uint64_t end;
    Note note;
  };
  test::VirtualConnection* connection_;  // null once the broker is dead
  int number_;
  std::deque<std::uint8_t> up_;
  std::deque<std::uint8_t> down_;
  std::vector<std::uint8_t> arrived_;
  std::deque<Sent> notes_;
  std::uint64_t sent_ = 0;
  std::uint64_t given_ = 0;
  bool closing_ = false;
  bool cut_ = false;
  bool stalled_ = false;
};

}  // namespace tombo::sim
