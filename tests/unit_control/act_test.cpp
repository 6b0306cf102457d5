#include "unit_control/talk.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

// Commands that change something, and what clients notice of it.

namespace tombo::test {

using mqtt::PacketType;
using mqtt::Qos;
using mqtt::ReasonCode;
using mqtt::Version;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Kick, ClosesTheConnectionAndKeepsTheSession) {
  VirtualBroker broker(setup_of(2));
  place_next(broker, 1);
  TestClient client(broker, Version::v5);
  client.connect(lasting("c"));
  Talk talk(broker);
  EXPECT_EQ(talk.result("clients.kick", {{"id", "c"}})["id"], "c");
  EXPECT_EQ(client.next(PacketType::disconnect).reason, ReasonCode::administrative_action);
  EXPECT_TRUE(client.closed());
  EXPECT_EQ(talk.result("sessions.show", {{"id", "c"}})["connected"], false);
  EXPECT_EQ(talk.error("clients.kick", {{"id", "c"}}), "not_found");
  EXPECT_EQ(talk.error("clients.kick", {{"id", "nobody"}}), "not_found");
}

TEST(Kick, TellsTheReasonThatItWasGivenAndTheWillGoesOut) {
  VirtualBroker broker;
  auto watcher = connected(broker, "w");
  watcher->subscribe("will");
  for (const auto* reason : {"quota_exceeded", "0x97"}) {
    TestClient client(broker, Version::v5);
    TestClient::Connect connect;
    connect.client_id = "c";
    connect.has_will = true;
    connect.will_topic = "will";
    connect.will_payload = "gone";
    client.connect(std::move(connect));
    Talk talk(broker);
    talk.result("clients.kick", {{"id", "c"}, {"reason", reason}});
    EXPECT_EQ(client.next(PacketType::disconnect).reason, ReasonCode::quota_exceeded);
    EXPECT_EQ(payloads(*watcher), "gone");
  }
  auto old = connected(broker, "old", Version::v3_1_1);
  Talk talk(broker);
  talk.result("clients.kick", {{"id", "old"}});
  EXPECT_TRUE(old->nothing_received());
  EXPECT_TRUE(old->closed());
}

TEST(RemoveSession, EndsItWhetherItsClientIsThereOrAway) {
  VirtualBroker broker;
  leave_session(broker, "away", "t");
  TestClient here(broker, Version::v5);
  here.connect(lasting("here"));
  here.subscribe("t", Qos::at_least_once);
  Talk talk(broker);
  talk.result("sessions.remove", {{"id", "away"}});
  talk.result("sessions.remove", {{"id", "here"}});
  EXPECT_EQ(here.next(PacketType::disconnect).reason, ReasonCode::administrative_action);
  EXPECT_TRUE(here.closed());
  EXPECT_EQ(talk.error("sessions.remove", {{"id", "away"}}), "not_found");
  EXPECT_THAT(talk.rows("sessions.list"), IsEmpty());
  EXPECT_THAT(talk.rows("subscriptions.list"), IsEmpty());
  const Json status = talk.result("status");
  EXPECT_EQ(status["sessions"], 0);
  EXPECT_EQ(status["sessions_away"], 0);
  EXPECT_EQ(status["clients"], 0);
  TestClient again(broker, Version::v5);
  EXPECT_FALSE(again.connect(lasting("away")).session_present);
}

TEST(Retained, IsShownWithItsPayloadAndForgotten) {
  VirtualBroker broker;
  auto publisher = connected(broker, "p");
  publisher->publish("text", "grün", Qos::at_least_once, true);
  publisher->publish("bytes", std::string("\x00\xff", 2), Qos::at_most_once, true);
  publisher->publish("long", std::string(2'000'000, 'x'), Qos::at_most_once, true);
  Talk talk(broker);
  EXPECT_EQ(talk.result("retained.get", {{"topic", "text"}})["payload"], "grün");
  EXPECT_EQ(talk.result("retained.get", {{"topic", "bytes"}})["payload_base64"], "AP8=");
  const Json cut = talk.result("retained.get", {{"topic", "long"}});
  EXPECT_EQ(cut["bytes"], 2'000'000);
  EXPECT_EQ(cut["cut_after"], 1024 * 1024);
  EXPECT_EQ(talk.error("retained.get", {{"topic", "none"}}), "not_found");
  talk.result("retained.remove", {{"topic", "text"}});
  EXPECT_EQ(talk.error("retained.remove", {{"topic", "text"}}), "not_found");
  auto subscriber = connected(broker, "s");
  subscriber->subscribe("text");
  EXPECT_THAT(subscriber->publishes(), IsEmpty());
}

