#include "conformance/v5b_cases.hpp"

namespace tombo::test {

using mqtt::PacketType;
using mqtt::PropertyId;
using mqtt::Qos;
using mqtt::ReasonCode;
using mqtt::Version;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class Sharing : public ::testing::Test {
 protected:
  void SetUp() override {
    publisher.connect("p");
    for (auto* member : {&one, &two}) {
      join(*member);
      member->subscribe("$share/g/t", Qos::exactly_once);
    }
  }
  void join(TestClient& member) { stay(member, &member == &one ? "one" : "two"); }
  /// Publishes once; first the member that was chosen, then the other.
  std::pair<TestClient*, TestClient*> publish_to_one(Qos qos) {
    if (qos == Qos::exactly_once) {
      publisher.publish_exactly_once("t", "x");
    } else {
      publisher.publish("t", "x", qos);
    }
    delivery = one.next(PacketType::publish);
    if (delivery.type == PacketType::publish) return {&one, &two};
    delivery = two.next(PacketType::publish);
    EXPECT_EQ(delivery.type, PacketType::publish);
    return {&two, &one};
  }
  VirtualBroker broker;
  TestClient publisher{broker, Version::v5};
  TestClient one{broker, Version::v5};
  TestClient two{broker, Version::v5};
  Received delivery;
};

// covers: 5.0 MQTT-4.8.2-3
TEST_F(Sharing, EachMemberGetsNoMoreThanItsOwnQos) {
  one.subscribe("$share/g/t", Qos::at_most_once);
  std::size_t to_one = 0;
  std::size_t to_two = 0;
  for (const auto published : kEveryQos) {
    for (int i = 0; i < 4; ++i) {
      publisher.publish("t", "x", published);
      for (const auto& got : one.publishes()) {
        EXPECT_EQ(got.qos, Qos::at_most_once);
        ++to_one;
      }
      for (const auto& got : two.publishes()) {
        EXPECT_EQ(got.qos, published);
        ++to_two;
      }
    }
  }
  EXPECT_EQ(to_one + to_two, 12u);
  EXPECT_GT(to_one, 0u);
  EXPECT_GT(to_two, 0u);
}

// covers: 5.0 MQTT-4.8.2-4
TEST_F(Sharing, Qos2IsFinishedWithTheMemberItBeganWith) {
  auto [chosen, other] = publish_to_one(Qos::exactly_once);
  chosen->cut();
  EXPECT_TRUE(other->nothing_received());
  join(*chosen);
  const auto again = chosen->next();
  EXPECT_EQ(again.type, PacketType::publish);
  EXPECT_TRUE(again.dup);
  EXPECT_EQ(again.packet_id, delivery.packet_id);
  chosen->ack(PacketType::pubrec, delivery.packet_id);
  EXPECT_EQ(chosen->next().type, PacketType::pubrel);
  chosen->cut();
  EXPECT_TRUE(other->nothing_received());
  join(*chosen);
  EXPECT_EQ(chosen->next().type, PacketType::pubrel);
  chosen->ack(PacketType::pubcomp, delivery.packet_id);
  EXPECT_TRUE(chosen->nothing_received());
  EXPECT_TRUE(other->nothing_received());
}

// covers: 5.0 MQTT-4.8.2-5
TEST_F(Sharing, Qos2ThatHasBegunDiesWithItsSession) {
  for (const bool released : {false, true}) {
    auto [chosen, other] = publish_to_one(Qos::exactly_once);
    if (released) chosen->ack(PacketType::pubrec, delivery.packet_id);
    chosen->cut();
    broker.advance(Seconds{2000});
    EXPECT_TRUE(other->nothing_received());
    join(*chosen);
    EXPECT_TRUE(chosen->nothing_received());
    chosen->subscribe("$share/g/t", Qos::exactly_once);
    other->drop_received();
  }
}

// covers: 5.0 MQTT-4.8.2-6
TEST_F(Sharing, AMemberThatRefusesAMessageRefusesItForAll) {
  for (const auto qos : {Qos::at_least_once, Qos::exactly_once}) {
    auto [chosen, other] = publish_to_one(qos);
    chosen->ack(qos == Qos::at_least_once ? PacketType::puback : PacketType::pubrec, delivery.packet_id,
                ReasonCode::unspecified_error);
    EXPECT_TRUE(chosen->nothing_received());
    EXPECT_TRUE(other->nothing_received());
    chosen->cut();
    EXPECT_TRUE(other->nothing_received());
    join(*chosen);
    EXPECT_TRUE(chosen->nothing_received());
  }
}

class Window : public ::testing::Test {
 protected:
  void SetUp() override {
    publisher.connect("p");
    connect_with(subscriber, "s", mqtt::PropertyWriter().number(PropertyId::receive_maximum, 1));
    subscriber.subscribe("t", Qos::exactly_once);
  }
  VirtualBroker broker;
  TestClient publisher{broker, Version::v5};
  TestClient subscriber{broker, Version::v5};
};

// covers: 5.0 MQTT-4.9.0-1, 5.0 MQTT-4.9.0-2
TEST_F(Window, NoMoreThanTheReceiveMaximumIsOpen) {
  for (int i = 0; i < 6; ++i)
    publisher.publish("t", std::to_string(i), i % 2 == 0 ? Qos::at_least_once : Qos::exactly_once);
  for (int i = 0; i < 6; ++i) {
    SCOPED_TRACE(i);
    const auto got = subscriber.next();
    EXPECT_EQ(got.payload, std::to_string(i));
    EXPECT_TRUE(subscriber.nothing_received());
    switch (i) {
      case 0:
      case 2:
        subscriber.ack(PacketType::puback, got.packet_id);
        break;
      case 4:
        subscriber.ack(PacketType::puback, got.packet_id, ReasonCode::quota_exceeded);
        break;
      case 3:
        subscriber.ack(PacketType::pubrec, got.packet_id, ReasonCode::unspecified_error);
        break;
      default:
        subscriber.ack(PacketType::pubrec, got.packet_id);
        EXPECT_EQ(subscriber.next().type, PacketType::pubrel);
        EXPECT_TRUE(subscriber.nothing_received());  // PUBREC alone gives no room
        subscriber.ack(PacketType::pubcomp, got.packet_id);
    }
  }
  EXPECT_TRUE(subscriber.nothing_received());
}

// covers: 5.0 MQTT-4.9.0-3
TEST_F(Window, EverythingElseGoesOnWhileItIsFull) {
  publisher.publish("t", "one", Qos::at_least_once);
  publisher.publish("t", "two", Qos::at_least_once);
  EXPECT_THAT(payloads(subscriber), ElementsAre("one"));
  subscriber.ping();
  EXPECT_EQ(subscriber.next().type, PacketType::pingresp);
  EXPECT_EQ(subscriber.subscribe("more").type, PacketType::suback);
  EXPECT_EQ(subscriber.unsubscribe("more").type, PacketType::unsuback);
  EXPECT_EQ(subscriber.publish("u", "x", Qos::at_least_once).type, PacketType::puback);
  const auto pubrec = subscriber.publish("u", "x", Qos::exactly_once);
  subscriber.ack(PacketType::pubrel, pubrec.packet_id);
  EXPECT_EQ(subscriber.next().type, PacketType::pubcomp);
  EXPECT_TRUE(subscriber.nothing_received());
}

}  // namespace tombo::test
