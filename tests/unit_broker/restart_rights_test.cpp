#include "unit_broker/restarts.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace tombo::test {

using mqtt::PropertyId;
using mqtt::Qos;
using mqtt::ReasonCode;
using mqtt::Version;

namespace {
/// Knows of everybody which groups he is in, and more; who is in "writers" may publish, unless all are denied it.
class Groups final : public auth::Authenticator {
 public:
  auth::LoginAnswer login(const auth::Login& login, std::function<void(auth::LoginAnswer)>) override {
    auto made = std::make_shared<auth::Principal>();
    made->user_name = login.user_name;
    if (!login.user_name.empty() || login.has_password) made->backend = "groups";
    if (login.user_name == "anna") {
      made->groups = {"readers", "writers"};
      made->grants = {{"a/#", true, false, true}, {"b", false, true, false}};
      made->has_grants = true;
      made->attributes = {{"cn", "anna-7"}};
    }
    return {auth::Decision::allow, mqtt::ReasonCode::success, std::move(made), {}};
  }
  auth::AccessAnswer access(const auth::Access& access, std::function<void(auth::AccessAnswer)>) override {
    if (access.action != auth::Action::publish) return {};
    asked = access.principal;
    const auto& groups = access.principal->groups;
    const bool may = !denied && std::find(groups.begin(), groups.end(), "writers") != groups.end();
    return {may ? auth::Decision::allow : auth::Decision::deny, mqtt::ReasonCode::not_authorized, nullptr};
  }
  bool restricts_access() const override { return true; }
  bool knows_users() const override { return true; }

  bool denied = false;
  std::shared_ptr<const auth::Principal> asked;
};

/// A client of this user with a will that goes out a minute after the end.
mqtt::ReasonCode leave_will(Restarts& world, const std::string& user) {
  TestClient client(world.broker(), Version::v5);
  auto connect = lasting("w");
  connect.user_name = user;
  connect.has_will = true;
  connect.will_topic = "will";
  connect.will_payload = "gone";
  connect.will_qos = Qos::at_least_once;
  connect.will_properties.number(PropertyId::will_delay_interval, 60);
  const auto answer = client.connect(std::move(connect)).reason;
  world->advance(Seconds{2});
  return answer;
}
}  // namespace

TEST(Restart, AWillIsJudgedByWhatWasKnownOfItsOwner) {
  for (const bool denied : {false, true}) {
    Groups groups;
    Restarts world(VirtualBroker::default_options(), 1, &groups);
    world.leave("s", "will");
    ASSERT_EQ(leave_will(world, "anna"), ReasonCode::success);
    const auto known = groups.asked;
    world.crash();
    world.crash();  // nor is it forgotten the second time
    groups.denied = denied;
    groups.asked.reset();
    auto client = world.come("s");
    world->advance(Seconds{65});
    EXPECT_EQ(take_all(*client), denied ? "" : "gone") << "a right that was taken away meanwhile is gone";
    ASSERT_NE(groups.asked, nullptr);
    EXPECT_EQ(groups.asked->user_name, "anna");
    EXPECT_EQ(groups.asked->backend, "groups");
    EXPECT_EQ(groups.asked->groups, known->groups);
    EXPECT_EQ(groups.asked->attributes, known->attributes);
    EXPECT_TRUE(groups.asked->has_grants);
    ASSERT_EQ(groups.asked->grants.size(), 2u);
    EXPECT_EQ(groups.asked->grants[0].filter, "a/#");
    EXPECT_TRUE(groups.asked->grants[0].publish);
    EXPECT_TRUE(groups.asked->grants[1].subscribe);
    EXPECT_FALSE(groups.asked->grants[1].allow);
  }
}

TEST(Restart, ARetainedMessageIsJudgedByWhatWasKnownOfItsWriter) {
  for (const bool denied : {false, true}) {
    Groups groups;
    Restarts world(VirtualBroker::default_options(), 1, &groups);
    {
      TestClient writer(world.broker(), Version::v5);
      auto connect = lasting("w");
      connect.user_name = "anna";
      ASSERT_EQ(writer.connect(std::move(connect)).reason, ReasonCode::success);
      writer.publish({.topic = "kept", .payload = "kept", .qos = Qos::at_least_once, .retain = true, .properties = {}});
      world->advance(Seconds{2});
    }
    world.crash();
    world.crash();
    groups.denied = denied;
    groups.asked.reset();
    TestClient reader(world.broker(), Version::v5);
    ASSERT_EQ(reader.connect(lasting("r")).reason, ReasonCode::success);
    reader.subscribe("#");
    world->advance(Seconds{2});
    EXPECT_EQ(take_all(reader), denied ? "" : "kept");
    ASSERT_NE(groups.asked, nullptr);
    EXPECT_EQ(groups.asked->user_name, "anna");
    EXPECT_EQ(groups.asked->backend, "groups");
    EXPECT_EQ(groups.asked->attributes, (std::vector<std::pair<std::string, std::string>>{{"cn", "anna-7"}}));
  }
}

TEST(Restart, AClientThatWasLetInWithoutANameIsNotWhoeverHasNone) {
  Groups groups;
  Restarts world(VirtualBroker::default_options(), 1, &groups);
  const auto come = [&](bool with_password) {
    TestClient client(world.broker(), Version::v5);
    auto connect = lasting("c");
    if (with_password) connect.password = "secret";
    return client.connect(std::move(connect)).reason;
  };
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(come(true), ReasonCode::success);
    EXPECT_EQ(come(false), ReasonCode::not_authorized) << round;
    world.restart();
    EXPECT_EQ(come(false), ReasonCode::not_authorized) << round;
  }
}

}  // namespace tombo::test
