#include "unit_broker/arrange.hpp"
#include "unit_broker/rulebook.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace tombo::test {

using mqtt::PacketType;
using mqtt::Qos;
using mqtt::ReasonCode;
using mqtt::Version;

namespace {
VirtualBroker::Setup with(const std::function<void(config::Defence&)>& change, Rulebook* book = nullptr) {
  auto setup = setup_of(1);
  change(setup.options.defence);
  setup.authenticator = book;
  return setup;
}
TestClient::Connect as(std::string user) {
  TestClient::Connect connect;
  connect.client_id = "c-" + user;
  connect.user_name = std::move(user);
  return connect;
}
}  // namespace

TEST(Defence, WhoseLoginsFailMustWait) {
  Rulebook book;
  VirtualBroker broker(with([](auto& defence) {
    defence.login_failures_max = 3;
    defence.login_window_s = 60;
    defence.login_penalty_s = 100;
  }, &book));
  const auto answer = [&](const std::string& user) {
    TestClient client(broker, Version::v5);
    return client.connect(as(user)).reason;
  };
  for (int i = 0; i < 3; ++i) EXPECT_EQ(answer("stranger"), ReasonCode::bad_user_name_or_password);
  EXPECT_EQ(answer("stranger"), ReasonCode::connection_rate_exceeded);
  EXPECT_EQ(answer("anna"), ReasonCode::connection_rate_exceeded) << "the address waits, whoever it says that it is";
  broker.advance(Seconds{101});
  EXPECT_EQ(answer("anna"), ReasonCode::success);
}

TEST(Defence, WhoHasANetworkOfAddressesIsOne) {
  const auto host = [](std::string address, std::optional<std::uint32_t> uid = {}) {
    auth::Peer peer;
    peer.address = std::move(address);
    if (uid) peer.unix_peer = auth::UnixPeer{1, *uid, 0};
    return broker::Penalties::host_of(peer);
  };
  EXPECT_EQ(host("192.0.2.1:1000"), host("192.0.2.1:2000"));
  EXPECT_NE(host("192.0.2.1:1000"), host("192.0.2.2:1000"));
  EXPECT_EQ(host("[::ffff:192.0.2.1]:1"), host("192.0.2.1:1"));
  EXPECT_EQ(host("[2001:db8::1]:1"), host("[2001:db8::ffff:0:0:2]:9"));
  EXPECT_NE(host("[2001:db8::1]:1"), host("[2001:db8:0:1::1]:1"));
  EXPECT_NE(host("[fe80::1]:1"), host("[fe80::2]:1")) << "neighbours share their first 64 bits";
  EXPECT_EQ(host("unix:100", 7), host("unix:200", 7));
  EXPECT_NE(host("unix:100", 7), host("unix:100", 8));
}

TEST(Defence, AnotherAddressOfTheSameNetworkDoesNotHelp) {
  Rulebook book;
  VirtualBroker broker(with([](auto& defence) { defence.login_failures_max = 3; }, &book));
  const auto answer = [&](const std::string& address, const std::string& user) {
    TestClient client(broker, Version::v5);
    client.connection().known.address = address;
    return client.connect(as(user)).reason;
  };
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(answer(fmt::format("[2001:db8::{}]:1000", i + 1), "stranger"), ReasonCode::bad_user_name_or_password);
  }
  EXPECT_EQ(answer("[2001:db8::99]:1000", "anna"), ReasonCode::connection_rate_exceeded);
  EXPECT_EQ(answer("[2001:db8:0:1::1]:1000", "anna"), ReasonCode::success);
}

TEST(Defence, FailuresThatAreFarApartDoNotCount) {
  Rulebook book;
  VirtualBroker broker(with([](auto& defence) { defence.login_failures_max = 3; }, &book));
  for (int i = 0; i < 10; ++i) {
    TestClient client(broker, Version::v5);
    EXPECT_EQ(client.connect(as("stranger")).reason, ReasonCode::bad_user_name_or_password);
    broker.advance(Seconds{40});
  }
}

TEST(Defence, AClientIdThatComesOverAndOverMustWait) {
  VirtualBroker broker(with([](auto& defence) {
    defence.flapping_max = 5;
    defence.flapping_window_s = 10;
    defence.flapping_penalty_s = 20;
  }));
  const auto answer = [&](const std::string& client_id) {
    TestClient client(broker, Version::v5);
    return client.connect(client_id).reason;
  };
  for (int i = 0; i < 5; ++i) EXPECT_EQ(answer("x"), ReasonCode::success);
  EXPECT_EQ(answer("x"), ReasonCode::connection_rate_exceeded);
  EXPECT_EQ(answer("y"), ReasonCode::success);
  broker.advance(Seconds{21});
  EXPECT_EQ(answer("x"), ReasonCode::success);
}

