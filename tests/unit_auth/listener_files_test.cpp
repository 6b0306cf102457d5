#include "auth/guard.hpp"
#include "auth/password_hash.hpp"
#include "login_of.hpp"
#include "temporary_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <optional>

namespace tombo::auth {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

std::string line_for(std::string_view user, std::string_view password) {
  const auto hash = PasswordHash::make(PasswordHash::Kind::pbkdf2, password);
  EXPECT_TRUE(hash.ok());
  return std::string{user} + ":" + hash->text() + "\n";
}

/// Two listeners: the first has what [passwords] and [acl] say, the second files of its own.
class ListenerFiles : public ::testing::Test {
 protected:
  ListenerFiles() {
    options.listeners.resize(2);
    options.listeners[1].port = 1884;
  }
  void open() {
    auto opened = Guard::open(options, clock, {});
    ASSERT_TRUE(opened.ok()) << ::testing::PrintToString(opened.error());
    guard = std::move(*opened);
  }
  std::vector<std::string> problems() {
    const auto opened = Guard::open(options, clock, {});
    return opened.ok() ? std::vector<std::string>{} : opened.error();
  }
  bool lets_in(std::size_t listener, std::string_view user, std::string_view password) {
    struct Late {
      std::mutex mutex;
      std::condition_variable wake;
      std::optional<LoginAnswer> answer;
    };
    const auto late = std::make_shared<Late>();
    const auto answer = guard->login(LoginOf{}.user(user).password(password).at(listener), [late](LoginAnswer given) {
      const std::lock_guard lock{late->mutex};
      late->answer = std::move(given);
      late->wake.notify_all();
    });
    if (answer.decision != Decision::pending) return answer.decision == Decision::allow;
    std::unique_lock lock{late->mutex};
    EXPECT_TRUE(late->wake.wait_for(lock, std::chrono::seconds{30}, [&] { return late->answer.has_value(); }));
    return late->answer && late->answer->decision == Decision::allow;
  }
  bool may(std::size_t listener, std::string_view topic, Action action = Action::publish) {
    const Access access{action, "c", nobody(), listener, topic};
    const bool allowed = guard->access(access, [](AccessAnswer) {}).decision == Decision::allow;
    EXPECT_EQ(guard->rule_on(access).decision == Decision::allow, allowed) << topic;
    EXPECT_EQ(guard->explain(access).answer.decision == Decision::allow, allowed) << topic;
    return allowed;
  }

  TemporaryDirectory directory;
  ManualClock clock;
  config::Options options;
  std::unique_ptr<Guard> guard;
};

TEST_F(ListenerFiles, AListenersUsersAreThoseOfItsOwnFile) {
  options.auth.backends = {"passwords"};
  options.passwords.file = directory.write("all", line_for("anna", "a"));
  options.listeners[1].password_file = directory.write("own", line_for("bert", "b"));
  open();
  EXPECT_TRUE(lets_in(0, "anna", "a"));
  EXPECT_FALSE(lets_in(0, "bert", "b"));
  EXPECT_FALSE(lets_in(1, "anna", "a"));
  EXPECT_TRUE(lets_in(1, "bert", "b"));
  EXPECT_FALSE(lets_in(1, "bert", "wrong"));
  EXPECT_THAT(Guard::files(options), Contains(directory.path("own"))) << "its changes are not noticed";
}

TEST_F(ListenerFiles, AListenerWithUsersOfItsOwnAsksForPasswordsUnasked) {
  options.allow_anonymous = true;
  options.listeners[1].password_file = directory.write("own", line_for("bert", "b"));
  open();
  EXPECT_TRUE(guard->knows_users());
  EXPECT_FALSE(lets_in(1, "bert", "wrong")) << "everybody comes in under the name that they claim";
  EXPECT_FALSE(lets_in(1, "anna", "a"));
  EXPECT_TRUE(lets_in(1, "bert", "b"));
}

TEST_F(ListenerFiles, UsersThatNobodyAsksForAreRefused) {
  options.auth.backends = {"passwords"};
  options.passwords.file = directory.write("all", line_for("anna", "a"));
  options.listeners[1].authentication = {"scram"};
  options.scram.file = directory.write("scram", "");
  options.listeners[1].password_file = directory.write("own", line_for("bert", "b"));
  EXPECT_THAT(problems(), Contains(HasSubstr("own: this password_file of a listener is not asked")));
}

TEST_F(ListenerFiles, AListenersRulesAreThoseOfItsOwnFileAlone) {
  options.allow_anonymous = true;
  options.acl.file = directory.write("all", "topic readwrite everywhere/#\n");
  options.listeners[1].acl_file = directory.write("own", "topic readwrite here/#\n");
  open();
  EXPECT_TRUE(may(0, "everywhere/x"));
  EXPECT_FALSE(may(0, "here/x"));
  EXPECT_FALSE(may(1, "everywhere/x"));
  EXPECT_TRUE(may(1, "here/x"));
  EXPECT_FALSE(may(1, "everywhere/x", Action::subscribe));
  EXPECT_FALSE(may(1, "everywhere/x", Action::receive));
  EXPECT_FALSE(may(2, "here/x")) << "there is no such listener, so nobody knows what may be done there";
  EXPECT_THAT(Guard::files(options), Contains(directory.path("own")));
}

TEST_F(ListenerFiles, OneListenersRulesLeaveTheOthersAsFreeAsTheyWere) {
  options.allow_anonymous = true;
  options.listeners[1].acl_file = directory.write("own", "topic readwrite here/#\n");
  open();
  EXPECT_TRUE(guard->restricts_access());
  EXPECT_TRUE(guard->restricts_receiving());
  EXPECT_TRUE(may(0, "everywhere/x"));
  EXPECT_FALSE(may(0, "$CONTROL/x")) << "no rule opens it";
  EXPECT_FALSE(may(0, "$SYS/x"));
  EXPECT_FALSE(may(1, "everywhere/x"));
}

TEST_F(ListenerFiles, AFileThatCannotBeReadIsNoOpenDoor) {
  options.allow_anonymous = true;
  options.listeners[0].acl_file = directory.path("no-rules");
  options.listeners[1].password_file = directory.path("no-users");
  EXPECT_THAT(problems(), Contains(HasSubstr("no-rules: error: the file that acl.file names cannot be opened: No such file or directory (acl_file of a listener)")));
  EXPECT_THAT(problems(), Contains(HasSubstr("no-users")));
}

TEST_F(ListenerFiles, AReloadThatFailsKeepsBothAsTheyWere) {
  options.allow_anonymous = true;
  options.listeners[1].acl_file = directory.write("own", "topic readwrite here/#\n");
  options.listeners[1].password_file = directory.write("users", line_for("bert", "b"));
  open();
  directory.write("own", "topic readwrite there/#\n");
  ASSERT_TRUE(guard->reload(options).ok());
  EXPECT_TRUE(may(1, "there/x"));
  EXPECT_FALSE(may(1, "here/x"));
  directory.write("own", "topic readwrite everywhere/#\n");
  directory.write("users", "this is no line\n");
  EXPECT_FALSE(guard->reload(options).ok());
  EXPECT_TRUE(may(1, "there/x"));
  EXPECT_FALSE(may(1, "everywhere/x"));
  EXPECT_TRUE(lets_in(1, "bert", "b"));
}

}  // namespace
}  // namespace tombo::auth