TEST(Drain, SendsClientsAwayInBatchesAndLetsNobodyIn) {
  constexpr int kClients = 700;
  VirtualBroker broker(setup_of(2));
  std::vector<std::unique_ptr<TestClient>> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.push_back(connected_on(broker, static_cast<routing::ShardId>(i % 2), "c" + std::to_string(i),
                                   i % 4 == 0 ? Version::v3_1_1 : Version::v5));
  }
  Talk talk(broker);
  talk.dialogue().receive(Talk::request("drain.begin", {{"redirect", "other.example:1883"}}));
  broker.turn(0);
  const std::uint64_t left = broker.core().counters(0).clients_connected.get();
  EXPECT_GT(left, 100u);
  EXPECT_LT(left, 350u);
  EXPECT_EQ(talk.say("").back()["result"]["draining"], true);
  EXPECT_EQ(talk.result("status")["clients"], 0);
  EXPECT_EQ(talk.result("status")["draining"], true);
  for (auto& client : clients) {
    EXPECT_TRUE(client->closed());
    if (client->version() != Version::v5) continue;
    const auto goodbye = client->next(PacketType::disconnect);
    EXPECT_EQ(goodbye.reason, ReasonCode::use_another_server);
    EXPECT_EQ(goodbye.text(mqtt::PropertyId::server_reference), "other.example:1883");
  }
  TestClient v5(broker, Version::v5);
  const auto refused = v5.connect("new");
  EXPECT_EQ(refused.reason, ReasonCode::use_another_server);
  EXPECT_EQ(refused.text(mqtt::PropertyId::server_reference), "other.example:1883");
  talk.result("drain.end");
  EXPECT_EQ(talk.result("status")["draining"], false);
  EXPECT_EQ(v5.connect("new").reason, ReasonCode::success);
}

TEST(Drain, WithoutAnotherServerSaysThatThisOneIsGoing) {
  VirtualBroker broker;
  auto client = connected(broker, "c");
  Talk talk(broker);
  talk.result("drain.begin");
  EXPECT_EQ(client->next(PacketType::disconnect).reason, ReasonCode::server_shutting_down);
  TestClient v5(broker, Version::v5);
  EXPECT_EQ(v5.connect("c").reason, ReasonCode::server_unavailable);
  TestClient v4(broker, Version::v3_1_1);
  EXPECT_EQ(static_cast<int>(v4.connect("c").reason), 3);
  talk.result("drain.begin", {{"redirect", "b"}, {"moved", true}});
  EXPECT_EQ(v5.connect("c").reason, ReasonCode::server_moved);
}

TEST(Top, ShowsRatesOfTheBusiestClientsOverAnInterval) {
  VirtualBroker broker(setup_of(2));
  auto quiet = connected_on(broker, 0, "quiet");
  auto subscriber = connected_on(broker, 1, "subscriber");
  subscriber->subscribe("t");
  auto publisher = connected_on(broker, 0, "publisher");
  publisher->publish("t", "before");
  Talk talk(broker);
  EXPECT_THAT(talk.say(Talk::request("clients.top", {{"interval_ms", 2000}})), IsEmpty());
  EXPECT_EQ(talk.dialogue().next_due(), broker.clock.mono() + Seconds{2});
  for (int i = 0; i < 10; ++i) publisher->publish("t", "x");
  for (int i = 0; i < 4; ++i) publisher->publish("nobody", "x");
  broker.advance(Seconds{2});
  talk.dialogue().tick();
  const auto lines = talk.say("");
  ASSERT_EQ(lines.size(), 1u);
  const auto& rows = lines[0]["rows"];
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0]["id"], "publisher");
  EXPECT_EQ(rows[0]["received_per_s"], 7.0);
  EXPECT_EQ(rows[1]["id"], "subscriber");
  EXPECT_EQ(rows[1]["sent_per_s"], 5.0);
}

TEST(LogLevel, IsShownAndSetForOneModuleOrAll) {
  VirtualBroker broker;
  Talk talk(broker);
  EXPECT_EQ(talk.result("log.level")["net"], "info");
  EXPECT_EQ(talk.result("log.level", {{"module", "net"}, {"level", "debug"}})["net"], "debug");
  EXPECT_EQ(talk.result("log.level")["broker"], "info");
  EXPECT_EQ(talk.result("log.level", {{"level", "error"}})["broker"], "error");
}

TEST(Reload, IsMainsAndItsOutcomeIsTold) {
  VirtualBroker broker;
  Talk talk(broker);
  EXPECT_EQ(talk.error("reload"), "refused");
  std::function<void(control::Reloaded)> tell;
  talk.context().reload = [&](std::function<void(control::Reloaded)> asked) { tell = std::move(asked); };
  EXPECT_THAT(talk.say(Talk::request("reload")), IsEmpty());
  tell({true, {"sys.interval_s"}, {"threads"}, {}});
  auto lines = talk.say("");
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["result"], (Json{{"changed", {"sys.interval_s"}}, {"need_restart", {"threads"}}}));
  talk.say(Talk::request("reload"));
  tell({false, {}, {}, "t.toml:1:1: unknown key"});
  EXPECT_EQ(talk.say("").back()["error"]["text"], "t.toml:1:1: unknown key");
}

TEST(Status, AddsUpTheShards) {
  VirtualBroker broker(setup_of(3));
  auto a = connected_on(broker, 0, "a");
  auto b = connected_on(broker, 2, "b");
  leave_session(broker, "c", "t");
  Talk talk(broker);
  const Json status = talk.result("status");
  EXPECT_EQ(status["clients"], 2);
  EXPECT_EQ(status["sessions"], 3);
  EXPECT_EQ(status["sessions_away"], 1);
  EXPECT_EQ(status["subscriptions"], 1);
  EXPECT_EQ(status["shards"].size(), 3u);
  EXPECT_EQ(status["dropped"]["queue_full"], 0);
  EXPECT_GT(status["resident_bytes"], 100'000);
}

}  // namespace tombo::test
