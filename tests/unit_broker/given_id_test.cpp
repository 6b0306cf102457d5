#include "unit_broker/arrange.hpp"

#include "mqtt/encode.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <map>

#include <sys/uio.h>

namespace tombo::test {

using mqtt::PacketType;
using mqtt::PropertyId;
using mqtt::ReasonCode;
using mqtt::Version;

namespace {

/// Lets everybody in, whoever is named "as:NAME" by the client id NAME; likewise by the method "give", whose data is NAME.
class Giver final : public auth::Authenticator {
 public:
  auth::LoginAnswer login(const auth::Login& login, std::function<void(auth::LoginAnswer)> later) override {
    ++asked[login.client_id];
    auth::LoginAnswer answer{auth::Decision::allow, ReasonCode::success, auth::somebody(login.user_name), {}};
    if (login.user_name.starts_with("as:")) answer.client_id = login.user_name.substr(3);
    if (!gives.empty()) answer.client_id = gives;
    if (!late) return answer;
    due.push_back([later = std::move(later), answer] { later(answer); });
    return {auth::Decision::pending, ReasonCode::success, nullptr, {}};
  }
  std::unique_ptr<auth::Exchange> begin_exchange(std::string_view, const auth::Login& login) override {
    ++asked[login.client_id];
    if (login.again) again_of = login.client_id;
    return std::make_unique<Giving>();
  }
  auth::AccessAnswer access(const auth::Access& access, std::function<void(auth::AccessAnswer)>) override {
    const bool denied = access.topic == "not-for/" + std::string(access.client_id);
    return {denied ? auth::Decision::deny : auth::Decision::allow, ReasonCode::not_authorized, nullptr};
  }
  bool restricts_access() const override { return true; }
  bool knows_users() const override { return users; }

  std::string gives;  // to everybody
  bool late = false;
  bool users = false;
  std::vector<std::function<void()>> due;
  std::map<std::string, int> asked;  // logins, by the client id that they were asked with
  std::string again_of;

 private:
  class Giving final : public auth::Exchange {
   public:
    auth::ExchangeAnswer step(std::string_view data, std::function<void(auth::ExchangeAnswer)>) override {
      using Step = auth::ExchangeAnswer::Step;
      if (data == "wait") return {Step::go_on, "name?", ReasonCode::success, nullptr, {}};
      auth::ExchangeAnswer answer{Step::allow, {}, ReasonCode::success, auth::somebody("anna"), {}};
      answer.client_id = data;
      return answer;
    }
  };
};

struct GivenIds : testing::Test {
  GivenIds() {
    setup.shards = 4;
    setup.options.placement = config::Placement::hash;
    setup.authenticator = &giver;
  }
  ~GivenIds() override {
    clients.clear();
    broker = nullptr;
  }
  TestClient& client(Version version = Version::v5) {
    if (!broker) broker = std::make_unique<VirtualBroker>(setup);
    clients.push_back(std::make_unique<TestClient>(*broker, version));
    return *clients.back();
  }
  static TestClient::Connect as(std::string client_id, std::string given, bool keep = false) {
    TestClient::Connect connect = keep ? lasting(client_id) : TestClient::Connect{};
    connect.client_id = std::move(client_id);
    connect.user_name = given.empty() ? "anna" : "as:" + given;
    return connect;
  }
  /// The answer to an AUTH packet.
  static Received auth(TestClient& client, ReasonCode reason, std::string_view data) {
    mqtt::WriteBatch batch;
    mqtt::encode_auth(batch, {Version::v5}, reason, "give", mqtt::bytes_of(data));
    std::vector<std::uint8_t> bytes;
    std::array<iovec, 16> pieces;
    const std::size_t count = batch.describe(pieces.data(), pieces.size());
    for (std::size_t i = 0; i < count; ++i) {
      const auto* from = static_cast<const std::uint8_t*>(pieces[i].iov_base);
      bytes.insert(bytes.end(), from, from + pieces[i].iov_len);
    }
    client.send(bytes);
    return client.next();
  }

