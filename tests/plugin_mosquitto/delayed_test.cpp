// Logins that wait for a plugin's answer.
#include "plugin/mosquitto/delayed_logins.hpp"

#include <gtest/gtest.h>

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
  peer->certificate_subject = proved;
  login.peer = std::move(peer);
  auto record = std::make_unique<::mosquitto>();
  record->client_id = id;
  return std::make_unique<DelayedLogin>(ticket, login, std::move(record));
}

struct Delayed : testing::Test {
  Added add(std::unique_ptr<DelayedLogin> one) { return waiting.add(std::move(one), replaced); }
  DelayedLogins waiting;
  std::optional<std::uint64_t> replaced;
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

TEST_F(Delayed, IsNotConfusedWithOneThatSaysSomethingElse) {
  EXPECT_EQ(add(login(1, "a", "anna", "x", "CN=1")), Added::yes);
  EXPECT_EQ(add(login(2, "a", "anna", "wrong", "CN=1")), Added::another);
  EXPECT_EQ(add(login(3, "a", "bert", "x", "CN=1")), Added::another);
  EXPECT_EQ(add(login(4, "a", "anna", "x", "CN=2")), Added::another);
  EXPECT_FALSE(replaced);
  EXPECT_EQ(waiting.take("a")->ticket, 1U);
  EXPECT_EQ(add(login(5, "a", "bert", "x")), Added::yes) << "the first one was answered";
}

TEST_F(Delayed, TakesThePlaceOfOneThatSaidTheSame) {
  EXPECT_EQ(add(login(1, "a", "anna", "x")), Added::yes);
  EXPECT_EQ(add(login(2, "a", "anna", "x")), Added::yes);
  EXPECT_EQ(replaced, 1U);
  EXPECT_EQ(waiting.size(), 1U);
  EXPECT_EQ(waiting.take("a")->ticket, 2U);
}

TEST_F(Delayed, IsForgottenInTheEnd) {
  EXPECT_EQ(add(login(1, "a", "anna", "x")), Added::yes);
  auto later = login(2, "a", "bert", "y");
  later->since += DelayedLogins::kForgottenAfter + std::chrono::seconds{1};
  EXPECT_EQ(add(std::move(later)), Added::yes);
  EXPECT_FALSE(replaced);
}

TEST_F(Delayed, HasALimitAndNoneIsForgottenForAnothersSake) {
  for (std::size_t i = 0; i < DelayedLogins::kMax; ++i) {
    ASSERT_EQ(add(login(i, std::to_string(i), "anna", "x")), Added::yes);
  }
  EXPECT_EQ(add(login(9'999, "one-more", "anna", "x")), Added::too_many);
  EXPECT_EQ(add(login(9'998, "0", "anna", "x")), Added::yes) << "in its own place";
  EXPECT_EQ(waiting.size(), DelayedLogins::kMax);
  EXPECT_EQ(waiting.take("0")->ticket, 9'998U);
}

}  // namespace tombo::plugin::mosquitto
