#pragma once

#include "auth/authenticator.hpp"
#include "support/test_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tombo::test {

// Verbs that the conformance cases of several sections share.

inline constexpr mqtt::Qos kEveryQos[] = {mqtt::Qos::at_most_once, mqtt::Qos::at_least_once, mqtt::Qos::exactly_once};
inline constexpr mqtt::PacketId kIdsOfEveryShape[] = {1, 255, 256, 65535};

/// A broker and clients of the version that the test runs at.
class AtVersion : public ::testing::TestWithParam<mqtt::Version> {
 protected:
  TestClient client() { return TestClient(broker, GetParam()); }
  bool v5() const { return GetParam() == mqtt::Version::v5; }
  /// What only 5.0 has in a packet, for TestClient::send_wire().
  std::string only_v5(std::string_view text) const { return v5() ? " " + std::string(text) + " " : " "; }

  VirtualBroker broker;
};

inline std::string version_name(const ::testing::TestParamInfo<mqtt::Version>& info) {
  return info.param == mqtt::Version::v5 ? "v5" : info.param == mqtt::Version::v3_1_1 ? "v311" : "v31";
}

/// Two digits, as wire() reads them.
inline std::string hex(unsigned byte) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  return {kDigits[byte >> 4 & 15U], kDigits[byte & 15U]};
}

/// Connects to a session that stays when the connection ends; resumes it if it is there.
inline Received stay(TestClient& client, std::string client_id, mqtt::PropertyWriter properties = {}) {
  TestClient::Connect connect;
  connect.client_id = std::move(client_id);
  connect.clean_start = false;
  if (client.version() == mqtt::Version::v5) {
    connect.properties = std::move(properties);
    connect.properties.number(mqtt::PropertyId::session_expiry_interval, 1000);
  }
  return client.connect(std::move(connect));
}

/// A fresh session, with properties.
inline Received connect_with(TestClient& client, std::string client_id, mqtt::PropertyWriter properties) {
  TestClient::Connect connect;
  connect.client_id = std::move(client_id);
  connect.properties = std::move(properties);
  return client.connect(std::move(connect));
}

inline Received connect_with_will(TestClient& client, std::string client_id, std::string topic) {
  TestClient::Connect connect;
  connect.client_id = std::move(client_id);
  connect.has_will = true;
  connect.will_topic = std::move(topic);
  connect.will_payload = "gone";
  return client.connect(std::move(connect));
}

/// PUBLISH under an identifier that the test chose; returns PUBACK or PUBREC.
inline Received publish_as(TestClient& client, mqtt::PacketId id, std::string topic, std::string payload, mqtt::Qos qos,
                           bool dup = false) {
  TestClient::Publish publish;
  publish.topic = std::move(topic);
  publish.payload = std::move(payload);
  publish.qos = qos;
  publish.dup = dup;
  publish.packet_id = id;
  return client.publish(std::move(publish));
}

/// The broker has closed the connection: without a word before 5.0, since then after a DISCONNECT with one of the
/// reasons and nothing behind it.
inline void expect_cut(TestClient& client, std::initializer_list<mqtt::ReasonCode> reasons) {
  if (client.version() == mqtt::Version::v5) {
    const auto last = client.next();
    EXPECT_EQ(last.type, mqtt::PacketType::disconnect);
    EXPECT_THAT(std::vector<mqtt::ReasonCode>(reasons), ::testing::Contains(last.reason));
  }
  EXPECT_TRUE(client.nothing_received());
  EXPECT_TRUE(client.closed());
}

/// CONNECT was refused without CONNACK.
inline void expect_silent_close(TestClient& client) {
  EXPECT_TRUE(client.nothing_received());
  EXPECT_TRUE(client.closed());
}

inline std::vector<std::string> payloads_of(const std::vector<Received>& publishes) {
  std::vector<std::string> payloads;
  for (const auto& publish : publishes) payloads.push_back(publish.payload);
  return payloads;
}
inline std::vector<std::string> topics_of(const std::vector<Received>& publishes) {
  std::vector<std::string> topics;
  for (const auto& publish : publishes) topics.push_back(publish.topic);
  return topics;
}
inline std::vector<mqtt::PacketId> ids_of(const std::vector<Received>& packets) {
  std::vector<mqtt::PacketId> ids;
  for (const auto& packet : packets) ids.push_back(packet.packet_id);
  return ids;
}
inline std::vector<std::string> payloads(TestClient& client) {
  return payloads_of(client.publishes());
}
inline std::vector<std::string> topics(TestClient& client) {
  return topics_of(client.publishes());
}

/// Every packet of one type not yet looked at.
inline std::vector<Received> all_of_type(TestClient& client, mqtt::PacketType type) {
  std::vector<Received> all;
  for (Received packet = client.next(type); packet.type == type; packet = client.next(type))
    all.push_back(std::move(packet));
  return all;
}

/// Refuses the user "stranger", and everybody whatever is below "secret".
class Doorkeeper final : public auth::Authenticator {
 public:
  auth::LoginAnswer login(const auth::Login& connect, std::function<void(auth::LoginAnswer)>) override {
    if (connect.user_name == "stranger") return {auth::Decision::deny, mqtt::ReasonCode::bad_user_name_or_password, nullptr, {}};
    return {auth::Decision::allow, mqtt::ReasonCode::success, auth::somebody(connect.user_name), {}};
  }
  auth::AccessAnswer access(const auth::Access& access, std::function<void(auth::AccessAnswer)>) override {
    if (access.topic.starts_with("secret")) return {auth::Decision::deny, mqtt::ReasonCode::not_authorized, {}};
    return {auth::Decision::allow, mqtt::ReasonCode::success, {}};
  }
  bool restricts_access() const override { return true; }
};

inline VirtualBroker::Setup guarded_by(Doorkeeper& doorkeeper) {
  VirtualBroker::Setup setup;
  setup.authenticator = &doorkeeper;
  return setup;
}

}  // namespace tombo::test