  Giver giver;
  VirtualBroker::Setup setup;
  std::unique_ptr<VirtualBroker> broker;
  std::vector<std::unique_ptr<TestClient>> clients;
};
}  // namespace

TEST_F(GivenIds, AreWhereTheSessionLivesAndNobodyIsAskedTwice) {
  for (const bool late : {false, true}) {
    giver.late = late;
    for (int i = 0; i < 16; ++i) {
      const std::string own = fmt::format("own-{}-{}", late, i), given = fmt::format("given-{}-{}", late, i);
      TestClient& one = client(i % 2 == 0 ? Version::v5 : Version::v3_1_1);
      Received connack = one.connect(as(own, given));
      for (auto& answer : std::exchange(giver.due, {})) answer();
      broker->settle();
      if (late) connack = one.next(PacketType::connack);
      EXPECT_EQ(connack.type, PacketType::connack) << own;
      EXPECT_EQ(connack.reason, ReasonCode::success) << own;
      EXPECT_FALSE(connack.has(PropertyId::assigned_client_identifier)) << "CONNECT had one";
      EXPECT_EQ(giver.asked[own], 1);
      routing::ShardId home;
      EXPECT_FALSE(broker->core().directory.find(own, home));
      EXPECT_TRUE(broker->core().directory.find(given, home));
      EXPECT_EQ(one.connection().shard(), home);
    }
  }
}

// covers: 5.0 MQTT-3.2.2-16
TEST_F(GivenIds, AreToldWhomConnectNamedNothing) {
  TestClient& one = client();
  EXPECT_EQ(one.connect(as("", "here")).text(PropertyId::assigned_client_identifier), "here");
}

TEST_F(GivenIds, FindTheirSessionWherever) {
  for (int i = 0; i < 8; ++i) {
    const std::string given = fmt::format("kept-{}", i);
    EXPECT_FALSE(client().connect(as(fmt::format("x-{}", i), given, true)).session_present);
    EXPECT_TRUE(client().connect(as(fmt::format("kept-{}", (i + 1) % 8), given, true)).session_present) << i;
    EXPECT_TRUE(clients[clients.size() - 2]->closed()) << "it was taken over";
  }
}

TEST_F(GivenIds, DoNotReachAnothersSession) {
  giver.users = true;
  EXPECT_EQ(client().connect(as("hers", "", true)).reason, ReasonCode::success);
  EXPECT_EQ(client().connect(as("x", "hers", true)).reason, ReasonCode::not_authorized);
  EXPECT_FALSE(clients.front()->closed());
}

TEST_F(GivenIds, MustBeOnes) {
  for (const std::string& bad : {std::string("a\0b", 3), std::string("\xff"), std::string(65'536, 'x')}) {
    giver.gives = bad;
    EXPECT_EQ(client().connect("x").reason, ReasonCode::client_identifier_not_valid);
  }
}

TEST_F(GivenIds, DecideWhatTheWillMaySay) {
  auto connect = as("x", "given");
  connect.has_will = true;
  connect.will_topic = "not-for/given";
  EXPECT_EQ(client().connect(connect).reason, ReasonCode::not_authorized);
  connect.will_topic = "not-for/x";
  EXPECT_EQ(client().connect(connect).reason, ReasonCode::success);
}

TEST_F(GivenIds, MustBeTheUserNameWhereTheListenerSaysSo) {
  setup.options.listeners[0].client_id_from_user_name = true;
  EXPECT_EQ(client().connect(as("x", "another")).reason, ReasonCode::not_authorized);
}

TEST_F(GivenIds, ComeByEnhancedAuthenticationToo) {
  for (int i = 0; i < 8; ++i) {
    for (const bool steps : {false, true}) {
      const std::string given = fmt::format("by-method-{}-{}", i, steps);
      const std::string first = steps ? "wait" : given;
      TestClient::Connect connect;
      connect.client_id = fmt::format("x-{}-{}", i, steps);
      connect.properties.text(PropertyId::authentication_method, "give");
      connect.properties.binary(PropertyId::authentication_data, mqtt::bytes_of(first));
      TestClient& one = client();
      Received answer = one.connect(connect);
      if (steps) {
        EXPECT_EQ(answer.type, PacketType::auth);
        answer = auth(one, ReasonCode::continue_authentication, given);
      }
      EXPECT_EQ(answer.type, PacketType::connack);
      EXPECT_EQ(answer.reason, ReasonCode::success) << given;
      routing::ShardId home = 99;
      EXPECT_TRUE(broker->core().directory.find(given, home));
      EXPECT_EQ(one.connection().shard(), home);
      EXPECT_EQ(giver.asked[connect.client_id], 1);
      // It goes on there, and is known by its new name when it authenticates again.
      EXPECT_EQ(auth(one, ReasonCode::reauthenticate, "anything").type, PacketType::auth);
      EXPECT_EQ(giver.again_of, given);
    }
  }
}

}  // namespace tombo::test
