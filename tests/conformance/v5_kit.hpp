#pragma once

#include "support/test_client.hpp"
#include "support/wire_text.hpp"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// What the 5.0 conformance tests up to section 3.3 have in common.
namespace tombo::test::v5a {

using mqtt::PacketType;
using mqtt::PropertyId;
using mqtt::PropertyWriter;
using mqtt::Qos;
using mqtt::ReasonCode;
using mqtt::RetainHandling;
using mqtt::SubscribeOptions;
using mqtt::Version;

inline constexpr Qos kEveryQos[] = {Qos::at_most_once, Qos::at_least_once, Qos::exactly_once};

/// A CONNECT with this client id; `expiry_s` > 0 keeps the session so long.
inline TestClient::Connect named(std::string client_id, std::uint32_t expiry_s = 0, bool clean_start = true) {
  TestClient::Connect connect;
  connect.client_id = std::move(client_id);
  connect.clean_start = clean_start;
  if (expiry_s != 0) connect.properties.number(PropertyId::session_expiry_interval, expiry_s);
  return connect;
}

/// A 5.0 client that has been accepted.
inline TestClient online(VirtualBroker& broker, TestClient::Connect connect) {
  TestClient client(broker, Version::v5);
  const auto connack = client.connect(std::move(connect));
  EXPECT_EQ(connack.type, PacketType::connack);
  EXPECT_EQ(connack.reason, ReasonCode::success);
  return client;
}
inline TestClient online(VirtualBroker& broker, std::string client_id) {
  return online(broker, named(std::move(client_id)));
}

/// A client that sees every message which the broker routes.
inline TestClient witness(VirtualBroker& broker) {
  TestClient client = online(broker, "witness");
  EXPECT_EQ(client.subscribe("#", Qos::exactly_once).codes, std::vector{ReasonCode::granted_qos_2});
  return client;
}

/// The next that the client has got is the last: CONNACK or DISCONNECT with one of these reasons, then the close.
inline ::testing::AssertionResult refused_with(TestClient& client, std::initializer_list<ReasonCode> allowed) {
  const auto last = client.next();
  if (last.type != PacketType::disconnect && last.type != PacketType::connack) {
    return ::testing::AssertionFailure() << "neither CONNACK nor DISCONNECT came, but type "
                                         << static_cast<int>(last.type);
  }
  if (std::find(allowed.begin(), allowed.end(), last.reason) == allowed.end()) {
    return ::testing::AssertionFailure() << "refused with " << name_of(last.reason);
  }
  if (!client.nothing_received()) return ::testing::AssertionFailure() << "something came after the refusal";
  if (!client.closed()) return ::testing::AssertionFailure() << "the connection is still open";
  return ::testing::AssertionSuccess();
}

/// The connection works: a ping is answered.
inline ::testing::AssertionResult alive(TestClient& client) {
  client.ping();
  if (client.next(PacketType::pingresp).type != PacketType::pingresp)
    return ::testing::AssertionFailure() << "no PINGRESP";
  if (client.closed()) return ::testing::AssertionFailure() << "closed";
  return ::testing::AssertionSuccess();
}

inline SubscribeOptions options(Qos qos, RetainHandling handling = RetainHandling::send, bool as_published = false) {
  SubscribeOptions chosen;
  chosen.qos = qos;
  chosen.retain_handling = handling;
  chosen.retain_as_published = as_published;
  return chosen;
}

/// A PUBLISH to fill in further.
inline TestClient::Publish message(std::string topic, std::string payload, Qos qos = Qos::at_most_once,
                                   bool retain = false) {
  TestClient::Publish publish;
  publish.topic = std::move(topic);
  publish.payload = std::move(payload);
  publish.qos = qos;
  publish.retain = retain;
  return publish;
}

inline std::vector<std::string> payloads(const std::vector<Received>& packets) {
  std::vector<std::string> all;
  for (const auto& packet : packets) all.push_back(packet.payload);
  return all;
}

/// `hex` with its two-byte length in front, as wire() reads it: "C0 80" becomes "00 02 C0 80".
inline std::string text_field(std::string_view hex) {
  const auto size = static_cast<unsigned>(wire(hex).size());
  return fmt::format("{:02X} {:02X} {}", size >> 8, size & 0xFF, hex);
}

/// The template with every '@' replaced.
inline std::string fill(std::string_view pattern, std::string_view with) {
  std::string out;
  for (const char c : pattern) {
    if (c == '@') {
      out += with;
    } else {
      out += c;
    }
  }
  return out;
}

/// One account, and topics below "forbidden/" that nobody may use.
/// Lives on: any thread (immutable).
class OneAccount final : public auth::Authenticator {
 public:
  auth::LoginAnswer login(const auth::Login& connect, std::function<void(auth::LoginAnswer)>) override {
    const bool good = connect.has_user_name && connect.user_name == "alice" && connect.has_password &&
                      connect.password == "secret";
    return {good ? auth::Decision::allow : auth::Decision::deny, ReasonCode::bad_user_name_or_password,
            auth::somebody(connect.user_name), {}};
  }
  auth::AccessAnswer access(const auth::Access& access, std::function<void(auth::AccessAnswer)>) override {
    const bool bad = access.topic.starts_with("forbidden/");
    return {bad ? auth::Decision::deny : auth::Decision::allow, ReasonCode::not_authorized, {}};
  }
  bool restricts_access() const override { return true; }
};

inline TestClient::Connect as_alice(TestClient::Connect connect, std::string password = "secret") {
  connect.user_name = "alice";
  connect.password = std::move(password);
  return connect;
}

}  // namespace tombo::test::v5a
