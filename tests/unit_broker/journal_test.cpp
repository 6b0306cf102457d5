#include "unit_broker/arrange.hpp"

#include <gtest/gtest.h>

namespace tombo::test {

using mqtt::PacketType;
using mqtt::Qos;
using mqtt::Version;

namespace {
/// A journal whose disk moves when the test says so; every packet counts as one more record.
class ManualJournal final : public store::Journal {
 public:
  bool keeps_anything() const override { return true; }
  store::Ticket append(std::span<const std::uint8_t>) override { return ++newest; }
  store::Ticket appended() const override { return newest; }
  store::Ticket durable() const override { return on_disk; }

  store::Ticket newest = 0;
  store::Ticket on_disk = 0;
};

struct Journals : testing::Test {
  VirtualBroker::Setup setup() {
    VirtualBroker::Setup made;
    made.journal = &journal;
    return made;
  }
  void sync_to(store::Ticket ticket) {
    journal.on_disk = ticket;
    broker.core().mailbox(0).post_call([ticket](broker::Shard& shard) { shard.on_durable(ticket); });
    broker.settle();
  }
  ManualJournal journal;
  VirtualBroker broker{setup()};
};
}  // namespace

// covers: 5.0 MQTT-4.6.0-2, 5.0 MQTT-4.6.0-3
TEST_F(Journals, AcknowledgementsWaitForTheirRecordsAndKeepTheirOrder) {
  auto client = connected(broker, "c");
  journal.newest = 1;
  EXPECT_EQ(client->publish("t", "x", Qos::at_least_once).type, PacketType::reserved);
  journal.newest = 2;
  client->publish("t", "x", Qos::exactly_once);
  journal.newest = 3;
  client->subscribe("t");
  client->unsubscribe("t");
  EXPECT_TRUE(client->nothing_received());
  sync_to(1);
  EXPECT_EQ(client->next().type, PacketType::puback);
  EXPECT_TRUE(client->nothing_received());
  sync_to(2);
  EXPECT_EQ(client->next().type, PacketType::pubrec);
  EXPECT_TRUE(client->nothing_received());
  sync_to(3);
  EXPECT_EQ(client->next().type, PacketType::suback);
  EXPECT_EQ(client->next().type, PacketType::unsuback);
  // From here on nothing has to wait.
  EXPECT_EQ(client->publish("t", "x", Qos::at_least_once).type, PacketType::puback);
}

TEST_F(Journals, NoAcknowledgementOvertakesOneThatWaits) {
  auto client = connected(broker, "c");
  journal.newest = 1;
  client->publish("t", "1", Qos::at_least_once);
  journal.newest = 0;  // the next needs nothing from the disk
  client->publish("t", "2", Qos::at_least_once);
  EXPECT_TRUE(client->nothing_received());
  sync_to(1);
  EXPECT_EQ(client->next().packet_id, 1);
  EXPECT_EQ(client->next().packet_id, 2);
}

TEST_F(Journals, OthersAreNotDelayedAndAClientThatLeftIsForgotten) {
  auto client = connected(broker, "c");
  journal.newest = 5;
  client->publish("t", "x", Qos::at_least_once);
  auto other = connected(broker, "o");
  other->ping();
  EXPECT_EQ(other->next().type, PacketType::pingresp);
  client->cut();
  sync_to(5);
  EXPECT_EQ(other->publish("t", "x", Qos::at_least_once).type, PacketType::puback);
}

}  // namespace tombo::test
