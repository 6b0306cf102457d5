// Logins that wait for a plugin's answer.
#include "plugin/mosquitto/delayed_logins.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace tombo::plugin::mosquitto {

namespace {

using Added = DelayedLogins::Added;

std::unique_ptr<DelayedLogin> login(std::uint64_t ticket, const std::string& id, const std::string& user,
                                    const std::string& password, const std::string& proved = {}) {
  auth::Login login;
  login.client_id = id;
  login.has_user_name = login.has_password = true;
  login.user_name = user;
  login.password = password;
  auto peer = std::make_shared<auth::Peer>();
  peer->address = "192.0.2.1:1";
  peer->certificate_subject = proved;
  login.peer = std::move(peer);
  auto record = std::make_unique<::mosquitto>();
  record->client_id = id;
  return std::make_unique<DelayedLogin>(ticket, login, std::move(record));
}

struct Delayed : testing::Test {
  Added add(std::unique_ptr<DelayedLogin> one) { return waiting.add(std::move(one), lost); }
  DelayedLogin* find(const std::string& id) { return waiting.find(id, std::chrono::steady_clock::now()); }
  DelayedLogins waiting;
  std::optional<std::uint64_t> lost;
};

}  // namespace

TEST_F(Delayed, IsAnsweredOnceAndByItsClientId) {
  EXPECT_EQ(add(login(1, "a", "anna", "x")), Added::yes);
  EXPECT_EQ(add(login(2, "b", "bert", "y")), Added::yes);
  EXPECT_EQ(waiting.take("c"), nullptr);
  const auto first = waiting.take("a");
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(first->ticket, 1U);
  EXPECT_EQ(waiting.take("a"), nullptr);
  EXPECT_EQ(waiting.size(), 1U);
}

TEST_F(Delayed, IsFoundBeforeThePluginIsAskedOnceMore) {
  EXPECT_EQ(find("a"), nullptr);
  EXPECT_EQ(add(login(1, "a", "anna", "x", "CN=1")), Added::yes);
  const DelayedLogin* const one = find("a");
  ASSERT_NE(one, nullptr);
  EXPECT_TRUE(one->says(login(2, "a", "anna", "x", "CN=1")->login));
  EXPECT_FALSE(one->says(login(3, "a", "anna", "wrong", "CN=1")->login));
  EXPECT_FALSE(one->says(login(4, "a", "bert", "x", "CN=1")->login));
  EXPECT_FALSE(one->says(login(5, "a", "anna", "x", "CN=2")->login));
  auto elsewhere = login(6, "a", "anna", "x", "CN=1");
  auto peer = std::make_shared<auth::Peer>(*elsewhere->login.peer);
  peer->address = "192.0.2.9:1";
  elsewhere->login.peer = peer;
  EXPECT_FALSE(one->says(elsewhere->login));
  auto other_port = login(7, "a", "anna", "x", "CN=1");
  peer = std::make_shared<auth::Peer>(*other_port->login.peer);
  peer->address = "192.0.2.1:2";
  other_port->login.peer = peer;
  EXPECT_TRUE(one->says(other_port->login)) << "a client that has lost its connection";
  auto same_subject = login(8, "a", "anna", "x", "CN=1");
  same_subject->login.certificate = std::make_shared<const std::string>("another one");
  EXPECT_FALSE(one->says(same_subject->login));
}

TEST_F(Delayed, IsFoundByTheIdThatItCameWithAndByTheOneThatItWasGiven) {
  auto one = login(1, "a", "anna", "x");
  one->client->client_id = "given";
  EXPECT_EQ(add(std::move(one)), Added::yes);
  EXPECT_NE(find("a"), nullptr);
  EXPECT_NE(find("given"), nullptr);
  EXPECT_EQ(waiting.take("a"), nullptr);
  EXPECT_NE(waiting.take("given"), nullptr);
}

TEST_F(Delayed, AnswersToOneIdThatWasGivenTwiceAreForNobody) {
  EXPECT_EQ(add(login(1, "a", "anna", "x")), Added::yes);
  auto other = login(2, "b", "bert", "y");
  other->client->client_id = "a";
  EXPECT_EQ(add(std::move(other)), Added::another);
  EXPECT_EQ(lost, 1U);
  EXPECT_EQ(waiting.take("a"), nullptr);
  EXPECT_EQ(waiting.take("a"), nullptr);
  ASSERT_NE(find("a"), nullptr) << "nor does somebody else come to wait for them";
  EXPECT_TRUE(find("a")->lost);
}

TEST_F(Delayed, IsForgottenInTheEnd) {
  EXPECT_EQ(add(login(1, "a", "anna", "x")), Added::yes);
  EXPECT_EQ(waiting.find("a", std::chrono::steady_clock::now() + DelayedLogins::kForgottenAfter + std::chrono::seconds{1}), nullptr);
  EXPECT_EQ(waiting.size(), 0U);
}

TEST_F(Delayed, HasALimitAndNoneIsForgottenForAnothersSake) {
  for (std::size_t i = 0; i < DelayedLogins::kMax; ++i) {
    ASSERT_EQ(add(login(i, std::to_string(i), "anna", "x")), Added::yes);
  }
  EXPECT_EQ(add(login(9'999, "one-more", "anna", "x")), Added::too_many);
  EXPECT_EQ(waiting.size(), DelayedLogins::kMax);
  EXPECT_EQ(waiting.take("0")->ticket, 0U);
}

}  // namespace tombo::plugin::mosquitto
