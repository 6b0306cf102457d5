#include "unit_plugin/plugin_world.hpp"

namespace tombo::plugin::test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class Loading : public PluginTest {
 protected:
  std::vector<std::string> table(const std::string& kind) { return try_load({section("t", "odd_table", {"table=" + kind})}); }
};

TEST_F(Loading, HoldsNothingWithoutSections) {
  load({});
  EXPECT_EQ(plugins_, nullptr);
}

TEST_F(Loading, RefusesAnotherMajorVersionWithoutCallingIt) {
  EXPECT_THAT(try_load({section("old", "wrong_version")}),
              ElementsAre(AllOf(StartsWith("plugin 'old': "), HasSubstr("built for version 2.3"),
                                HasSubstr("this broker has 1."))));
}

TEST_F(Loading, RefusesWhatIsNoPlugin) {
  EXPECT_THAT(try_load({section("x", "no_symbols")}), ElementsAre(HasSubstr("does not export 'tombo_plugin_api'")));
  EXPECT_THAT(try_load({section("x", "no_init")}), ElementsAre(HasSubstr("does not export 'tombo_plugin_init'")));
  auto other = section("x", "for_mosquitto");
  EXPECT_THAT(try_load({other}), ElementsAre(HasSubstr("does not export 'mosquitto_plugin_init'"))) << "its symbols tell whose it is";
  other.kind = config::PluginKind::tombo;
  EXPECT_THAT(try_load({other}), ElementsAre(HasSubstr("is a plugin for Mosquitto")));
  auto ours = section("x", "scripted");
  ours.kind = config::PluginKind::mosquitto;
  EXPECT_THAT(try_load({ours}), ElementsAre(HasSubstr("exports neither")));
}

TEST_F(Loading, RefusesWhatIsNotThere) {
  EXPECT_THAT(try_load({section("x", "missing")}), ElementsAre(AllOf(HasSubstr("cannot be loaded"), HasSubstr("missing.so"))));
  auto odd = section("x", "missing");
  odd.path = "libc.so.6";
  EXPECT_THAT(try_load({odd}), ElementsAre(HasSubstr("names no directory")));
  odd.path = "/etc/passwd";
  EXPECT_THAT(try_load({odd}), ElementsAre(HasSubstr("cannot be loaded")));
}

TEST_F(Loading, TellsWhyAPluginCannotBegin) {
  EXPECT_THAT(table("fails"), ElementsAre("plugin 't': it cannot begin: the server of t is away"));
  EXPECT_THAT(table("fails_silently"), ElementsAre("plugin 't': it cannot begin: error 7"));
}

TEST_F(Loading, RefusesTablesThatDoNotFit) {
  EXPECT_THAT(table("none"), ElementsAre(HasSubstr("no callbacks")));
  EXPECT_THAT(table("short"), ElementsAre(HasSubstr("has no size")));
  EXPECT_THAT(table("flags"), ElementsAre(HasSubstr("flags 0x40")));
  EXPECT_THAT(table("half_extended"), ElementsAre(HasSubstr("extended_begin")));
  EXPECT_THAT(table("judges"), ElementsAre(HasSubstr("TOMBO_PLUGIN_JUDGES_RECEIVING")));
}

TEST_F(Loading, RefusesASerialPluginThatWantsDeliveries) {
  EXPECT_THAT(table("serial_deliver"), ElementsAre(HasSubstr("only a plugin with TOMBO_PLUGIN_CONCURRENT may have it")));
}

TEST_F(Loading, TakesANewerMinorVersionThatUsesNothingNew) { EXPECT_THAT(table("later_unused"), IsEmpty()); }

TEST_F(Loading, RefusesANewerMinorVersionThatUsesWhatIsNotKnown) {
  EXPECT_THAT(table("later_used"), ElementsAre(HasSubstr("needs a newer plugin interface than 1.")));
}

TEST_F(Loading, RefusesOptionsThatAreNone) {
  EXPECT_THAT(try_load({section("p", "scripted", {"key=value", "word"})}),
              ElementsAre("plugin 'p': option 'word' is not key=value"));
  EXPECT_THAT(try_load({section("p", "scripted", {"=value"})}), ElementsAre(HasSubstr("'=value' is not key=value")));
}

TEST_F(Loading, TellsAllThatIsWrongAndKeepsNone) {
  EXPECT_THAT(try_load({section("good", "scripted"), section("bad", "missing"), section("good", "scripted"),
                        section("", "scripted")}),
              ElementsAre(StartsWith("plugin 'bad': "), "plugin 'good': there are two of this name",
                          "plugin '': it needs a name"));
  EXPECT_EQ(recorder_.count("shutdown"), 1U) << "the good one has said goodbye";
}

TEST_F(Loading, FindsPluginsByNameAndByWhatTheyDo) {
  load({section("p", "scripted"), section("t", "odd_table"), section("c", "scripted_concurrent")});
  EXPECT_NE(plugins_->backend("plugin:p"), nullptr);
  EXPECT_EQ(plugins_->backend("plugin:p")->name(), "plugin:p");
  EXPECT_NE(plugins_->referee("plugin:p"), nullptr);
  EXPECT_NE(plugins_->backend("plugin:t"), nullptr);
  EXPECT_EQ(plugins_->referee("plugin:t"), nullptr) << "it has no authorize";
  EXPECT_EQ(plugins_->backend("p"), nullptr);
  EXPECT_EQ(plugins_->backend("plugin:"), nullptr);
  EXPECT_TRUE(plugins_->judges_receiving("plugin:c"));
  EXPECT_FALSE(plugins_->judges_receiving("plugin:p"));
  EXPECT_NE(plugins_->events(), nullptr);
}

TEST_F(Loading, HasNoEventsWhereNobodyListens) {
  load({section("t", "odd_table")});
  EXPECT_EQ(plugins_->events(), nullptr);
}

TEST_F(Loading, SurvivesExceptions) {
  EXPECT_THAT(try_load({section("e", "throws", {"now=yes"})}),
              ElementsAre("plugin 'e': its initialisation threw an exception: cannot begin"));
  load({section("p", "throws")});
  const auto verdict = ask("alice");
  EXPECT_EQ(verdict.kind, auth::Verdict::Kind::error);
  plugins_->events()->connected(client("c"));
  EXPECT_EQ(ask("alice").kind, auth::Verdict::Kind::error);
  EXPECT_TRUE(recorder_.wait_for_line("oh"));
  EXPECT_EQ(status().broken, 3U);
}

}  // namespace
}  // namespace tombo::plugin::test