TEST(Defence, APublisherIsReadFromAsFastAsItMaySend) {
  VirtualBroker broker(with([](auto& defence) { defence.client_messages_per_s = 10; }));
  auto reader = connected(broker, "r");
  reader->subscribe("t");
  auto writer = connected(broker, "w");
  for (int i = 0; i < 25; ++i) writer->publish("t", "x");
  const std::size_t at_once = reader->publishes().size();
  EXPECT_GE(at_once, 10u);
  EXPECT_LE(at_once, 12u);
  broker.advance(Seconds{1});
  const std::size_t next = reader->publishes().size();
  EXPECT_GE(next, 8u);
  EXPECT_LE(next, 12u);
  broker.advance(Seconds{2});
  EXPECT_EQ(at_once + next + reader->publishes().size(), 25u);
  EXPECT_FALSE(writer->closed());
}

TEST(Defence, OneLargePublishIsPaidForByAPause) {
  VirtualBroker broker(with([](auto& defence) { defence.client_bytes_in_per_s = 1000; }));
  auto reader = connected(broker, "r");
  reader->subscribe("t");
  auto writer = connected(broker, "w");
  writer->publish("t", std::string(5000, 'x'));
  writer->publish("t", "after");
  EXPECT_EQ(reader->publishes().size(), 1u);
  broker.advance(Seconds{3});
  EXPECT_EQ(reader->publishes().size(), 0u);
  broker.advance(Seconds{2});
  EXPECT_EQ(payloads(*reader), "after");
}

TEST(Defence, AReaderIsSentAsMuchAsItMayHave) {
  VirtualBroker broker(with([](auto& defence) { defence.client_bytes_out_per_s = 1000; }));
  auto reader = connected(broker, "r");
  reader->subscribe("t", Qos::at_least_once);
  auto writer = connected(broker, "w");
  for (int i = 0; i < 30; ++i) writer->publish({.topic = "t", .payload = std::string(100, 'x'), .qos = Qos::at_least_once, .properties = {}});
  const std::size_t at_once = reader->publishes().size();
  EXPECT_GE(at_once, 10u);
  EXPECT_LE(at_once, 12u);
  broker.advance(Seconds{3});
  EXPECT_EQ(at_once + reader->publishes().size(), 30u);
}

TEST(Defence, AClientThatIsSlowedBothWaysMayGo) {
  VirtualBroker broker(with([](auto& defence) {
    defence.client_bytes_in_per_s = 1000;
    defence.client_bytes_out_per_s = 1000;
  }));
  auto client = connected(broker, "c");
  client->subscribe("t");
  auto other = connected(broker, "o");
  client->publish("t", std::string(9000, 'x'));
  other->publish("t", std::string(1500, 'x'));
  broker.advance(Seconds{2});
  client->cut();
  broker.advance(Seconds{20});
  EXPECT_EQ(broker.core().connections.load(), 1u);
}

TEST(Defence, SubscribingHasARate) {
  VirtualBroker broker(with([](auto& defence) { defence.client_subscribes_per_s = 2; }));
  auto client = connected(broker, "c");
  EXPECT_EQ(client->subscribe("a").codes[0], ReasonCode::success);
  EXPECT_EQ(client->subscribe("b").codes[0], ReasonCode::success);
  EXPECT_EQ(client->subscribe("c").codes[0], ReasonCode::quota_exceeded);
  broker.advance(Seconds{1});
  EXPECT_EQ(client->subscribe("c").codes[0], ReasonCode::success);
}

TEST(Defence, ADribblingPacketEndsEvenWithoutKeepAlive) {
  VirtualBroker broker(with([](auto& defence) { defence.packet_timeout_s = 30; }));
  auto client = connected(broker, "c");
  client->send_wire("30 20 00 01 74");
  for (int i = 0; i < 5; ++i) {
    broker.advance(Seconds{5});
    client->send_wire("78");
    EXPECT_FALSE(client->closed());
  }
  broker.advance(Seconds{7});
  EXPECT_TRUE(client->closed());
}

TEST(Defence, AnUnfinishedPacketDoesNotProlongKeepAlive) {
  VirtualBroker broker(with([](auto&) {}));
  TestClient client(broker, Version::v5);
  TestClient::Connect connect;
  connect.client_id = "c";
  connect.keep_alive_s = 10;
  client.connect(connect);
  client.send_wire("30 20 00 01 74");
  broker.advance(Seconds{10});
  client.send_wire("78");
  broker.advance(Seconds{6});
  EXPECT_TRUE(client.closed());
}

}  // namespace tombo::test
