#include "unit_broker/arrange.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace tombo::test {

using mqtt::PacketType;
using mqtt::Qos;
using mqtt::Version;

namespace {
/// A store whose disk moves when the test says so.
class ManualSink final : public store::Sink {
 public:
  void take(store::Slice slice) override { slices.push_back(std::move(slice)); }
  bool full() const override { return is_full; }
  bool failing() const override { return is_failing; }
  void read(store::ReadOrder order) override { orders.push_back(std::move(order)); }

  std::vector<store::Slice> slices;
  std::vector<store::ReadOrder> orders;
  bool is_full = false;
  bool is_failing = false;
};

struct Journals : testing::Test {
  ~Journals() override { disk.slices.clear(); }  // before the core, whose counters they name
  VirtualBroker::Setup setup() {
    VirtualBroker::Setup made;
    made.sink = &disk;
    return made;
  }
  /// The disk has what the first `count` slices hold.
  void sync(std::size_t count) {
    for (; count > 0; --count) {
      ASSERT_FALSE(disk.slices.empty());
      const auto ticket = disk.slices.front().last;
      const auto shard = static_cast<routing::ShardId>(disk.slices.front().shard);
      disk.slices.erase(disk.slices.begin());
      broker.core().mailbox(shard).post_call([ticket](broker::Shard& there) { there.on_durable(ticket); });
    }
    broker.settle();
  }
  void sync_all() {
    while (!disk.slices.empty()) sync(disk.slices.size());
  }
  std::unique_ptr<TestClient> lasting_client(const std::string& id) {
    auto client = std::make_unique<TestClient>(broker, Version::v5);
    client->connect(lasting(id));
    return client;
  }
  void leave(const std::string& id, std::string_view filter, Qos qos = Qos::at_least_once) {
    auto client = lasting_client(id);
    client->subscribe(filter, qos);
    sync_all();
    client->disconnect();
    broker.advance(Milliseconds{100});  // its last record needs no haste
    sync_all();
  }
  std::size_t enqueued() const {
    std::size_t count = 0;
    for (const auto& slice : disk.slices) {
      for (const auto& entry : slice.entries) count += std::holds_alternative<store::Enqueued>(entry) ? 1u : 0u;
    }
    return count;
  }
  ManualSink disk;
  VirtualBroker broker{setup()};
};
}  // namespace

// covers: 5.0 MQTT-4.6.0-2, 5.0 MQTT-4.6.0-3
TEST_F(Journals, AcknowledgementsWaitForTheirRecordsAndKeepTheirOrder) {
  leave("away", "t", Qos::exactly_once);
  auto client = lasting_client("c");
  sync_all();
  EXPECT_EQ(client->publish("t", "x", Qos::at_least_once).type, PacketType::reserved);
  client->publish("t", "x", Qos::exactly_once);
  client->subscribe("u");
  client->unsubscribe("u");
  EXPECT_TRUE(client->nothing_received());
  sync(1);
  EXPECT_EQ(client->next().type, PacketType::puback);
  EXPECT_TRUE(client->nothing_received());
  sync(1);
  EXPECT_EQ(client->next().type, PacketType::pubrec);
  EXPECT_TRUE(client->nothing_received());
  sync(2);
  EXPECT_EQ(client->next().type, PacketType::suback);
  EXPECT_EQ(client->next().type, PacketType::unsuback);
}

TEST_F(Journals, NoAcknowledgementOvertakesOneThatWaits) {
  leave("away", "t");
  auto client = connected(broker, "c");
  client->publish("t", "1", Qos::at_least_once);
  client->publish("nobody", "2", Qos::at_least_once);  // needs nothing from the disk
  EXPECT_TRUE(client->nothing_received());
  sync_all();
  EXPECT_EQ(client->next().packet_id, 1);
  EXPECT_EQ(client->next().packet_id, 2);
}

