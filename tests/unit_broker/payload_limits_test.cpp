#include "unit_broker/arrange.hpp"
#include "unit_broker/restarts.hpp"

#include <gtest/gtest.h>

namespace tombo::test {

using mqtt::PacketType;
using mqtt::PropertyId;
using mqtt::Qos;
using mqtt::ReasonCode;
using mqtt::Version;

namespace {
VirtualBroker::Setup with(void (*change)(config::Options&)) {
  VirtualBroker::Setup setup;
  change(setup.options);
  return setup;
}
}  // namespace

// --- limits.payload_bytes_max

TEST(PayloadLimit, RefusesALongerPayloadAsTheVersionAllows) {
  VirtualBroker broker(with([](auto& o) { o.limits.payload_bytes_max = 10; }));
  auto reader = connected(broker, "reader");
  reader->subscribe("t", Qos::exactly_once);
  const std::string most(10, 'x');
  const std::string more(11, 'y');
  for (const Version version : {Version::v3_1_1, Version::v5}) {
    const ReasonCode refusal = version == Version::v5 ? ReasonCode::quota_exceeded : ReasonCode::success;
    auto writer = connected(broker, "writer", version);
    writer->publish("t", more);
    const auto puback = writer->publish("t", more, Qos::at_least_once);
    EXPECT_EQ(puback.type, PacketType::puback);
    EXPECT_EQ(puback.reason, refusal);
    const auto pubrec = writer->publish("t", more, Qos::exactly_once);
    EXPECT_EQ(pubrec.type, PacketType::pubrec);
    EXPECT_EQ(pubrec.reason, refusal);
    if (version == Version::v3_1_1) {
      writer->ack(PacketType::pubrel, pubrec.packet_id);
      EXPECT_EQ(writer->next(PacketType::pubcomp).packet_id, pubrec.packet_id);
    }
    EXPECT_TRUE(reader->publishes().empty());
    EXPECT_EQ(writer->publish("t", most, Qos::at_least_once).reason, ReasonCode::success);
    EXPECT_EQ(reader->publishes().size(), 1U);
    EXPECT_FALSE(writer->closed());
  }
  EXPECT_EQ(broker.dropped(broker::Drop::refused), 6U);
}

TEST(PayloadLimit, RefusesAWillThatIsTooLong) {
  VirtualBroker broker(with([](auto& o) { o.limits.payload_bytes_max = 10; }));
  TestClient::Connect connect;
  connect.client_id = "c";
  connect.has_will = true;
  connect.will_topic = "w";
  connect.will_payload = std::string(11, 'x');
  TestClient client(broker, Version::v5);
  EXPECT_EQ(client.connect(connect).reason, ReasonCode::packet_too_large);
  TestClient older(broker, Version::v3_1_1);
  EXPECT_EQ(older.connect(connect).type, PacketType::reserved);
  EXPECT_TRUE(older.closed());
  connect.will_payload.pop_back();
  TestClient good(broker, Version::v5);
  EXPECT_EQ(good.connect(connect).reason, ReasonCode::success);
}

// --- limits.in_flight_bytes_max

TEST(InFlightBytes, SendsNoMoreThanTheWindowTakesUntilSomethingIsAcknowledged) {
  VirtualBroker broker(with([](auto& o) { o.limits.in_flight_bytes_max = 10; }));
  auto reader = connected(broker, "reader");
  reader->subscribe("t", Qos::exactly_once);
  auto writer = connected(broker, "writer");
  for (const char* text : {"1234", "56", "7890", "a"}) writer->publish("t", text, Qos::at_least_once);
  auto publishes = reader->publishes();
  ASSERT_EQ(publishes.size(), 3U);
  reader->ack(PacketType::puback, publishes[0].packet_id);
  EXPECT_EQ(payloads(*reader), "a");
  writer->publish("t", "0 does not wait", Qos::at_most_once);
  EXPECT_EQ(payloads(*reader), "0 does not wait");
}

TEST(InFlightBytes, OneMessageAlwaysGoes) {
  VirtualBroker broker(with([](auto& o) { o.limits.in_flight_bytes_max = 10; }));
  auto reader = connected(broker, "reader");
  reader->subscribe("t", Qos::exactly_once);
  auto writer = connected(broker, "writer");
  const std::string large(100, 'x');
  for (int i = 0; i < 3; ++i) writer->publish("t", large, Qos::at_least_once);
  for (int i = 0; i < 3; ++i) {
    const auto publishes = reader->publishes();
    ASSERT_EQ(publishes.size(), 1U) << i;
    reader->ack(PacketType::puback, publishes[0].packet_id);
  }
  EXPECT_TRUE(reader->publishes().empty());
}

TEST(InFlightBytes, HoldForASessionThatComesBack) {
  VirtualBroker broker(with([](auto& o) { o.limits.in_flight_bytes_max = 4; }));
  leave_session(broker, "c", "t");
  auto writer = connected(broker, "writer");
  for (const char* text : {"12", "34", "56"}) writer->publish("t", text, Qos::at_least_once);
  TestClient client(broker, Version::v5);
  client.connect(lasting("c"));
  EXPECT_EQ(client.publishes().size(), 2U);
  client.cut();
  broker.settle();
  TestClient again(broker, Version::v5);
  again.connect(lasting("c"));
  auto publishes = again.publishes();
  ASSERT_EQ(publishes.size(), 2U) << "the same two";
  again.ack(PacketType::puback, publishes[0].packet_id);
  EXPECT_EQ(payloads(again), "56");
}

// --- limits.retained_expiry_s

TEST(RetainedExpiry, ForgetsWhatItsPublisherWouldHaveKept) {
  VirtualBroker broker(with([](auto& o) { o.limits.retained_expiry_s = 60; }));
  auto reader = connected(broker, "reader");
  reader->subscribe("t");
  auto writer = connected(broker, "writer");
  writer->publish("t", "x", Qos::at_least_once, true);
  const auto live = reader->publishes();
  ASSERT_EQ(live.size(), 1U);
  EXPECT_FALSE(live[0].has(PropertyId::message_expiry_interval)) << "who is there gets what was sent";
  broker.advance(Seconds{59});
  auto late = connected(broker, "late");
  late->subscribe("t");
  EXPECT_EQ(late->publishes().size(), 1U);
  broker.advance(Seconds{2});
  auto later = connected(broker, "later");
  later->subscribe("t");
  EXPECT_TRUE(later->publishes().empty());
  EXPECT_EQ(broker.core().retained.count(), 0U);
}

TEST(RetainedExpiry, LeavesAnEarlierEndAsItIs) {
  VirtualBroker broker(with([](auto& o) { o.limits.retained_expiry_s = 60; }));
  auto writer = connected(broker, "writer");
  TestClient::Publish publish;
  publish.topic = "t";
  publish.payload = "x";
  publish.retain = true;
  publish.properties.number(PropertyId::message_expiry_interval, 10);
  writer->publish(publish);
  broker.advance(Seconds{11});
  EXPECT_EQ(broker.core().retained.count(), 0U);
}

TEST(RetainedExpiry, CountsTheCopyOnceAndGivesItBack) {
  VirtualBroker broker(with([](auto& o) { o.limits.retained_expiry_s = 60; }));
  auto writer = connected(broker, "writer");
  writer->publish("t", std::string(5'000, 'x'), Qos::at_least_once, true);
  const auto used = broker.core().counters(0).messages.bytes();
  EXPECT_GT(used, 5'000);
  EXPECT_LT(used, 10'000);
  broker.advance(Seconds{62});
  EXPECT_EQ(broker.core().counters(0).messages.bytes(), 0);
}

TEST(RetainedExpiry, GoesOnOverARestart) {
  auto options = VirtualBroker::default_options();
  options.limits.retained_expiry_s = 60;
  Restarts restarts(options);
  restarts.publish("t", "x", Qos::at_least_once, true);
  restarts.restart(Seconds{30});
  EXPECT_EQ(restarts->core().retained.count(), 1U);
  restarts->advance(Seconds{31});
  EXPECT_EQ(restarts->core().retained.count(), 0U);
}

// --- mqtt.upgrade_outgoing_qos

TEST(UpgradedQos, IsTheSubscriptions) {
  for (const bool on : {false, true}) {
    VirtualBroker::Setup setup;
    setup.options.mqtt.upgrade_outgoing_qos = on;
    VirtualBroker broker(setup);
    auto writer = connected(broker, "writer");
    writer->publish("t/r", "r", Qos::at_most_once, true);
    auto reader = connected(broker, "reader");
    reader->subscribe("t/+", Qos::at_least_once);
    auto twice = connected(broker, "twice");
    twice->subscribe("t/1", Qos::at_most_once);
    twice->subscribe("t/#", Qos::at_least_once);
    auto member = connected(broker, "member");
    member->subscribe("$share/g/t/1", Qos::exactly_once);
    const Qos raised = on ? Qos::at_least_once : Qos::at_most_once;
    const auto retained = reader->publishes();
    ASSERT_EQ(retained.size(), 1U);
    EXPECT_EQ(retained[0].qos, raised);
    twice->drop_received();
    writer->publish("t/1", "x");
    const auto one = reader->publishes();
    ASSERT_EQ(one.size(), 1U);
    EXPECT_EQ(one[0].qos, raised);
    const auto both = twice->publishes();
    ASSERT_EQ(both.size(), 1U);
    EXPECT_EQ(both[0].qos, raised);
    const auto shared = member->publishes();
    ASSERT_EQ(shared.size(), 1U);
    EXPECT_EQ(shared[0].qos, on ? Qos::exactly_once : Qos::at_most_once);
  }
}

TEST(UpgradedQos, IsKeptForThoseWhoAreAwayAndOverARestart) {
  auto options = VirtualBroker::default_options();
  options.mqtt.upgrade_outgoing_qos = true;
  Restarts restarts(options);
  restarts.leave("once", "t", Qos::exactly_once);
  restarts.leave("c", "t", Qos::at_least_once);
  restarts.leave("never", "t", Qos::at_most_once);
  auto writer = connected(restarts.broker(), "writer");
  writer->publish("t", "x");
  restarts.restart();
  for (const auto& [id, qos] : {std::pair{"once", Qos::exactly_once}, std::pair{"c", Qos::at_least_once}}) {
    auto client = restarts.come(id);
    const auto publishes = client->publishes();
    ASSERT_EQ(publishes.size(), 1U) << id;
    EXPECT_EQ(publishes[0].qos, qos) << id;
  }
  EXPECT_TRUE(restarts.come("never")->publishes().empty());
}

}  // namespace tombo::test
