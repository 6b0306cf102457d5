#include "unit_broker/arrange.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <set>

namespace tombo::test {

using auth::Access;
using auth::AccessAnswer;
using auth::Decision;
using auth::LoginAnswer;
using mqtt::PacketType;
using mqtt::Qos;
using mqtt::ReasonCode;
using mqtt::Version;

namespace {
/// Answers when the test says so.
class LateAuthenticator final : public auth::Authenticator {
 public:
  LoginAnswer login(const auth::Login& connect, std::function<void(LoginAnswer)> later) override {
    if (on_login) on_login();
    asked_for.push_back(connect.client_id);
    if (!all_late && !late_clients.contains(connect.client_id)) return {Decision::allow, ReasonCode::success, auth::nobody(), {}};
    logins.push_back(std::move(later));
    return {Decision::pending, ReasonCode::success, nullptr, {}};
  }
  AccessAnswer access(const Access& access, std::function<void(AccessAnswer)> later) override {
    asked.emplace_back(access.topic);
    asked_for.emplace_back(access.client_id);
    if (!access.topic.starts_with("late")) return {};
    accesses.push_back(std::move(later));
    return {Decision::pending, ReasonCode::success, {}};
  }
  bool restricts_access() const override { return true; }

  void answer_login(Decision decision, ReasonCode reason = ReasonCode::success) {
    auto later = std::move(logins.front());
    logins.pop_front();
    later({decision, reason, auth::nobody(), {}});
  }
  void answer_access(Decision decision, ReasonCode reason = ReasonCode::not_authorized) {
    auto later = std::move(accesses.front());
    accesses.pop_front();
    later({decision, reason, {}});
  }

