#pragma once

#include "auth/peer.hpp"
#include "mqtt/write_batch.hpp"
#include "routing/ids.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace tombo::broker {

class Client;
class Transport;
struct Luggage;
struct OwnClient;

/// The transports of one shard that have something to write, and spare batches, so that an idle connection holds none.
/// Lives on: one shard.
class FlushList {
 public:
  static constexpr std::size_t kSpareMax = 64;
  static constexpr std::size_t kSpareBytes = 64 * 1024;

  /// Transports that used out() since the last call.
  std::vector<Transport*> take_dirty() { return std::exchange(dirty_, std::move(recycled_)); }
  void recycle(std::vector<Transport*> list) {
    list.clear();
    recycled_ = std::move(list);
  }
  bool empty() const { return dirty_.empty(); }

 private:
  friend class Transport;
  std::vector<Transport*> dirty_;
  std::vector<Transport*> recycled_;
  std::vector<std::unique_ptr<mqtt::WriteBatch>> spare_;
};

/// What carries a client's bytes: a network connection, or a virtual one in tests.
/// Lives on: one shard.
class Transport {
 public:
  explicit Transport(FlushList& flush_list) : flush_list_(&flush_list) {}
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  virtual ~Transport();

  /// Where packets for the peer are appended; they are written at the end of the turn.
  mqtt::WriteBatch& out() {
    if (!dirty_) become_dirty();
    return *out_;
  }
  /// Bytes that the peer has not taken yet.
  std::size_t waiting() const { return out_ ? out_->size() : 0; }

  /// Until resume_reading() no more bytes are handed over; what was not consumed is kept.
  virtual void pause_reading() = 0;
  /// Hands over what was kept, in this turn or the next one, then what arrives.
  virtual void resume_reading() = 0;
  /// Writes what waits, then closes.  The transport tells the broker nothing more.
  virtual void close_after_flush() = 0;
  /// Carries the connection with its unconsumed bytes to another shard, which gets `luggage` (null: none) by on_open(); to
  /// this one it is gone.
  virtual void move_to(routing::ShardId shard, std::shared_ptr<Luggage> luggage) = 0;
  /// What is known of the peer.
  virtual std::shared_ptr<const auth::Peer> peer() const = 0;
  /// The certificate in DER that the peer has proved to be its own; empty: none.
  virtual std::string certificate() const { return {}; }
  /// Carries what out() has got on its way: once per turn, after its end.
  virtual void flush() = 0;
  /// Of a client that the broker makes itself; null: somebody has come.  Stays as long as the transport.
  virtual const OwnClient* own() const { return nullptr; }
  /// A handshake below MQTT is not through yet.
  virtual bool in_handshake() const { return false; }
  /// For logs: "192.0.2.1:40000".
  virtual std::string peer_address() const = 0;

  Client* client() const { return client_; }
  void set_client(Client* client) { client_ = client; }

 protected:
  /// The flush of this turn is done; an empty batch goes back to the shard.
  void flushed();
  mqtt::WriteBatch* batch() { return out_.get(); }
  /// The transport is on another shard now.
  void rebind(FlushList& flush_list) { flush_list_ = &flush_list; }
  /// Leaves the list of those to be flushed; for closing in the middle of a turn.
  void leave_flush_list();

 private:
  void become_dirty();

  FlushList* flush_list_;
  std::unique_ptr<mqtt::WriteBatch> out_;
  Client* client_ = nullptr;
  bool dirty_ = false;
};

}  // namespace tombo::broker
