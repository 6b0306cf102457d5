#include "unit_broker/arrange.hpp"

#include <gtest/gtest.h>

namespace tombo::test {

using config::Placement;
using mqtt::PacketType;
using mqtt::Qos;
using mqtt::ReasonCode;
using mqtt::Version;

namespace {
VirtualBroker::Setup policy(Placement placement, unsigned shards = 3) {
  VirtualBroker::Setup setup;
  setup.shards = shards;
  setup.options.placement = placement;
  setup.options.spill_load_percent = 65;
  return setup;
}
void set_load(VirtualBroker& broker, routing::ShardId shard, std::uint32_t percent) {
  broker.core().counters(shard).load_percent.store(percent);
}
routing::ShardId place(VirtualBroker& broker, std::string_view id = "x") { return broker.core().place(id, broker.options()); }
}  // namespace

TEST(PlacementPolicy, FillFirstSpillsWhenAShardIsBusy) {
  VirtualBroker broker(policy(Placement::fill_first));
  EXPECT_EQ(place(broker), 0);
  set_load(broker, 0, 64);
  EXPECT_EQ(place(broker), 0);
  set_load(broker, 0, 65);
  EXPECT_EQ(place(broker), 1);
  set_load(broker, 1, 90);
  EXPECT_EQ(place(broker), 2);
  set_load(broker, 2, 80);
  EXPECT_EQ(place(broker), 0);  // all are busy: the least loaded
  set_load(broker, 0, 99);
  EXPECT_EQ(place(broker), 2);
}

TEST(PlacementPolicy, LeastLoadedLooksAtLoadThenAtSessions) {
  VirtualBroker broker(policy(Placement::least_loaded));
  set_load(broker, 0, 10);
  set_load(broker, 1, 5);
  set_load(broker, 2, 20);
  EXPECT_EQ(place(broker), 1);
  for (routing::ShardId shard = 0; shard < 3; ++shard) set_load(broker, shard, 0);
  std::vector<std::unique_ptr<TestClient>> clients;
  for (int i = 0; i < 9; ++i) clients.push_back(connected(broker, std::to_string(i)));
  for (routing::ShardId shard = 0; shard < 3; ++shard) EXPECT_EQ(broker.core().counters(shard).sessions.get(), 3u);
}

TEST(PlacementPolicy, HashDependsOnTheClientIdAlone) {
  VirtualBroker broker(policy(Placement::hash));
  std::array<int, 3> counts{};
  for (int i = 0; i < 300; ++i) {
    const auto id = std::to_string(i);
    const auto shard = place(broker, id);
    ++counts[shard];
    set_load(broker, shard, 99);
    EXPECT_EQ(place(broker, id), shard);
  }
  for (const int count : counts) EXPECT_GT(count, 60);
}

TEST(PlacementPolicy, AShardThatHasSleptSinceItWasBusyIsFree) {
  VirtualBroker broker(policy(Placement::fill_first, 2));
  set_load(broker, 0, 90);
  set_load(broker, 1, 90);
  broker.turn(1);
  ASSERT_TRUE(broker.shard(1).fall_asleep());
  broker.clock.advance(Milliseconds{500});
  broker.turn(0);
  EXPECT_EQ(place(broker), 0);  // it slept for a moment only, so its load holds
  broker.clock.advance(Seconds{5});
  broker.turn(0);
  EXPECT_EQ(place(broker), 1);
  broker.shard(1).wake_up();
}

TEST(Home, AClientComesBackToItsSessionWhereverPlacementWouldPutItNow) {
  VirtualBroker broker(setup_of(3));
  place_next(broker, 2);
  leave_session(broker, "c", "t");
  auto publisher = connected_on(broker, 0, "p");
  publisher->publish("t", "x", Qos::at_least_once);
  place_next(broker, 1);
  TestClient client(broker, Version::v5, 1);
  EXPECT_TRUE(client.connect(lasting("c")).session_present);
  EXPECT_EQ(client.connection().shard(), 2);
  EXPECT_EQ(payloads(client), "x");
}

TEST(Home, ManyConnectsOfOneClientAtOnceLeaveOneConnectionAndOneSession) {
  auto setup = setup_of(4);
  VirtualBroker broker(std::move(setup));
  for (int round = 0; round < 20; ++round) {
    std::vector<std::unique_ptr<TestClient>> rivals;
    mqtt::ConnectOut connect;
    connect.client_id = "same";
    connect.clean_start = round % 2 == 0;
    mqtt::WriteBatch batch;
    mqtt::encode_connect(batch, connect);
    std::vector<std::uint8_t> bytes(batch.size());
    iovec piece{};
    batch.describe(&piece, 1);
    std::copy_n(static_cast<const std::uint8_t*>(piece.iov_base), bytes.size(), bytes.begin());
    for (int i = 0; i < 8; ++i) {
      rivals.push_back(std::make_unique<TestClient>(broker, Version::v5, static_cast<routing::ShardId>(i % 4)));
      rivals.back()->send_only(bytes);
    }
    // Each shard places the newcomer elsewhere, so they set out before any of them has arrived.
    for (int turn = 0; turn < 12; ++turn) {
      place_next(broker, static_cast<routing::ShardId>((turn + round) % 4));
      broker.turn(static_cast<routing::ShardId>(turn % 4));
    }
    broker.settle();
    int alive = 0;
    for (auto& rival : rivals) {
      EXPECT_EQ(rival->next().type, PacketType::connack);
      if (!rival->closed()) {
        ++alive;
      } else {
        EXPECT_EQ(rival->next(PacketType::disconnect).reason, ReasonCode::session_taken_over);
      }
    }
    EXPECT_EQ(alive, 1);
    EXPECT_EQ(broker.core().sum(&broker::ShardCounters::sessions), 1u);
    EXPECT_EQ(broker.core().sum(&broker::ShardCounters::clients_connected), 1u);
    EXPECT_EQ(broker.core().connections.load(), 1u);
    for (auto& rival : rivals) rival->cut();
    EXPECT_EQ(broker.core().sum(&broker::ShardCounters::sessions), 0u);
  }
}

}  // namespace tombo::test