  std::set<std::string> late_clients;
  bool all_late = false;
  std::function<void()> on_login;
  std::deque<std::function<void(LoginAnswer)>> logins;
  std::deque<std::function<void(AccessAnswer)>> accesses;
  std::vector<std::string> asked;
  std::vector<std::string> asked_for;  // client ids, of logins too
};

struct Verdicts : testing::Test {
  static VirtualBroker::Setup setup(LateAuthenticator& authenticator, unsigned shards = 1) {
    auto made = setup_of(shards);
    made.authenticator = &authenticator;
    return made;
  }
  LateAuthenticator authenticator;
  VirtualBroker broker{setup(authenticator)};
};
}  // namespace

TEST_F(Verdicts, ALateLoginLetsTheClientInAndItsPacketsFollowInOrder) {
  authenticator.late_clients = {"late"};
  auto reader = connected(broker, "r");
  reader->subscribe("t");
  TestClient late(broker, Version::v5);
  EXPECT_EQ(late.connect("late").type, PacketType::reserved);
  late.publish("t", "1");
  late.publish("t", "2");
  EXPECT_EQ(payloads(*reader), "");
  authenticator.answer_login(Decision::allow);
  broker.settle();
  EXPECT_EQ(late.next().type, PacketType::connack);
  EXPECT_EQ(payloads(*reader), "1 2");
}

TEST_F(Verdicts, ALateLoginMayRefuse) {
  authenticator.late_clients = {"late"};
  TestClient late(broker, Version::v5);
  late.connect("late");
  authenticator.answer_login(Decision::deny, ReasonCode::bad_user_name_or_password);
  broker.settle();
  EXPECT_EQ(late.next().reason, ReasonCode::bad_user_name_or_password);
  EXPECT_TRUE(late.closed());
}

TEST_F(Verdicts, AnAnswerForAClientThatHasGoneIsForgotten) {
  authenticator.late_clients = {"late"};
  TestClient late(broker, Version::v5);
  late.connect("late");
  late.cut();
  authenticator.answer_login(Decision::allow);
  broker.settle();
  EXPECT_EQ(broker.core().sum(&broker::ShardCounters::sessions), 0u);
  auto client = connected(broker, "c");
  client->publish("late", "x", Qos::at_least_once);
  client->cut();
  authenticator.answer_access(Decision::allow);
  broker.settle();
  EXPECT_EQ(broker.core().connections.load(), 0u);
}

TEST_F(Verdicts, APublishThatWaitsDelaysItsOwnClientAlone) {
  auto reader = connected(broker, "r");
  reader->subscribe("#");
  auto client = connected(broker, "c");
  auto other = connected(broker, "o");
  EXPECT_EQ(client->publish("late/1", "1", Qos::at_least_once).type, PacketType::reserved);
  client->publish("now", "2", Qos::at_least_once);
  client->publish("late/3", "3", Qos::at_least_once);
  EXPECT_EQ(other->publish("now", "other", Qos::at_least_once).type, PacketType::puback);
  EXPECT_EQ(payloads(*reader), "other");
  authenticator.answer_access(Decision::allow);
  broker.settle();
  EXPECT_EQ(payloads(*reader), "1 2");
  authenticator.answer_access(Decision::deny);
  broker.settle();
  EXPECT_EQ(payloads(*reader), "");
  for (mqtt::PacketId id = 1; id <= 3; ++id) {
    const auto puback = client->next(PacketType::puback);
    EXPECT_EQ(puback.packet_id, id);
    EXPECT_EQ(puback.reason, id == 3 ? ReasonCode::not_authorized : ReasonCode::success);
  }
}

TEST_F(Verdicts, ALateQos2PublishIsDeliveredOnce) {
  auto reader = connected(broker, "r");
  reader->subscribe("#", Qos::exactly_once);
  auto client = connected(broker, "c");
  client->publish("late", "x", Qos::exactly_once);
  authenticator.answer_access(Decision::allow);
  broker.settle();
  const auto pubrec = client->next(PacketType::pubrec);
  EXPECT_EQ(pubrec.reason, ReasonCode::success);
  EXPECT_EQ(payloads(*reader), "x");
}

TEST_F(Verdicts, ASubscribeWithSeveralFiltersAsksForEachOnceAndAnswersAllTogether) {
  auto client = connected(broker, "c");
  authenticator.asked.clear();
  client->subscribe_all({{"now", {}}, {"late/a", {}}, {"late/b", {}}, {"now/too", {}}});
  EXPECT_TRUE(client->nothing_received());
  authenticator.answer_access(Decision::allow);
  broker.settle();
  EXPECT_TRUE(client->nothing_received());
  authenticator.answer_access(Decision::deny);
  broker.settle();
  const auto suback = client->next();
  EXPECT_EQ(suback.type, PacketType::suback);
  EXPECT_EQ(suback.codes, (std::vector<ReasonCode>{ReasonCode::success, ReasonCode::success, ReasonCode::not_authorized,
                                                   ReasonCode::success}));
  EXPECT_EQ(authenticator.asked, (std::vector<std::string>{"now", "late/a", "late/b", "now/too"}));
}

TEST_F(Verdicts, AWaitingClientIsNotIdle) {
  TestClient client(broker, Version::v5);
  TestClient::Connect connect;
  connect.client_id = "c";
  connect.keep_alive_s = 10;
  client.connect(std::move(connect));
  client.publish("late", "x", Qos::at_least_once);
  broker.advance(Seconds{60});
  EXPECT_FALSE(client.closed());
  authenticator.answer_access(Decision::allow);
  broker.settle();
  EXPECT_EQ(client.next().type, PacketType::puback);
  broker.advance(Seconds{40});
  EXPECT_TRUE(client.closed());
}

TEST_F(Verdicts, TheVerdictOnAWillIsNotTakenForTheNextPacket) {
  TestClient client(broker, Version::v5);
  TestClient::Connect connect;
  connect.client_id = "c";
  connect.has_will = true;
  connect.will_topic = "will";
  client.connect(connect);
  client.publish("t", "1");
  EXPECT_EQ(authenticator.asked, (std::vector<std::string>{"will", "t"}));
}

TEST_F(Verdicts, AnAssignedClientIdIsTheSameForWhoeverIsAsked) {
  authenticator.all_late = true;
  TestClient client(broker, Version::v5);
  TestClient::Connect connect;
  connect.has_will = true;
  connect.will_topic = "late/will";
  client.connect(connect);
  authenticator.answer_login(Decision::allow);
  broker.settle();
  authenticator.answer_access(Decision::allow);
  broker.settle();
  const auto connack = client.next();
  ASSERT_EQ(connack.type, PacketType::connack);
  const std::string given = connack.text(mqtt::PropertyId::assigned_client_identifier).value_or("none");
  EXPECT_EQ(authenticator.asked_for, (std::vector<std::string>{given, given}));
}

TEST(VerdictsOnShards, AnAssignedClientIdIsAskedForOnce) {
  LateAuthenticator authenticator;
  auto setup = Verdicts::setup(authenticator, 4);
  setup.options.placement = config::Placement::hash;
  VirtualBroker broker(std::move(setup));
  authenticator.all_late = true;
  for (int i = 0; i < 20; ++i) {
    TestClient client(broker, Version::v5);
    client.connect("");
    ASSERT_EQ(authenticator.logins.size(), 1u);
    authenticator.answer_login(Decision::allow);
    broker.settle();
    EXPECT_EQ(authenticator.logins.size(), 0u);
    EXPECT_EQ(client.next().type, PacketType::connack);
  }
}

TEST(VerdictsOnShards, WhoFindsAnotherHomeWhileLoggingInGoesThere) {
  LateAuthenticator authenticator;
  VirtualBroker broker(Verdicts::setup(authenticator, 2));
  // Between the look-up and the session another shard becomes the home of the same client id.
  bool done = false;
  authenticator.on_login = [&] {
    if (!std::exchange(done, true)) broker.core().directory.claim("c", 0);
  };
  place_next(broker, 1);
  TestClient client(broker, Version::v5);
  EXPECT_EQ(client.connect("c").type, PacketType::connack);
  EXPECT_EQ(client.connection().shard(), 0);
  client.subscribe("t");
  client.publish("t", "x");
  EXPECT_EQ(payloads(client), "x");
}

}  // namespace tombo::test
