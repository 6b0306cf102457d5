#include "support/virtual_broker.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include <sys/uio.h>

namespace tombo::test {

VirtualConnection::VirtualConnection(VirtualBroker& broker, routing::ShardId shard)
    : Transport(broker.shard(shard).flush_list()), broker_(broker), shard_(shard) {
  known.address = "virtual";
}

VirtualConnection::~VirtualConnection() = default;

void VirtualConnection::close_after_flush() {
  closing_ = true;
  static_cast<void>(out());  // so that this turn's flush comes by
}

void VirtualConnection::hand_over() {
  resumed_ = false;
  if (finished() || closing_) return;
  broker::Shard& shard = broker_.shard(shard_);
  if (!std::exchange(opened_, true)) {
    shard.on_open(*this, 0, moved_, std::exchange(luggage_, nullptr));
  }
  while (!inbound_.empty() && !paused_ && !closing_ && client() != nullptr) {
    bool has_more = false;
    const std::vector<std::uint8_t> bytes = inbound_;
    const std::size_t consumed = shard.on_bytes(*client(), bytes, has_more);
    if (move_target_ >= 0) {
      shard_ = static_cast<routing::ShardId>(std::exchange(move_target_, -1));
      rebind(broker_.shard(shard_).flush_list());
      opened_ = false;
      moved_ = true;
      return;
    }
    inbound_.erase(inbound_.begin(), inbound_.begin() + static_cast<std::ptrdiff_t>(consumed));
    if (consumed == 0) break;
  }
  if (cut_ && client() != nullptr) {
    gone_ = true;
    shard.on_closed(*client(), "cut");
  } else if (cut_) {
    gone_ = true;
  }
}

void VirtualConnection::flush() {
  if (stalled_ && !cut_) {
    blocked_ = true;
    return flushed();
  }
  std::array<iovec, 64> pieces;
  auto* batch_now = batch();
  while (batch_now != nullptr && !batch_now->empty()) {
    if (room_ == 0 && !cut_) {
      blocked_ = true;
      break;
    }
    const std::size_t count = batch_now->describe(pieces.data(), pieces.size());
    std::size_t size = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const auto* bytes = static_cast<const std::uint8_t*>(pieces[i].iov_base);
      const std::size_t taken = cut_ ? pieces[i].iov_len : std::min(room_, pieces[i].iov_len);
      if (!cut_) {
        received_.insert(received_.end(), bytes, bytes + taken);
        if (room_ != SIZE_MAX) room_ -= taken;
      }
      size += taken;
      if (taken < pieces[i].iov_len) break;
    }
    batch_now->consume(size);
  }
  flushed();
  if (blocked_) return;
  if (closing_) closed_ = true;
  if (client() != nullptr) broker_.shard(shard_).on_writable(*client());
}

config::Options VirtualBroker::default_options() {
  config::Options options;
  options.listeners.emplace_back();
  options.allow_anonymous = true;
  options.sys.interval_s = 0;
  return options;
}

namespace {
/// The same tests once more with a store: what a client sees must be the same.  (ctest runs them so, see
/// tests/conformance/CMakeLists.txt.)
bool every_broker_has_a_store() { return std::getenv("TOMBO_TEST_STORE") != nullptr; }
}  // namespace

VirtualBroker::VirtualBroker() : VirtualBroker(Setup{}) {}

VirtualBroker::VirtualBroker(Setup setup) {
  if (every_broker_has_a_store() && setup.engine == nullptr && setup.sink == nullptr) {
    own_engine_ = store::make_memory_engine();
    setup.engine = own_engine_.get();
    setup.options.persistence.patience_ms = 0;  // the clock stands still
  }
  options_ = std::make_shared<const config::Options>(std::move(setup.options));
  clock.advance(setup.clock_at);
  clock.set_wall_ahead(setup.wall_ahead);
  if (setup.engine != nullptr) {
    keeper_ = std::make_unique<broker::Keeper>(*setup.engine, *options_, clock, log::Logger{});
    TOMBO_ASSERT(keeper_->begin().ok());
  }
  store::Sink* sink = keeper_ ? &keeper_->store() : setup.sink;
  core_ = std::make_unique<broker::Core>(broker::Core::Parts{
      setup.shards, options_, setup.seed, {}, &clock, setup.authenticator != nullptr ? setup.authenticator : &everybody_,
      "test", keeper_ ? keeper_->store().epoch() : 0});
  for (unsigned i = 0; i < setup.shards; ++i) {
    shards_.push_back(std::make_unique<broker::Shard>(*core_, static_cast<routing::ShardId>(i), sink));
  }
  if (!keeper_) return;
  std::vector<broker::Shard*> shards;
  for (auto& shard : shards_) shards.push_back(shard.get());
  TOMBO_ASSERT(keeper_->restore(*core_, shards).ok());
}

