#include "mqtt/encode.hpp"

#include "support/codec.hpp"
#include "support/wire_cases.hpp"
#include "support/wire_text.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace tombo::mqtt {
namespace {

using test::wire;
using Bytes_ = std::vector<std::uint8_t>;

constexpr PeerFormat kV5{Version::v5};
constexpr PeerFormat kV311{Version::v3_1_1};
constexpr PeerFormat kV31{Version::v3_1};

// covers: 5.0 MQTT-1.5.5-1
TEST(Encoder, WritesEveryGoodRowOfTheWireTableSoThatItReadsTheSame) {
  for (const auto& row : test::wire_cases()) {
    if (!row.ok) continue;
    const Frame frame = next_frame(row.bytes, row.bytes.size()).frame;
    const Bytes_ again = test::reencode(frame, row.version, row.sender);
    ASSERT_FALSE(again.empty()) << row.name;
    EXPECT_EQ(name_of(test::decode_packet(again, row.version, row.sender)), "success") << row.name;
    const Frame second = next_frame(again, again.size()).frame;
    EXPECT_EQ(test::reencode(second, row.version, row.sender), again) << row.name;
    if (test::has_one_form(frame, row.version)) {
      EXPECT_EQ(again, row.bytes) << row.name;
    }
  }
}

Bytes_ publish(const PeerFormat& peer, PublishOut out, const Ref<Message>& message) {
  WriteBatch batch;
  out.message = &message;
  EXPECT_TRUE(encode_publish(batch, peer, out));
  EXPECT_EQ(batch.size(), test::bytes_of(batch).size());
  return test::bytes_of(batch);
}

TEST(EncodePublish, WritesEachVersion) {
  const auto message = Message::create({.topic = "a/b", .payload = bytes_of("hi")});
  EXPECT_EQ(publish(kV311, {}, message), wire("30 ## <a/b> 'hi'"));
  EXPECT_EQ(publish(kV31, {.retain = true}, message), wire("31 ## <a/b> 'hi'"));
  EXPECT_EQ(publish(kV5, {}, message), wire("30 ## <a/b> [ ] 'hi'"));
  EXPECT_EQ(publish(kV311, {.qos = Qos::at_least_once, .packet_id = 0x1234}, message),
            wire("32 ## <a/b> 12 34 'hi'"));
  EXPECT_EQ(publish(kV5, {.qos = Qos::exactly_once, .dup = true, .packet_id = 5}, message),
            wire("3C ## <a/b> 00 05 [ ] 'hi'"));
}

TEST(EncodePublish, GathersALargePayloadInEveryVersion) {
  for (const std::size_t size :
       {WriteBatch::kGatherMin - 1, WriteBatch::kGatherMin, WriteBatch::kGatherMin * 20}) {
    const std::string payload(size, 'x');
    const auto message = Message::create({.topic = "t", .payload = bytes_of(payload)});
    for (const PeerFormat& peer : {kV31, kV311, kV5}) {
      WriteBatch batch;
      PublishOut out;
      out.message = &message;
      ASSERT_TRUE(encode_publish(batch, peer, out));
      iovec pieces[4];
      EXPECT_EQ(batch.describe(pieces, 4), size < WriteBatch::kGatherMin ? 1U : 2U);
      const Bytes_ bytes = test::bytes_of(batch);
      PublishView view;
      ASSERT_TRUE(decode_publish(next_frame(bytes, bytes.size()).frame, peer.version, {}, view));
      EXPECT_EQ(text_of(view.payload), payload);
    }
  }
}

// covers: 5.0 MQTT-3.3.4-3, 5.0 MQTT-3.3.4-4, 5.0 MQTT-3.3.4-5
TEST(EncodePublish, AddsSubscriptionIdentifiersAndAlias) {
  const auto raw = wire("26 <b> <1> 23 00 09 01 01 26 <a> <2>");
  const auto message = Message::create({.topic = "a", .payload = bytes_of("x"), .raw_properties = raw});
  const std::array<std::uint32_t, 3> ids{1, 128, kSubscriptionIdMax};
  PublishOut out{.subscription_ids = ids, .topic_alias = 7};
  EXPECT_EQ(publish(kV5, out, message),
            wire("30 ## <a> [ 23 00 07 0B 01 0B 80 01 0B FF FF FF 7F 26 <b> <1> 01 01 26 <a> <2> ] 'x'"));
  out.omit_topic = true;
  EXPECT_EQ(publish(kV5, out, message),
            wire("30 ## <> [ 23 00 07 0B 01 0B 80 01 0B FF FF FF 7F 26 <b> <1> 01 01 26 <a> <2> ] 'x'"));
  EXPECT_EQ(publish(kV311, out, message), wire("30 ## <a> 'x'"));
}

// covers: 5.0 MQTT-3.3.2-6
TEST(EncodePublish, TellsTheRemainingExpiry) {
  const MonoTime start{Milliseconds{5000}};
  const auto message =
      Message::create({.topic = "a", .payload = {}, .expires_at = start + Milliseconds{10'000}});
  const auto left_after = [&](std::int64_t ms) {
    return publish(kV5, {.now = start + Milliseconds{ms}}, message);
  };
  EXPECT_EQ(left_after(0), wire("30 ## <a> [ 02 00 00 00 0A ]"));
  EXPECT_EQ(left_after(400), wire("30 ## <a> [ 02 00 00 00 0A ]"));
  EXPECT_EQ(left_after(1000), wire("30 ## <a> [ 02 00 00 00 09 ]"));
  EXPECT_EQ(left_after(9999), wire("30 ## <a> [ 02 00 00 00 01 ]"));
  EXPECT_EQ(left_after(20'000), wire("30 ## <a> [ 02 00 00 00 00 ]"));
  EXPECT_EQ(publish(kV311, {.now = start}, message), wire("30 ## <a>"));
  const auto longest = Message::create(
      {.topic = "a", .payload = {}, .expires_at = start + Milliseconds{0xFFFF'FFFF * 1000LL}});
  EXPECT_EQ(publish(kV5, {.now = start}, longest), wire("30 ## <a> [ 02 FF FF FF FF ]"));
}

// covers: 5.0 MQTT-3.1.2-24
TEST(EncodePublish, AppendsNothingThatIsTooLargeForThePeer) {
  const auto message = Message::create({.topic = "a/b", .payload = bytes_of("hi")});
  for (const Version version : {Version::v3_1_1, Version::v5}) {
    const std::size_t size = publish({version}, {}, message).size();
    WriteBatch batch;
    PublishOut out;
    out.message = &message;
    EXPECT_FALSE(encode_publish(batch, {version, static_cast<std::uint32_t>(size - 1)}, out));
    EXPECT_TRUE(batch.empty());
    EXPECT_TRUE(encode_publish(batch, {version, static_cast<std::uint32_t>(size)}, out));
    EXPECT_EQ(batch.size(), size);
  }
}

template <class Encode>
Bytes_ encoded(Encode&& encode) {
  WriteBatch batch;
  encode(batch);
  return test::bytes_of(batch);
}

Bytes_ ack(const PeerFormat& peer, PacketType type, ReasonCode reason, const Diagnostics& diagnostics = {}) {
  return encoded([&](WriteBatch& out) { encode_ack(out, peer, type, 258, reason, diagnostics); });
}

// covers: 5.0 MQTT-2.2.1-5, 5.0 MQTT-3.6.1-1, 3.1.1 MQTT-2.3.1-6, 3.1.1 MQTT-3.6.1-1
TEST(EncodeAck, IsAsShortAsTheVersionAllows) {
  EXPECT_EQ(ack(kV5, PacketType::puback, ReasonCode::success), wire("40 02 01 02"));
  EXPECT_EQ(ack(kV5, PacketType::pubrel, ReasonCode::success), wire("62 02 01 02"));
  EXPECT_EQ(ack(kV5, PacketType::pubrec, ReasonCode::not_authorized), wire("50 03 01 02 87"));
  EXPECT_EQ(ack(kV311, PacketType::pubrec, ReasonCode::not_authorized), wire("50 02 01 02"));
  EXPECT_EQ(ack(kV31, PacketType::pubcomp, ReasonCode::packet_identifier_not_found), wire("70 02 01 02"));
}

// covers: 5.0 MQTT-3.4.2-2, 5.0 MQTT-3.4.2-3, 5.0 MQTT-3.5.2-2, 5.0 MQTT-3.6.2-2, 5.0 MQTT-3.7.2-2
TEST(EncodeAck, DropsUserPropertiesFirstThenTheReasonString) {
  const std::array<std::pair<std::string_view, std::string_view>, 1> pairs{{{"k", "v"}}};
  const Diagnostics diagnostics{"no", pairs};
  const auto full = wire("40 ## 01 02 87 [ 1F <no> 26 <k> <v> ]");
  const auto reason_only = wire("40 ## 01 02 87 [ 1F <no> ]");
  const auto within = [&](std::size_t size) {
    return ack({Version::v5, static_cast<std::uint32_t>(size)}, PacketType::puback,
               ReasonCode::not_authorized, diagnostics);
  };
  EXPECT_EQ(within(full.size()), full);
  EXPECT_EQ(within(full.size() - 1), reason_only);
  EXPECT_EQ(within(reason_only.size()), reason_only);
  EXPECT_EQ(within(reason_only.size() - 1), wire("40 ## 01 02 87"));
  EXPECT_EQ(within(5), wire("40 ## 01 02 87"));
  EXPECT_TRUE(within(4).empty());
  EXPECT_EQ(ack(kV311, PacketType::puback, ReasonCode::not_authorized, diagnostics), wire("40 02 01 02"));
}

// covers: 5.0 MQTT-3.9.3-1, 3.1.1 MQTT-3.9.3-1, 3.1.1 MQTT-3.9.3-2
TEST(EncodeSuback, MapsRefusalsForOlderVersions) {
  const std::array codes{ReasonCode::granted_qos_2, ReasonCode::not_authorized, ReasonCode::success};
  const auto suback = [&](const PeerFormat& peer, const Diagnostics& diagnostics = {}) {
    return encoded([&](WriteBatch& out) { encode_suback(out, peer, 1, codes, diagnostics); });
  };
  EXPECT_EQ(suback(kV5), wire("90 ## 00 01 [ ] 02 87 00"));
  EXPECT_EQ(suback(kV311), wire("90 ## 00 01 02 80 00"));
  EXPECT_EQ(suback(kV5, {"why", {}}), wire("90 ## 00 01 [ 1F <why> ] 02 87 00"));
  EXPECT_EQ(suback({Version::v5, 8}, {"why", {}}), wire("90 ## 00 01 [ ] 02 87 00"));
  EXPECT_TRUE(suback({Version::v5, 7}).empty());
}

TEST(EncodeUnsuback, HasCodesSince50Only) {
  const std::array codes{ReasonCode::success, ReasonCode::no_subscription_existed};
  const auto unsuback = [&](const PeerFormat& peer) {
    return encoded([&](WriteBatch& out) { encode_unsuback(out, peer, 1, codes); });
  };
  EXPECT_EQ(unsuback(kV5), wire("B0 ## 00 01 [ ] 00 11"));
  EXPECT_EQ(unsuback(kV311), wire("B0 02 00 01"));
}

Bytes_ connack(const PeerFormat& peer, const ConnackOut& out) {
  return encoded([&](WriteBatch& batch) {
    const bool appended = encode_connack(batch, peer, out);
    EXPECT_EQ(appended, !batch.empty());
  });
}

// covers: 3.1.1 MQTT-3.2.2-4, 3.1.1 MQTT-3.2.2-5, 3.1.1 MQTT-3.2.2-6, 5.0 MQTT-3.2.2-6
TEST(EncodeConnack, SpeaksThePeersVersion) {
  const ConnackOut present{.session_present = true};
  EXPECT_EQ(connack(kV5, present), wire("20 ## 01 00 [ ]"));
  EXPECT_EQ(connack(kV311, present), wire("20 02 01 00"));
  EXPECT_EQ(connack(kV31, present), wire("20 02 00 00"));
  const ConnackOut refused{.session_present = true, .reason = ReasonCode::bad_user_name_or_password};
  EXPECT_EQ(connack(kV5, refused), wire("20 ## 00 86 [ ]"));
  EXPECT_EQ(connack(kV311, refused), wire("20 02 00 04"));
  EXPECT_TRUE(connack(kV311, {.reason = ReasonCode::malformed_packet}).empty());
  const std::array<std::pair<ReasonCode, int>, 8> mapped{{{ReasonCode::unsupported_protocol_version, 1},
                                                          {ReasonCode::client_identifier_not_valid, 2},
                                                          {ReasonCode::server_busy, 3},
                                                          {ReasonCode::quota_exceeded, 3},
                                                          {ReasonCode::use_another_server, 3},
                                                          {ReasonCode::not_authorized, 5},
                                                          {ReasonCode::banned, 5},
                                                          {ReasonCode::success, 0}}};
  for (const auto& [reason, code] : mapped)
    EXPECT_EQ(connect_return_code(reason).code, code) << name_of(reason);
}

// covers: 5.0 MQTT-3.2.2-19, 5.0 MQTT-3.2.2-20
TEST(EncodeConnack, KeepsWhatMattersWhenDiagnosticsDoNotFit) {
  ConnackOut out{.receive_maximum = std::uint16_t{10}, .assigned_client_id = "id"};
  out.diagnostics.reason_string = "hello";
  EXPECT_EQ(connack(kV5, out), wire("20 ## 00 00 [ 21 00 0A 12 <id> 1F <hello> ]"));
  const auto without = wire("20 ## 00 00 [ 21 00 0A 12 <id> ]");
  EXPECT_EQ(connack({Version::v5, static_cast<std::uint32_t>(without.size())}, out), without);
  EXPECT_TRUE(connack({Version::v5, static_cast<std::uint32_t>(without.size() - 1)}, out).empty());
}

// covers: 5.0 MQTT-3.14.2-3, 5.0 MQTT-3.14.2-4
TEST(EncodeDisconnect, IsSilentBefore50AndShortWhereItMustBe) {
  const auto disconnect = [](const PeerFormat& peer) {
    return encoded([&](WriteBatch& out) {
      encode_disconnect(out, peer, ReasonCode::use_another_server, "other", {"why", {}});
    });
  };
  EXPECT_EQ(disconnect(kV5), wire("E0 ## 9C [ 1C <other> 1F <why> ]"));
  EXPECT_EQ(disconnect({Version::v5, 12}), wire("E0 ## 9C [ 1C <other> ]"));
  EXPECT_EQ(disconnect({Version::v5, 5}), wire("E0 01 9C"));
  EXPECT_TRUE(disconnect({Version::v5, 2}).empty());
  EXPECT_TRUE(disconnect(kV311).empty());
}

TEST(EncodeClient, WritesItsOwnPackets) {
  EXPECT_EQ(encoded([](WriteBatch& out) { encode_pingreq(out); }), wire("C0 00"));
  EXPECT_EQ(encoded([](WriteBatch& out) { encode_pingresp(out); }), wire("D0 00"));
  EXPECT_EQ(encoded([](WriteBatch& out) { encode_client_disconnect(out, Version::v3_1_1); }), wire("E0 00"));
  EXPECT_EQ(encoded([](WriteBatch& out) {
              encode_client_disconnect(out, Version::v5, ReasonCode::disconnect_with_will);
            }),
            wire("E0 01 04"));
  EXPECT_EQ(
      encoded([](WriteBatch& out) { encode_auth(out, kV5, ReasonCode::reauthenticate, "m", bytes_of("d")); }),
      wire("F0 ## 19 [ 15 <m> 16 <d> ]"));
}

}  // namespace
}  // namespace tombo::mqtt
