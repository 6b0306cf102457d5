#include "unit_broker/arrange.hpp"
#include "unit_broker/rulebook.hpp"

#include "mqtt/encode.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace tombo::test {

using mqtt::PacketType;
using mqtt::PropertyId;
using mqtt::ReasonCode;
using mqtt::Version;

namespace {

TestClient::Connect asking(std::string_view method, std::string_view data) {
  TestClient::Connect connect;
  connect.client_id = "c";
  connect.properties.text(PropertyId::authentication_method, method);
  connect.properties.binary(PropertyId::authentication_data, {reinterpret_cast<const std::uint8_t*>(data.data()), data.size()});
  return connect;
}

struct EnhancedAuth : testing::Test {
  static VirtualBroker::Setup setup(Rulebook& book) {
    auto made = setup_of(1);
    made.authenticator = &book;
    return made;
  }
  static void auth(TestClient& client, ReasonCode reason, std::string_view data, std::string_view method = "riddle") {
    mqtt::WriteBatch batch;
    mqtt::encode_auth(batch, {Version::v5}, reason, method, {reinterpret_cast<const std::uint8_t*>(data.data()), data.size()});
    std::vector<std::uint8_t> bytes(batch.size());
    std::array<iovec, 16> pieces;
    std::size_t at = 0;
    const std::size_t count = batch.describe(pieces.data(), pieces.size());
    for (std::size_t i = 0; i < count; ++i) {
      std::copy_n(static_cast<const std::uint8_t*>(pieces[i].iov_base), pieces[i].iov_len, bytes.begin() + static_cast<std::ptrdiff_t>(at));
      at += pieces[i].iov_len;
    }
    client.send(bytes);
  }
  /// A client that solved the riddle as this user.
  static void let_in(TestClient& client, std::string_view user = "anna") {
    client.connect(asking("riddle", user));
    client.drop_received();
    auth(client, ReasonCode::continue_authentication, "right");
    ASSERT_EQ(client.next(PacketType::connack).reason, ReasonCode::success);
  }

  Rulebook book;
  VirtualBroker broker{setup(book)};
};
}  // namespace

// covers: 5.0 MQTT-4.12.0-2, 5.0 MQTT-4.12.0-3, 5.0 MQTT-4.12.0-5
TEST_F(EnhancedAuth, GoesOnByAuthPacketsUntilTheClientIsLetIn) {
  TestClient client(broker, Version::v5);
  const auto challenge = client.connect(asking("riddle", "anna"));
  EXPECT_EQ(challenge.type, PacketType::auth);
  EXPECT_EQ(challenge.reason, ReasonCode::continue_authentication);
  EXPECT_EQ(challenge.text(PropertyId::authentication_method), "riddle");
  EXPECT_EQ(challenge.text(PropertyId::authentication_data), "what is it?");
  auth(client, ReasonCode::continue_authentication, "right");
  const auto connack = client.next();
  EXPECT_EQ(connack.type, PacketType::connack);
  EXPECT_EQ(connack.reason, ReasonCode::success);
  EXPECT_EQ(connack.text(PropertyId::authentication_method), "riddle");
  EXPECT_EQ(connack.text(PropertyId::authentication_data), "well done");
  client.subscribe("t");
  client.publish("t", "1");
  EXPECT_EQ(payloads(client), "1");
}

// covers: 5.0 MQTT-4.12.0-4
TEST_F(EnhancedAuth, WhoFailsIsTold) {
  TestClient client(broker, Version::v5);
  client.connect(asking("riddle", "anna"));
  auth(client, ReasonCode::continue_authentication, "wrong");
  EXPECT_EQ(client.next(PacketType::connack).reason, ReasonCode::not_authorized);
  EXPECT_TRUE(client.closed());
}

