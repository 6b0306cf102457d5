#pragma once

#include "broker/shard.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <sys/uio.h>

namespace tombo::test {

/// A transport that takes everything at once, counts it and throws it away.
class BareTransport final : public broker::Transport {
 public:
  explicit BareTransport(broker::Shard& shard) : Transport(shard.flush_list()) {}
  void pause_reading() override {}
  void resume_reading() override {}
  void close_after_flush() override {}
  void move_to(routing::ShardId, std::shared_ptr<broker::Luggage>) override {}
  std::shared_ptr<const auth::Peer> peer() const override { return std::make_shared<auth::Peer>(); }
  std::string peer_address() const override { return "bare"; }

  void flush() override {
    while (batch() != nullptr && !batch()->empty()) {
      std::array<iovec, 64> pieces;
      std::size_t size = 0;
      const std::size_t count = batch()->describe(pieces.data(), pieces.size());
      for (std::size_t i = 0; i < count; ++i) size += pieces[i].iov_len;
      batch()->consume(size);
      written += size;
    }
    flushed();
  }
  std::uint64_t written = 0;
};

/// One shard and nothing around it: what the packet path costs by itself.
class BareShard {
 public:
  BareShard() : core_({1, options(), 1, {}, &clock_, &everybody_, "test"}), shard(core_, 0, nullptr) {}
  ~BareShard() {
    for (auto& transport : transports_) {
      if (auto* client = transport->client()) client->transport = nullptr;
      transport->set_client(nullptr);
    }
  }

  /// A connection that has sent these packets, CONNECT first.
  BareTransport& open(mqtt::Bytes packets) {
    transports_.push_back(std::make_unique<BareTransport>(shard));
    shard.begin_turn();
    shard.on_open(*transports_.back(), 0, false);
    feed(*transports_.back(), packets);
    end_turn();
    return *transports_.back();
  }
  /// Bytes of a connection, within a turn.
  void feed(BareTransport& transport, mqtt::Bytes packets) {
    bool has_more = false;
    shard.on_bytes(*transport.client(), packets, has_more);
  }
  void end_turn() {
    shard.end_turn();
    auto dirty = shard.flush_list().take_dirty();
    for (auto* transport : dirty) static_cast<BareTransport*>(transport)->flush();
    shard.flush_list().recycle(std::move(dirty));
  }
  /// Begin, feed, end.
  void turn(BareTransport& transport, mqtt::Bytes packets) {
    shard.begin_turn();
    feed(transport, packets);
    end_turn();
  }

 private:
  static std::shared_ptr<const config::Options> options() {
    auto made = std::make_shared<config::Options>();
    made->listeners.emplace_back();
    made->sys.interval_s = 0;
    return made;
  }
  ManualClock clock_;
  auth::AnonymousOnly everybody_{true};
  broker::Core core_;
  std::vector<std::unique_ptr<BareTransport>> transports_;

 public:
  broker::Shard shard;
};

}  // namespace tombo::test
