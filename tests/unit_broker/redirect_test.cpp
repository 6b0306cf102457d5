#include "unit_broker/arrange.hpp"

#include <gtest/gtest.h>

namespace tombo::test {

using config::RedirectMode;
using mqtt::PacketType;
using mqtt::PropertyId;
using mqtt::ReasonCode;
using mqtt::Version;

namespace {
VirtualBroker::Setup marks(std::uint32_t high, std::uint32_t low, unsigned shards = 1) {
  auto setup = setup_of(shards);
  setup.options.redirect.server_reference = "other:1883";
  setup.options.redirect.connections_high = high;
  setup.options.redirect.connections_low = low;
  return setup;
}
std::uint64_t present(VirtualBroker& broker) { return broker.core().sum(&broker::ShardCounters::clients_connected); }
}  // namespace

// covers: 5.0 MQTT-4.13.1-1
TEST(Redirect, AnswersEveryConnectWithTheOtherServer) {
  for (const auto mode : {RedirectMode::use_another_server, RedirectMode::server_moved}) {
    VirtualBroker::Setup setup;
    setup.options.redirect.mode = mode;
    setup.options.redirect.server_reference = "other:1883";
    VirtualBroker broker(std::move(setup));
    TestClient client(broker, Version::v5);
    const auto connack = client.connect("c");
    EXPECT_EQ(connack.reason, mode == RedirectMode::server_moved ? ReasonCode::server_moved : ReasonCode::use_another_server);
    EXPECT_EQ(connack.text(PropertyId::server_reference), "other:1883");
    EXPECT_TRUE(client.closed());
    TestClient older(broker, Version::v3_1_1);
    EXPECT_EQ(static_cast<int>(older.connect("o").reason), 3);
    EXPECT_TRUE(older.closed());
  }
}

TEST(Redirect, SendsTheNewestAwayAboveTheHighMarkUntilTheLowOne) {
  VirtualBroker broker(marks(5, 3));
  std::vector<std::unique_ptr<TestClient>> clients;
  for (int i = 0; i < 5; ++i) clients.push_back(connected(broker, std::to_string(i)));
  broker.advance(Seconds{2});
  EXPECT_EQ(present(broker), 5u);
  clients.push_back(connected(broker, "5"));
  broker.advance(Seconds{2});
  EXPECT_EQ(present(broker), 3u);
  for (int i = 0; i < 6; ++i) {
    const auto last = clients[static_cast<std::size_t>(i)]->next(PacketType::disconnect);
    EXPECT_EQ(last.type == PacketType::disconnect, i >= 3) << i;
    if (i < 3) continue;
    EXPECT_EQ(last.reason, ReasonCode::use_another_server);
    EXPECT_EQ(last.text(PropertyId::server_reference), "other:1883");
  }
  // Between the marks nothing happens.
  clients.push_back(connected(broker, "6"));
  clients.push_back(connected(broker, "7"));
  broker.advance(Seconds{5});
  EXPECT_EQ(present(broker), 5u);
}

TEST(Redirect, LeavesOlderClientsWhereTheyAre) {
  VirtualBroker broker(marks(2, 1));
  std::vector<std::unique_ptr<TestClient>> clients;
  for (int i = 0; i < 4; ++i) clients.push_back(connected(broker, std::to_string(i), Version::v3_1_1));
  broker.advance(Seconds{3});
  EXPECT_EQ(present(broker), 4u);
}

TEST(Redirect, CountsOverAllShards) {
  VirtualBroker broker(marks(6, 2, 3));
  std::vector<std::unique_ptr<TestClient>> clients;
  for (int i = 0; i < 9; ++i) clients.push_back(connected_on(broker, static_cast<routing::ShardId>(i % 3), std::to_string(i)));
  broker.advance(Seconds{2});
  EXPECT_LE(present(broker), 2u);
}

TEST(Redirect, OnCommandSendsEvery50ClientAway) {
  VirtualBroker broker(marks(0, 0));
  auto v5 = connected(broker, "a");
  auto older = connected(broker, "b", Version::v3_1_1);
  broker.core().mailbox(0).post_call([](broker::Shard& shard) { shard.redirect(shard.clients()); });
  broker.settle();
  EXPECT_EQ(v5->next(PacketType::disconnect).reason, ReasonCode::use_another_server);
  EXPECT_FALSE(older->closed());
}

}  // namespace tombo::test