TEST_F(EnhancedAuth, FailuresCountForWhomTheExchangeNames) {
  auto options = broker.options();
  options.defence.login_failures_max = 3;
  broker.reload(options);
  int hosts = 0;
  const auto come = [&](TestClient& client, std::string_view user) {
    client.connection().known.address = fmt::format("192.0.2.{}:1000", ++hosts);  // only the name is the same
    return client.connect(asking("riddle", user));
  };
  for (int i = 0; i < 3; ++i) {
    TestClient client(broker, Version::v5);
    EXPECT_EQ(come(client, "anna").type, PacketType::auth);
    auth(client, ReasonCode::continue_authentication, "wrong");
    EXPECT_EQ(client.next(PacketType::connack).reason, ReasonCode::not_authorized);
  }
  TestClient anna(broker, Version::v5);
  const auto answer = come(anna, "anna");
  EXPECT_EQ(answer.type, PacketType::connack);
  EXPECT_EQ(answer.reason, ReasonCode::connection_rate_exceeded);
  EXPECT_TRUE(anna.closed());
  TestClient bert(broker, Version::v5);
  EXPECT_EQ(come(bert, "bert").type, PacketType::auth);
}

// covers: 5.0 MQTT-4.12.0-1
TEST_F(EnhancedAuth, AMethodThatNobodyKnowsIsRefused) {
  TestClient client(broker, Version::v5);
  EXPECT_EQ(client.connect(asking("puzzle", "x")).reason, ReasonCode::bad_authentication_method);
  EXPECT_TRUE(client.closed());
}

TEST_F(EnhancedAuth, NothingElseMayComeBeforeConnack) {
  for (const std::string_view packet : {"C0 00", "10 0D 00 04 4D 51 54 54 05 02 00 00 00 00 00", "30 04 00 01 74 00"}) {
    TestClient client(broker, Version::v5);
    client.connect(asking("riddle", "anna"));
    client.drop_received();
    client.send_wire(packet);
    EXPECT_TRUE(client.closed()) << packet;
  }
}

// covers: 5.0 MQTT-4.12.0-5
TEST_F(EnhancedAuth, EveryAuthNamesTheSameMethod) {
  TestClient client(broker, Version::v5);
  client.connect(asking("riddle", "anna"));
  auth(client, ReasonCode::continue_authentication, "right", "puzzle");
  EXPECT_EQ(client.next(PacketType::connack).reason, ReasonCode::protocol_error);
  EXPECT_TRUE(client.closed());
}

// covers: 5.0 MQTT-4.12.0-3
TEST_F(EnhancedAuth, AContinuationHasItsOwnReason) {
  TestClient client(broker, Version::v5);
  client.connect(asking("riddle", "anna"));
  auth(client, ReasonCode::reauthenticate, "right");
  EXPECT_EQ(client.next(PacketType::connack).reason, ReasonCode::protocol_error);
  EXPECT_TRUE(client.closed());
}

TEST_F(EnhancedAuth, StepsMayTakeTheirTime) {
  book.late = true;
  TestClient client(broker, Version::v5);
  EXPECT_EQ(client.connect(asking("riddle", "anna")).type, PacketType::reserved);
  ASSERT_EQ(book.due.size(), 1u);
  book.due[0]();
  broker.settle();
  EXPECT_EQ(client.next().type, PacketType::auth);
  auth(client, ReasonCode::continue_authentication, "right");
  EXPECT_TRUE(client.nothing_received());
  ASSERT_EQ(book.due.size(), 2u);
  book.due[1]();
  broker.settle();
  EXPECT_EQ(client.next().type, PacketType::connack);
}

TEST_F(EnhancedAuth, TheClientHasOneTimeForAllItsSteps) {
  auto options = broker.options();
  options.limits.connect_timeout_s = 10;
  broker.reload(options);
  book.late = true;
  TestClient client(broker, Version::v5);
  const auto answer_after = [&](Seconds ours) {
    broker.advance(ours);
    EXPECT_FALSE(client.closed()) << "the time is ours";
    book.due.back()();
    broker.settle();
    EXPECT_EQ(client.next().type, PacketType::auth);
  };
  client.connect(asking("riddle", "anna"));
  answer_after(Seconds{60});
  broker.advance(Seconds{4});
  auth(client, ReasonCode::continue_authentication, "again");
  answer_after(Seconds{60});
  broker.advance(Seconds{4});
  EXPECT_FALSE(client.closed());
  auth(client, ReasonCode::continue_authentication, "again");
  answer_after(Seconds{1});
  broker.advance(Seconds{1});
  EXPECT_FALSE(client.closed());
  broker.advance(Seconds{2});
  EXPECT_TRUE(client.closed());
}

