#include "session/session.hpp"

#include "mqtt/framer.hpp"
#include "support/codec.hpp"
#include "unit_session/deliveries.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace tombo::test {

using mqtt::PacketId;
using mqtt::PacketType;
using mqtt::Qos;
using session::AckResult;
using session::Peer;
using session::SendResult;
using session::Session;

namespace {
const MonoTime kNow{Milliseconds{1000}};

struct Sent {
  PacketType type;
  PacketId id;
  bool dup;
  std::string payload;
  friend bool operator==(const Sent&, const Sent&) = default;
};
void PrintTo(const Sent& sent, std::ostream* out) {
  *out << static_cast<int>(sent.type) << " id " << sent.id << (sent.dup ? " dup " : " ") << sent.payload;
}

/// Everything that stands in the batch, which is emptied.
std::vector<Sent> take(mqtt::WriteBatch& out) {
  const auto bytes = bytes_of(out);
  out.clear();
  std::vector<Sent> all;
  mqtt::Bytes rest(bytes);
  const mqtt::DecodeLimits limits;
  while (!rest.empty()) {
    const auto result = mqtt::next_frame(rest, 1 << 20);
    EXPECT_EQ(result.status, mqtt::FrameStatus::complete);
    if (result.frame.type == PacketType::publish) {
      mqtt::PublishView view;
      EXPECT_TRUE(mqtt::decode_publish(result.frame, mqtt::Version::v5, limits, view, mqtt::Sender::server).ok());
      all.push_back({result.frame.type, view.packet_id, view.dup, std::string(mqtt::text_of(view.payload))});
    } else {
      mqtt::AckView view;
      EXPECT_TRUE(mqtt::decode_ack(result.frame, mqtt::Version::v5, limits, view, mqtt::Sender::server).ok());
      all.push_back({result.frame.type, view.packet_id, false, ""});
    }
    rest = rest.subspan(result.frame.size);
  }
  return all;
}

struct Fixture : testing::Test {
  Session session{0};
  Peer peer;
  mqtt::WriteBatch out;

  void send(const std::string& payload, Qos qos = Qos::at_least_once) {
    ASSERT_EQ(session.send(out, peer, delivery(payload, qos), kNow), SendResult::sent);
  }
};
using SessionTest = Fixture;
}  // namespace

// covers: 5.0 MQTT-4.4.0-1, 5.0 MQTT-4.6.0-1
TEST_F(SessionTest, ResendsInTheOldOrderUnderTheOldIdentifiersWithDup) {
  for (const auto* text : {"a", "b", "c"}) send(text);
  take(out);
  session.begin_resend();
  EXPECT_TRUE(session.resending());
  static_cast<void>(session.resend(out, peer, {}, kNow));
  EXPECT_FALSE(session.resending());
  EXPECT_EQ(take(out), (std::vector<Sent>{{PacketType::publish, 1, true, "a"},
                                          {PacketType::publish, 2, true, "b"},
                                          {PacketType::publish, 3, true, "c"}}));
}

// covers: 5.0 MQTT-3.3.4-9
TEST_F(SessionTest, ResendsNoMoreThanASmallerReceiveMaximumAllows) {
  for (const auto* text : {"a", "b", "c", "d"}) send(text);
  take(out);
  peer.receive_maximum = 2;
  session.begin_resend();
  static_cast<void>(session.resend(out, peer, {}, kNow));
  EXPECT_EQ(take(out), (std::vector<Sent>{{PacketType::publish, 1, true, "a"}, {PacketType::publish, 2, true, "b"}}));
  EXPECT_TRUE(session.resending());
  EXPECT_FALSE(session.may_send(peer, {100, 0}, *delivery("x", Qos::at_least_once).message));
  // Nothing more while the quota is used up, one more for each that is acknowledged.
  static_cast<void>(session.resend(out, peer, {}, kNow));
  EXPECT_TRUE(take(out).empty());
  EXPECT_EQ(session.on_puback(2), AckResult::finished);
  static_cast<void>(session.resend(out, peer, {}, kNow));
  EXPECT_EQ(take(out), (std::vector<Sent>{{PacketType::publish, 3, true, "c"}}));
  session.on_puback(1);
  session.on_puback(3);
  static_cast<void>(session.resend(out, peer, {}, kNow));
  EXPECT_EQ(take(out), (std::vector<Sent>{{PacketType::publish, 4, true, "d"}}));
  EXPECT_FALSE(session.resending());
  session.on_puback(4);
  EXPECT_EQ(session.in_flight_count(), 0u);
  EXPECT_TRUE(session.may_send(peer, {100, 0}, *delivery("x", Qos::at_least_once).message));
}

