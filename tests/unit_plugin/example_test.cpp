#include "unit_plugin/plugin_world.hpp"

namespace tombo::plugin::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Kind = auth::Verdict::Kind;

/// The example that authors of plugins begin with, which was built with the C compiler and the header alone.
class Example : public PluginTest {
 protected:
  static config::Plugin example(std::vector<std::string> options) {
    config::Plugin made;
    made.name = "p";
    made.path = EXAMPLE_PLUGIN;
    made.options = std::move(options);
    return made;
  }
  auth::Decision judge(const std::string& user, auth::Action action, const std::string& topic) {
    Awaited<auth::AccessAnswer> later;
    const auto principal = auth::somebody(user);
    const std::string id = "c";
    const auth::Access access{action, id, principal, 0, topic, mqtt::Qos::at_most_once, false};
    const auto answer = plugins_->referee("plugin:p")->judge(access, later.setter());
    return (answer.decision == auth::Decision::pending ? later.wait() : answer).decision;
  }
};

TEST_F(Example, KnowsItsUsers) {
  load({example({"user.alice=secret", "user.bob=hunter2"})});
  EXPECT_EQ(ask("alice", "secret").kind, Kind::allow);
  const auto no = ask("alice", std::string{"secret\0x", 8});
  EXPECT_EQ(no.kind, Kind::deny) << "a password is compared with its length";
  EXPECT_EQ(no.why, "wrong password");
  EXPECT_EQ(ask("alice", "").kind, Kind::deny);
  EXPECT_EQ(ask("carol", "secret").kind, Kind::unknown);
}

TEST_F(Example, KeepsPrivateTopicsPrivate) {
  load({example({})});
  using auth::Action;
  using auth::Decision;
  EXPECT_EQ(judge("alice", Action::publish, "private/alice/x"), Decision::allow);
  EXPECT_EQ(judge("alice", Action::subscribe, "private/alice"), Decision::allow);
  EXPECT_EQ(judge("alice", Action::publish, "private/bob"), Decision::deny);
  EXPECT_EQ(judge("ali", Action::publish, "private/alice"), Decision::deny);
  EXPECT_EQ(judge("alice", Action::subscribe, "private/+"), Decision::deny);
  EXPECT_EQ(judge("alice", Action::subscribe, "#"), Decision::deny);
  EXPECT_EQ(judge("alice", Action::publish, "public"), Decision::allow);
}

TEST_F(Example, CountsClients) {
  load({example({"count_topic=n", "count_ms=100"})});
  plugins_->events()->connected(client("a"));
  plugins_->events()->connected(client("b"));
  plugins_->events()->disconnected(client("a"), mqtt::ReasonCode::success);
  advance(Milliseconds{100});
  EXPECT_EQ(recorder_.wait_for("n"), "1");
}

TEST_F(Example, ChangesItsUsersAllOrNone) {
  load({example({"user.alice=secret"})});
  plugins_->reload({example({"user.bob=new", "user.="})});
  EXPECT_TRUE(recorder_.wait_for_line("keeps its old options: user.NAME=PASSWORD needs a name"));
  EXPECT_EQ(ask("alice", "secret").kind, Kind::allow);
  plugins_->reload({example({"user.bob=new"})});
  EXPECT_TRUE(recorder_.wait_for_line("has new options"));
  EXPECT_EQ(ask("alice", "secret").kind, Kind::unknown);
  EXPECT_EQ(ask("bob", "new").kind, Kind::allow);
}

TEST_F(Example, SaysWhyItCannotBegin) {
  EXPECT_THAT(try_load({example({"count_ms=x"})}), ElementsAre(HasSubstr("count_ms must be a number above 0")));
}

}  // namespace
}  // namespace tombo::plugin::test