TEST_F(Journals, OthersAreNotDelayedAndAClientThatLeftIsForgotten) {
  leave("away", "t");
  auto client = connected(broker, "c");
  client->publish("t", "x", Qos::at_least_once);
  auto other = connected(broker, "o");
  other->ping();
  EXPECT_EQ(other->next().type, PacketType::pingresp);
  client->cut();
  sync_all();
  EXPECT_EQ(other->publish("nobody", "x", Qos::at_least_once).type, PacketType::puback);
}

TEST_F(Journals, AMessageThatItsSubscriberAcknowledgesInTimeIsNeverHandedOver) {
  auto subscriber = lasting_client("s");
  subscriber->subscribe("t", Qos::at_least_once);
  sync_all();
  auto publisher = connected(broker, "p");
  EXPECT_EQ(publisher->publish("t", "x", Qos::at_least_once).type, PacketType::reserved);
  const auto got = subscriber->next(PacketType::publish);
  EXPECT_EQ(enqueued(), 0u);
  subscriber->ack(PacketType::puback, got.packet_id);
  EXPECT_EQ(publisher->next().type, PacketType::puback);
  broker.advance(Seconds{1});
  EXPECT_EQ(enqueued(), 0u);
}

TEST_F(Journals, ASubscriberThatTakesItsTimeIsWaitedForOnlySoLong) {
  auto subscriber = lasting_client("s");
  subscriber->subscribe("t", Qos::at_least_once);
  sync_all();
  auto publisher = connected(broker, "p");
  publisher->publish("t", "1", Qos::at_least_once);
  EXPECT_EQ(enqueued(), 0u);
  broker.advance(Milliseconds{broker.options().persistence.patience_ms} + Milliseconds{100});
  EXPECT_EQ(enqueued(), 1u);
  sync_all();
  EXPECT_EQ(publisher->next().type, PacketType::puback);
  // From now on it is known to be slow.
  publisher->publish("t", "2", Qos::at_least_once);
  EXPECT_EQ(enqueued(), 1u);
}

// covers: 5.0 MQTT-4.3.3-1, 5.0 MQTT-4.3.3-6
TEST_F(Journals, AtQos2NothingIsSentUnderAnIdentifierThatIsNotDurable) {
  auto subscriber = lasting_client("s");
  subscriber->subscribe("t", Qos::exactly_once);
  sync_all();
  subscriber->drop_received();
  auto publisher = connected(broker, "p");
  publisher->publish("t", "x", Qos::exactly_once);
  EXPECT_TRUE(subscriber->nothing_received());
  sync_all();
  const auto publish = subscriber->next();
  ASSERT_EQ(publish.type, PacketType::publish);
  subscriber->ack(PacketType::pubrec, publish.packet_id);
  EXPECT_TRUE(subscriber->nothing_received());  // PUBREL waits, too
  sync_all();
  EXPECT_EQ(subscriber->next().type, PacketType::pubrel);
}

TEST_F(Journals, WhileTheDiskTakesNothingPublishersAreToldIfTheOperatorWants) {
  leave("away", "t");
  auto options = broker.options();
  options.persistence.on_error = config::StoreError::refuse;
  broker.reload(options);
  disk.is_failing = true;
  auto client = connected(broker, "c");
  EXPECT_EQ(client->publish("t", "x", Qos::at_least_once).reason, mqtt::ReasonCode::quota_exceeded);
  disk.is_failing = false;
  client->publish("t", "x", Qos::at_least_once);
  sync_all();
  EXPECT_EQ(client->next().reason, mqtt::ReasonCode::success);
}

TEST_F(Journals, AClientWithTooManyAcknowledgementsOutstandingIsNotReadFrom) {
  leave("away", "t");
  auto options = broker.options();
  options.limits.acks_waiting_max = 4;
  broker.reload(options);
  auto client = connected(broker, "c");
  for (int i = 0; i < 10; ++i) client->publish("t", "x", Qos::at_least_once);
  EXPECT_EQ(enqueued(), 4u);
  sync_all();
  sync_all();
  broker.settle();
  sync_all();
  int acknowledged = 0;
  while (!client->nothing_received()) acknowledged += client->next().type == PacketType::puback ? 1 : 0;
  EXPECT_EQ(acknowledged, 10);
}

}  // namespace tombo::test
