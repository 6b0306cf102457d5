#include "unit_broker/arrange.hpp"
#include "unit_broker/rulebook.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tombo::test {

using mqtt::PropertyId;
using mqtt::ReasonCode;
using mqtt::Version;
using testing::StartsWith;

namespace {
/// Who lets in under another name than the client claims, as a backend that reads a token does.
class Renaming final : public auth::Authenticator {
 public:
  auth::LoginAnswer login(const auth::Login&, std::function<void(auth::LoginAnswer)>) override {
    return {auth::Decision::allow, ReasonCode::success, auth::somebody("bert"), {}};
  }
  auth::AccessAnswer access(const auth::Access&, std::function<void(auth::AccessAnswer)>) override { return {}; }
  bool restricts_access() const override { return false; }
};

struct ClientIds : testing::Test {
  VirtualBroker::Setup setup;
  config::Listener& listener() { return setup.options.listeners[0]; }
  void begin() { broker = std::make_unique<VirtualBroker>(setup); }
  Received come(TestClient::Connect connect, Version version = Version::v5) {
    if (!broker) begin();
    clients.push_back(std::make_unique<TestClient>(*broker, version));
    return clients.back()->connect(std::move(connect));
  }
  static TestClient::Connect as(std::string client_id, std::optional<std::string> user = {}) {
    TestClient::Connect connect;
    connect.client_id = std::move(client_id);
    connect.user_name = std::move(user);
    return connect;
  }
  bool is_there(std::string_view client_id) {
    broker::SessionSeen seen;
    return broker->shard(0).see_session(client_id, seen);
  }
  static unsigned code(const Received& connack) { return static_cast<unsigned>(connack.reason); }

  std::unique_ptr<VirtualBroker> broker;
  std::vector<std::unique_ptr<TestClient>> clients;
};
}  // namespace

TEST_F(ClientIds, ThatAreMadeBeginAsTheListenerSays) {
  EXPECT_THAT(*come(as("")).text(PropertyId::assigned_client_identifier), StartsWith("tombo-"));
  listener().auto_id_prefix = "auto-";
  broker = nullptr;
  EXPECT_THAT(*come(as("")).text(PropertyId::assigned_client_identifier), StartsWith("auto-"));
}

TEST_F(ClientIds, MayBeEmptyWhereTheListenerSaysSo) {
  using config::Anonymous;
  for (const bool broker_allows : {false, true}) {
    for (const Anonymous here : {Anonymous::as_broker, Anonymous::allow, Anonymous::refuse}) {
      setup.options.mqtt.allow_empty_client_id = broker_allows;
      listener().empty_client_id = here;
      broker = nullptr;
      const bool allowed = here == Anonymous::allow || (here == Anonymous::as_broker && broker_allows);
      EXPECT_EQ(come(as("")).reason, allowed ? ReasonCode::success : ReasonCode::client_identifier_not_valid);
      EXPECT_EQ(code(come(as(""), Version::v3_1_1)), allowed ? 0U : 2U);
    }
  }
}

TEST_F(ClientIds, MustBeginAsTheOperatorWants) {
  setup.options.mqtt.client_id_prefixes = {"sensor-", "gateway-"};
  EXPECT_EQ(come(as("sensor-1")).reason, ReasonCode::success);
  EXPECT_EQ(come(as("gateway-1")).reason, ReasonCode::success);
  EXPECT_EQ(come(as("sensor")).reason, ReasonCode::client_identifier_not_valid);
  EXPECT_EQ(code(come(as("other"), Version::v3_1_1)), 2U);
  EXPECT_EQ(code(come(as("sensor-2"), Version::v3_1_1)), 0U);
  EXPECT_EQ(come(as("")).reason, ReasonCode::client_identifier_not_valid) << "one that is made begins otherwise";
  listener().auto_id_prefix = "sensor-auto-";
  broker = nullptr;
  EXPECT_EQ(come(as("")).reason, ReasonCode::success);
}

TEST_F(ClientIds, AreTheUserNameWhereTheListenerSaysSo) {
  listener().client_id_from_user_name = true;
  EXPECT_EQ(come(as("c", "anna")).reason, ReasonCode::success);
  EXPECT_TRUE(is_there("anna"));
  EXPECT_FALSE(is_there("c"));
  EXPECT_EQ(come(as("c")).reason, ReasonCode::not_authorized);
  EXPECT_EQ(code(come(as("c"), Version::v3_1_1)), 5U);
  EXPECT_EQ(come(as("", "bert")).text(PropertyId::assigned_client_identifier), "bert");
  EXPECT_FALSE(come(as("d", "carl")).has(PropertyId::assigned_client_identifier));
  setup.options.mqtt.allow_empty_client_id = false;
  broker = nullptr;
  EXPECT_EQ(come(as("", "bert")).reason, ReasonCode::success) << "there is a name";
}

TEST_F(ClientIds, FromTheUserNameMustBeginAsTheOperatorWants) {
  listener().client_id_from_user_name = true;
  setup.options.mqtt.client_id_prefixes = {"a"};
  EXPECT_EQ(come(as("b", "anna")).reason, ReasonCode::success);
  EXPECT_EQ(come(as("a", "bert")).reason, ReasonCode::client_identifier_not_valid);
}

TEST_F(ClientIds, FromTheUserNameAreOfTheUserWhomSomebodyVouchedFor) {
  Renaming renaming;
  setup.authenticator = &renaming;
  listener().client_id_from_user_name = true;
  EXPECT_EQ(come(as("c", "anna")).reason, ReasonCode::not_authorized);
  EXPECT_EQ(come(as("c", "bert")).reason, ReasonCode::success);
  broker = nullptr;
}

TEST_F(ClientIds, FromTheUserNameAreWhatTheTransportProves) {
  listener().client_id_from_user_name = true;
  listener().user_name_from = config::UserNameFrom::certificate_cn;
  Renaming renaming;
  setup.authenticator = &renaming;
  begin();
  auto client = std::make_unique<TestClient>(*broker, Version::v5);
  client->connection().known.user_name = "bert";
  EXPECT_EQ(client->connect(as("c", "anna")).reason, ReasonCode::success);
  EXPECT_TRUE(is_there("bert"));
  EXPECT_EQ(come(as("c", "bert")).reason, ReasonCode::not_authorized) << "the transport proved nothing";
  broker = nullptr;
}

TEST_F(ClientIds, FromTheUserNameTakeTheirSessionOver) {
  listener().client_id_from_user_name = true;
  auto connect = lasting("c");
  connect.user_name = "anna";
  EXPECT_FALSE(come(connect).session_present);
  connect.client_id = "d";
  EXPECT_TRUE(come(connect).session_present);
  EXPECT_TRUE(clients.front()->closed());
}

}  // namespace tombo::test