TEST_F(SessionTest, AnAcknowledgementOfWhatThisConnectionHasNotSeenMakesItGo) {
  for (const auto* text : {"a", "b", "c"}) send(text);
  take(out);
  peer.receive_maximum = 1;
  session.begin_resend();
  static_cast<void>(session.resend(out, peer, {}, kNow));
  take(out);
  EXPECT_EQ(session.on_puback(3), AckResult::finished);  // it got "c" on its old connection
  session.on_puback(1);
  static_cast<void>(session.resend(out, peer, {}, kNow));
  EXPECT_EQ(take(out), (std::vector<Sent>{{PacketType::publish, 2, true, "b"}}));
  EXPECT_FALSE(session.resending());
}

// covers: 5.0 MQTT-4.3.3-5
TEST_F(SessionTest, ResendsPubrelInsteadOfPublishOncePubrecHasCome) {
  send("a", Qos::exactly_once);
  send("b", Qos::exactly_once);
  take(out);
  EXPECT_EQ(session.on_pubrec(1, mqtt::ReasonCode::success), AckResult::advanced);
  session.begin_resend();
  static_cast<void>(session.resend(out, peer, {}, kNow));
  EXPECT_EQ(take(out), (std::vector<Sent>{{PacketType::pubrel, 1, false, ""}, {PacketType::publish, 2, true, "b"}}));
  EXPECT_EQ(session.on_pubcomp(2), AckResult::unknown);
  EXPECT_EQ(session.on_pubcomp(1), AckResult::finished);
  EXPECT_EQ(session.on_pubcomp(1), AckResult::unknown);
}

// covers: 5.0 MQTT-4.4.0-2
TEST_F(SessionTest, APubrecWithAnErrorEndsTheExchange) {
  send("a", Qos::exactly_once);
  EXPECT_EQ(session.on_pubrec(1, mqtt::ReasonCode::quota_exceeded), AckResult::finished);
  EXPECT_EQ(session.in_flight_count(), 0u);
  EXPECT_EQ(session.on_pubrec(1, mqtt::ReasonCode::success), AckResult::unknown);
}

TEST_F(SessionTest, TakesNoAcknowledgementOfTheWrongKind) {
  send("one", Qos::at_least_once);
  send("two", Qos::exactly_once);
  EXPECT_EQ(session.on_pubrec(1, mqtt::ReasonCode::success), AckResult::unknown);
  EXPECT_EQ(session.on_pubcomp(1), AckResult::unknown);
  EXPECT_EQ(session.on_puback(2), AckResult::unknown);
  EXPECT_EQ(session.in_flight_count(), 2u);
}

// covers: 5.0 MQTT-3.1.2-24, 5.0 MQTT-3.1.2-25
TEST_F(SessionTest, WhatANewConnectionCannotTakeCountsAsDelivered) {
  send("small");
  send(std::string(500, 'x'));
  send("small too");
  take(out);
  peer.format.packet_max = 100;
  session.begin_resend();
  static_cast<void>(session.resend(out, peer, {}, kNow));
  EXPECT_EQ(take(out), (std::vector<Sent>{{PacketType::publish, 1, true, "small"}, {PacketType::publish, 3, true, "small too"}}));
  EXPECT_EQ(session.in_flight_count(), 2u);
  EXPECT_FALSE(session.resending());
}

TEST_F(SessionTest, SendsNothingThatHasExpired) {
  mqtt::MessageParts parts;
  parts.topic = "t";
  parts.qos = Qos::at_least_once;
  parts.expires_at = kNow;
  session::Delivery old;
  old.message = mqtt::Message::create(parts);
  old.qos = Qos::at_least_once;
  EXPECT_EQ(session.send(out, peer, std::move(old), kNow), SendResult::expired);
  EXPECT_TRUE(out.empty());
  EXPECT_EQ(session.in_flight_count(), 0u);
}

// covers: 5.0 MQTT-4.3.3-10
TEST_F(SessionTest, TellsARepeatedQos2MessageFromANewOne) {
  EXPECT_TRUE(session.begin_receive(9));
  EXPECT_FALSE(session.begin_receive(9));
  EXPECT_TRUE(session.end_receive(9));
  EXPECT_FALSE(session.end_receive(9));
  EXPECT_TRUE(session.begin_receive(9));
  EXPECT_EQ(session.receiving(), 1u);
}

}  // namespace tombo::test
