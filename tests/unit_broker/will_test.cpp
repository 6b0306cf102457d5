#include "unit_broker/arrange.hpp"

#include <gtest/gtest.h>

namespace tombo::test {

using mqtt::PacketType;
using mqtt::PropertyId;
using mqtt::ReasonCode;
using mqtt::Version;

namespace {
TestClient::Connect with_will(std::uint32_t expiry_s, std::uint32_t delay_s, bool clean_start = false) {
  auto connect = lasting("w", expiry_s, clean_start);
  connect.has_will = true;
  connect.will_topic = "will";
  connect.will_payload = "gone";
  connect.will_properties.number(PropertyId::will_delay_interval, delay_s);
  return connect;
}

struct Wills : testing::Test {
  void SetUp() override { watcher->subscribe("will"); }
  std::string seen() { return payloads(*watcher); }

  VirtualBroker broker;
  std::unique_ptr<TestClient> watcher = connected(broker, "watcher");
  TestClient client{broker, Version::v5};
};
}  // namespace

// covers: 5.0 MQTT-3.1.2-8
TEST_F(Wills, GoOutAtOnceWithoutDelay) {
  client.connect(with_will(60, 0));
  client.cut();
  EXPECT_EQ(seen(), "gone");
  broker.advance(Seconds{100});
  EXPECT_EQ(seen(), "");
}

// covers: 5.0 MQTT-3.1.2-10, 5.0 MQTT-3.14.4-3
TEST_F(Wills, AreDiscardedByANormalDisconnectAlone) {
  client.connect(with_will(0, 0));
  client.disconnect();
  EXPECT_EQ(seen(), "");
  client.connect(with_will(0, 0));
  client.disconnect(ReasonCode::disconnect_with_will);
  EXPECT_EQ(seen(), "gone");
}

TEST_F(Wills, WaitForTheirDelay) {
  client.connect(with_will(1000, 10));
  client.cut();
  broker.advance(Seconds{9});
  EXPECT_EQ(seen(), "");
  broker.advance(Seconds{2});
  EXPECT_EQ(seen(), "gone");
  EXPECT_EQ(broker.core().sum(&broker::ShardCounters::sessions), 2u);
}

TEST_F(Wills, GoOutAtTheSessionsEndIfThatComesFirst) {
  client.connect(with_will(10, 1000));
  client.cut();
  broker.advance(Seconds{9});
  EXPECT_EQ(seen(), "");
  broker.advance(Seconds{2});
  EXPECT_EQ(seen(), "gone");
  broker.advance(Seconds{2000});
  EXPECT_EQ(seen(), "");
}

// covers: 5.0 MQTT-3.1.3-9
TEST_F(Wills, AreNotSentWhenTheClientIsBackWithinTheDelay) {
  client.connect(with_will(1000, 10));
  client.cut();
  broker.advance(Seconds{5});
  client.connect(lasting("w", 1000));
  broker.advance(Seconds{100});
  EXPECT_EQ(seen(), "");
}

TEST_F(Wills, OfATakenOverConnectionWaitForTheDelayThatTheTakeoverEnds) {
  client.connect(with_will(1000, 10));
  TestClient second(broker, Version::v5);
  EXPECT_TRUE(second.connect(lasting("w", 1000)).session_present);
  broker.advance(Seconds{100});
  EXPECT_EQ(seen(), "");
}

TEST_F(Wills, OfATakenOverConnectionGoOutWithoutDelay) {
  client.connect(with_will(1000, 0));
  TestClient second(broker, Version::v5);
  second.connect(lasting("w", 1000));
  EXPECT_EQ(seen(), "gone");
}

TEST_F(Wills, GoOutWhenACleanStartEndsTheSession) {
  client.connect(with_will(1000, 500));
  TestClient second(broker, Version::v5);
  EXPECT_FALSE(second.connect(lasting("w", 1000, true)).session_present);
  EXPECT_EQ(seen(), "gone");
  broker.advance(Seconds{600});
  EXPECT_EQ(seen(), "");
}

TEST_F(Wills, AreDelayedNoLongerThanTheOptionAllows) {
  auto options = broker.options();
  options.mqtt.will_delay_max_s = 3;
  broker.reload(options);
  client.connect(with_will(1000, 500));
  client.cut();
  broker.advance(Seconds{4});
  EXPECT_EQ(seen(), "gone");
}

TEST_F(Wills, ExpireFromTheMomentOfTheirPublication) {
  TestClient keeper(broker, Version::v5);
  keeper.connect(lasting("keeper"));
  keeper.subscribe("will", mqtt::Qos::at_least_once);
  keeper.cut();
  auto connect = with_will(1000, 10);
  connect.will_qos = mqtt::Qos::at_least_once;
  connect.will_properties.number(PropertyId::message_expiry_interval, 20);
  client.connect(std::move(connect));
  client.cut();
  broker.advance(Seconds{16});
  keeper.connect(lasting("keeper"));
  const auto got = keeper.publishes();
  ASSERT_EQ(got.size(), 1u);
  EXPECT_NEAR(got[0].number(PropertyId::message_expiry_interval).value_or(0), 14, 1);
}

TEST_F(Wills, GoOutWhenTheBrokerStopsAndWhenItSendsAClientElsewhere) {
  client.connect(with_will(0, 0));
  broker.core().mailbox(0).post_call([](broker::Shard& shard) { shard.redirect(1); });
  broker.settle();
  EXPECT_EQ(seen(), "gone");
}

}  // namespace tombo::test
