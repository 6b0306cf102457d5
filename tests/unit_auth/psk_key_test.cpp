// Who is asked for pre-shared keys, and in which order.
#include "auth/guard.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <thread>

namespace tombo::auth {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// Says what the identity orders: "NAME:given", "NAME:refused", "NAME:later", "NAME:drop"; unknown without an order to it.
class Giver final : public KeyGiver {
 public:
  explicit Giver(std::string name) : name_(std::move(name)) {}
  std::string_view name() const override { return name_; }
  void ask(std::shared_ptr<const KeyWanted> wanted, std::function<void(KeyAnswer)> done) override {
    asked.push_back(wanted->identity + " at " + wanted->hint);
    const auto ordered = [&](std::string_view what) {
      return wanted->identity.find(name_ + ":" + std::string{what}) != std::string::npos;
    };
    if (ordered("drop")) return;
    if (ordered("later")) {
      late = std::move(done);
      return;
    }
    if (ordered("given")) return done(given());
    done({ordered("refused") ? KeyAnswer::Kind::refused : KeyAnswer::Kind::unknown, nullptr});
  }
  KeyAnswer given() const { return {KeyAnswer::Kind::given, std::make_shared<const PskKey>("key of " + name_)}; }

  std::vector<std::string> asked;
  std::function<void(KeyAnswer)> late;

 private:
  std::string name_;
};

class PskKeys : public ::testing::Test {
 protected:
  PskKeys() {
    options.listeners.resize(2);
    options.auth.backends = {"plugin:a", "plugin:b"};
    options.listeners[1].authentication = {"plugin:b"};
    guests.key_givers = {a, b};
  }
  void open() {
    auto opened = Guard::open(options, clock, {}, guests);
    ASSERT_TRUE(opened.ok()) << ::testing::PrintToString(opened.error());
    guard = std::move(*opened);
  }
  /// What was answered at once, once, and what will be later.
  void ask(const std::string& identity, std::size_t listener = 0) {
    if (guard == nullptr) open();
    guard->psk_key({listener, "hint", identity, std::make_shared<const Peer>()},
                   [this](const std::shared_ptr<const PskKey>& key) {
                     answers.push_back(key == nullptr ? "none" : key->bytes());
                   });
  }

  ManualClock clock;
  config::Options options;
  std::shared_ptr<Giver> a = std::make_shared<Giver>("plugin:a");
  std::shared_ptr<Giver> b = std::make_shared<Giver>("plugin:b");
  Guests guests;
  std::unique_ptr<Guard> guard;
  std::vector<std::string> answers;
};

TEST_F(PskKeys, TheFirstWhoKnowsTheIdentityGivesIt) {
  ask("plugin:a:given plugin:b:given");
  ask("plugin:b:given");
  ask("nobody");
  EXPECT_THAT(answers, ElementsAre("key of plugin:a", "key of plugin:b", "none"));
  EXPECT_EQ(a->asked.size(), 3U);
  EXPECT_THAT(b->asked, ElementsAre("plugin:b:given at hint", "nobody at hint"));
}

TEST_F(PskKeys, WhoRefusesEndsTheMatter) {
  ask("plugin:a:refused plugin:b:given");
  EXPECT_THAT(answers, ElementsAre("none"));
  EXPECT_THAT(b->asked, IsEmpty());
}

TEST_F(PskKeys, WhoLosesTheQuestionRefuses) {
  ask("plugin:a:drop plugin:b:given");
  EXPECT_THAT(answers, ElementsAre("none"));
}

TEST_F(PskKeys, AnAnswerMayComeLaterAndTheNextIsAskedThen) {
  ask("plugin:a:later plugin:b:given");
  EXPECT_THAT(answers, IsEmpty());
  std::thread([this] { a->late({KeyAnswer::Kind::unknown, nullptr}); }).join();
  EXPECT_THAT(answers, ElementsAre("key of plugin:b"));
  a->late({KeyAnswer::Kind::given, nullptr});  // once more
  EXPECT_EQ(answers.size(), 1U);
}

TEST_F(PskKeys, NobodyHearsOfAnAnswerOnceTheGuardIsClosed) {
  ask("plugin:a:later");
  guard->close();
  a->late(a->given());
  EXPECT_THAT(answers, IsEmpty());
}

TEST_F(PskKeys, OnlyThoseOfTheListenerAreAsked) {
  ask("plugin:a:given", 1);
  EXPECT_THAT(answers, ElementsAre("none"));
  EXPECT_THAT(a->asked, IsEmpty());
  ask("plugin:b:given", 1);
  ask("plugin:b:given", 7);  // there is none any more
  EXPECT_THAT(answers, ElementsAre("none", "key of plugin:b", "none"));
}

// Whoever gives keys and nothing else is no backend: it does not keep out clients that it cannot know.
TEST_F(PskKeys, AKeyGiverIsNoBackend) {
  options.allow_anonymous = true;
  open();
  Login login;
  login.has_user_name = true;
  login.user_name = "me";
  login.peer = std::make_shared<const Peer>();
  EXPECT_TRUE(guard->login(login, [](const LoginAnswer&) {}).decision == Decision::allow);
}

TEST_F(PskKeys, ABystanderIsAskedNothing) {
  options.allow_anonymous = true;
  guests = {};
  EXPECT_FALSE(Guard::open(options, clock, {}, guests).ok());
  guests.bystanders = {"plugin:a", "plugin:b"};
  open();
  ask("x");
  EXPECT_THAT(answers, ElementsAre("none"));
}

TEST_F(PskKeys, AreNobodysWithoutAGuard) {
  AnonymousOnly nobody{true};
  std::optional<bool> none;
  nobody.psk_key({0, "", "x", std::make_shared<const Peer>()},
                 [&](const std::shared_ptr<const PskKey>& key) { none = key == nullptr; });
  EXPECT_EQ(none, true);
}

}  // namespace
}  // namespace tombo::auth