VirtualBroker::~VirtualBroker() {
  for (auto& connection : connections_) {
    if (auto* client = connection->client()) client->transport = nullptr;
    connection->set_client(nullptr);
  }
  connections_.clear();
  // What the store has not written names counters of the core.
  shards_.clear();
  keeper_.reset();
}

VirtualConnection& VirtualBroker::open(routing::ShardId shard) {
  connections_.push_back(std::make_unique<VirtualConnection>(*this, shard));
  return *connections_.back();
}

void VirtualBroker::turn(routing::ShardId id) {
  broker::Shard& shard = *shards_[id];
  shard.begin_turn();
  for (std::size_t i = 0; i < connections_.size(); ++i) {
    VirtualConnection& connection = *connections_[i];
    if (connection.shard_ != id) continue;
    connection.hand_over();
    if (connection.blocked_ && ((!connection.stalled_ && connection.room_ != 0) || connection.cut_)) {
      connection.blocked_ = false;
      connection.flush();
    }
  }
  if (before_end) before_end(id);
  shard.end_turn();
  auto dirty = shard.flush_list().take_dirty();
  for (auto* transport : dirty) transport->flush();
  shard.flush_list().recycle(std::move(dirty));
  if (after_turn) after_turn(id);
}

bool VirtualBroker::anything_waits() {
  for (unsigned i = 0; i < shards_.size(); ++i) {
    auto& mailbox = core_->mailbox(static_cast<routing::ShardId>(i));
    if (!mailbox.fall_asleep()) return true;
    mailbox.wake_up();
    if (shards_[i]->has_work() || !shards_[i]->flush_list().empty()) return true;
  }
  return std::any_of(connections_.begin(), connections_.end(), [](const auto& connection) {
    if (connection->finished()) return false;
    if (!connection->opened_ || connection->cut_) return true;
    if (connection->blocked_ && !connection->stalled_ && connection->room_ != 0) return true;
    if (connection->resumed_ && !connection->inbound_.empty()) return true;
    return false;
  });
}

bool VirtualBroker::store_step() {
  const bool wrote = keeper_->store().step(clock.mono());
  const bool read = keeper_->store().read_step();
  return wrote || read;
}

void VirtualBroker::settle() {
  // Every byte is offered once; afterwards only what the broker itself has left to do keeps it going.
  constexpr int kTurnsMax = 100'000;
  int turns = 0;
  do {
    for (unsigned i = 0; i < shards_.size(); ++i) turn(static_cast<routing::ShardId>(i));
    while (keeper_ && store_runs_ && store_step()) {
    }
  } while (anything_waits() && ++turns < kTurnsMax);
}

void VirtualBroker::advance(Milliseconds by) {
  constexpr Milliseconds kStep{100};
  settle();
  while (by.count() > 0) {
    const Milliseconds step = by > Seconds{600} ? Milliseconds{60'000} : std::min(by, kStep);
    clock.advance(step);
    by -= step;
    settle();
  }
}

void VirtualBroker::reload(config::Options options) {
  options_ = std::make_shared<const config::Options>(std::move(options));
  for (unsigned i = 0; i < shards_.size(); ++i) {
    core_->mailbox(static_cast<routing::ShardId>(i)).post_call([fresh = options_](broker::Shard& there) { there.apply(fresh); });
  }
  settle();
}

}  // namespace tombo::test