TEST_F(EnhancedAuth, AnExchangeEndsAfterSomeSteps) {
  TestClient client(broker, Version::v5);
  client.connect(asking("riddle", "anna"));
  std::uint32_t steps = 1;
  for (; steps < 100 && !client.closed(); ++steps) {
    auth(client, ReasonCode::continue_authentication, "again");
    if (client.closed()) continue;
    EXPECT_EQ(client.next().type, PacketType::auth);
  }
  EXPECT_EQ(steps, broker::kExchangeStepsMax + 1);
  EXPECT_EQ(client.next(PacketType::connack).reason, ReasonCode::not_authorized);
}

TEST_F(EnhancedAuth, AnAnswerForAClientThatHasGoneIsForgotten) {
  book.late = true;
  {
    TestClient client(broker, Version::v5);
    client.connect(asking("riddle", "anna"));
    client.cut();
  }
  broker.settle();
  book.due[0]();
  broker.settle();
  EXPECT_EQ(broker.core().connections.load(), 0u);
}

TEST_F(EnhancedAuth, MayBeDoneAgainWhileEverythingElseGoesOn) {
  TestClient client(broker, Version::v5);
  let_in(client);
  client.subscribe("t");
  auth(client, ReasonCode::reauthenticate, "anna");
  EXPECT_EQ(client.next().reason, ReasonCode::continue_authentication);
  client.publish("t", "meanwhile");
  EXPECT_EQ(payloads(client), "meanwhile");
  auth(client, ReasonCode::continue_authentication, "right");
  const auto done = client.next();
  EXPECT_EQ(done.type, PacketType::auth);
  EXPECT_EQ(done.reason, ReasonCode::success);
  EXPECT_FALSE(client.closed());
}

// covers: 5.0 MQTT-4.12.1-2
TEST_F(EnhancedAuth, WhoFailsLaterIsDisconnected) {
  TestClient client(broker, Version::v5);
  let_in(client);
  auth(client, ReasonCode::reauthenticate, "anna");
  auth(client, ReasonCode::continue_authentication, "wrong");
  EXPECT_EQ(client.next(PacketType::disconnect).reason, ReasonCode::not_authorized);
  EXPECT_TRUE(client.closed());
}

TEST_F(EnhancedAuth, NobodyBecomesSomebodyElse) {
  TestClient client(broker, Version::v5);
  let_in(client);
  auth(client, ReasonCode::reauthenticate, "bert");
  auth(client, ReasonCode::continue_authentication, "right");
  EXPECT_EQ(client.next(PacketType::disconnect).reason, ReasonCode::not_authorized);
}

// covers: 5.0 MQTT-4.12.1-1
TEST_F(EnhancedAuth, AnotherMethodLaterIsAnError) {
  TestClient client(broker, Version::v5);
  let_in(client);
  auth(client, ReasonCode::reauthenticate, "anna", "puzzle");
  EXPECT_EQ(client.next(PacketType::disconnect).reason, ReasonCode::protocol_error);
}

TEST_F(EnhancedAuth, ContinuingWhatWasNotBegunIsAnError) {
  TestClient client(broker, Version::v5);
  let_in(client);
  auth(client, ReasonCode::continue_authentication, "right");
  EXPECT_EQ(client.next(PacketType::disconnect).reason, ReasonCode::protocol_error);
}

TEST_F(EnhancedAuth, SubscriptionsThatARenewedLoginWouldNotGiveAreTakenAway) {
  TestClient client(broker, Version::v5);
  let_in(client);
  client.subscribe("a");
  client.subscribe("b");
  book.forbidden.insert({auth::Action::subscribe, "a"});
  auth(client, ReasonCode::reauthenticate, "anna");
  auth(client, ReasonCode::continue_authentication, "right");
  client.drop_received();
  client.publish("a", "no");
  client.publish("b", "yes");
  EXPECT_EQ(payloads(client), "yes");
}

TEST_F(EnhancedAuth, ALoginThatIsRenewedGoesOn) {
  book.ends_at_s = broker.clock.unix_seconds() + 60;
  TestClient client(broker, Version::v5);
  let_in(client);
  broker.advance(Seconds{50});
  book.ends_at_s = broker.clock.unix_seconds() + 600;
  auth(client, ReasonCode::reauthenticate, "anna");
  auth(client, ReasonCode::continue_authentication, "right");
  client.drop_received();
  broker.advance(Seconds{60});
  EXPECT_FALSE(client.closed());
}

}  // namespace tombo::test
