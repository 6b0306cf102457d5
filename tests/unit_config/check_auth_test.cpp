#include "config/load.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tombo::config {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string told(std::string_view text) {
  std::string all;
  for (const Problem& problem : load_toml(text, "t.toml").problems) all += to_text(problem) + "\n";
  return all;
}
constexpr std::string_view kListener = "[[listener]]\n";

struct Case {
  std::string text;
  std::string problem;
};
class CheckAuth : public ::testing::TestWithParam<Case> {};

TEST_P(CheckAuth, NamesThePlace) { EXPECT_THAT(told(GetParam().text), HasSubstr(GetParam().problem)); }

INSTANTIATE_TEST_SUITE_P(Config, CheckAuth, ::testing::ValuesIn(std::vector<Case>{
    {"[auth]\nbackends = [\"pasword\"]", "t.toml:2:1: error: 'backends' in [auth] names \"pasword\""},
    {"[auth]\nbackends = [\"pasword\"]", "did you mean \"passwords\"?"},
    {"[auth]\nbackends = [\"plugin:x\"]", "names \"plugin:x\""},
    {"[auth]\nbackends = [\"http\", \"http\"]", "names \"http\" twice"},
    {"[[listener]]\n[[listener]]\nport = 1884\nauthentication = [\"x\"]", "t.toml:4:1: error: 'authentication' in [[listener]] names \"x\""},
    {"[auth]\nbackends = [\"passwords\"]", "backend passwords is asked, but there is no 'file' in [passwords]"},
    {"[auth]\nbackends = [\"jwt\"]", "no 'key_file' or 'key_directory' in [jwt]"},
    {"[auth]\nbackends = [\"jwt\"]\n[jwt]\nkey_file = \"k\"\nuser_claim = \"\"", "t.toml:5:1: error: backend jwt is asked, but there is no 'user_claim'"},
    {"[auth]\nbackends = [\"http\"]", "no 'url' in [http]"},
    {"[auth]\nbackends = [\"scram\"]", "no 'file' in [scram]"},
    {"[auth]\nbackends = [\"ldap\"]", "no 'url' in [ldap]"},
    {"[auth]\nbackends = [\"ldap\"]", "no 'base' or 'user_dn' in [ldap]"},
    {"[auth]\nbackends = [\"sql\"]", "no 'password_query' in [sql]"},
    {"[[listener]]\nauthentication = [\"sql\"]", "no 'database' in [sql]"},
    {"[jwt]\nalgorithms = [\"none\"]", "t.toml:2:1: error: 'algorithms' in [jwt] holds \"none\""},
    {"[jwt]\nalgorithms = [\"RS265\"]", "did you mean \"RS256\"?"},
    {"[scram]\nmechanisms = [\"SCRAM-SHA-512\"]", "'mechanisms' in [scram] holds \"SCRAM-SHA-512\""},
    {"[[listener]]\nuser_name_from = \"certificate_cn\"", "t.toml:2:1: error: 'user_name_from' in [[listener]] wants names of client certificates"},
    {"[[listener]]\nuser_name_from = \"psk_identity\"", "but there is neither psk_file nor psk_hint"},
    {"[[listener]]\npsk_hint = \"h\"", "t.toml:2:1: error: 'psk_hint' in [[listener]] wants pre-shared keys: write psk_file, or name a plugin"},
    {"[[listener]]\npsk_hint = \"h\"\n[[plugin]]\nname = \"p\"\npath = \"/p.so\"", "or name a plugin that gives keys in 'authentication'"},
    {"[[listener]]\nuser_name_from = \"unix_user\"", "only an address \"unix:PATH\""},
    {"[[listener]]\ncertificates = [\"a\", \"b\"]\nkeys = [\"c\"]", "t.toml:3:1: error: 'keys' in [[listener]] has 1 entries and 'certificates' 2"}}));

TEST(CheckAuth, TellsAllAtOnce) {
  const std::string all = told("[auth]\nbackends = [\"x\", \"passwords\"]\n[jwt]\nalgorithms = [\"none\"]\n");
  EXPECT_THAT(all, HasSubstr("\"x\""));
  EXPECT_THAT(all, HasSubstr("in [passwords]"));
  EXPECT_THAT(all, HasSubstr("\"none\""));
}

TEST(CheckAuth, TakesWhatIsWhole) {
  const std::string all = told(std::string{kListener} +
                               "[auth]\nbackends = [\"plugin:mine\", \"passwords\"]\n[passwords]\nfile = \"pw\"\n"
                               "[[plugin]]\nname = \"mine\"\npath = \"/mine.so\"\n");
  EXPECT_EQ(all, "");
}

TEST(CheckAuth, LeavesKeysToPlugins) {
  constexpr std::string_view kPlugin = "[[plugin]]\nname = \"p\"\npath = \"/p.so\"\n";
  const std::string hint = "[[listener]]\npsk_hint = \"h\"\nuser_name_from = \"psk_identity\"\n";
  EXPECT_EQ(told(hint + "authentication = [\"plugin:p\"]\n" + std::string{kPlugin}), "");
  EXPECT_EQ(told(hint + std::string{kPlugin} + "[auth]\nbackends = [\"plugin:p\"]\n"), "");
  EXPECT_EQ(told(hint + "psk_file = \"/psk\"\n"), "");
}

TEST(CheckAuth, WarnsOnlyWhenThereIsNoWayIn) {
  constexpr std::string_view kWarning = "nobody can connect";
  EXPECT_THAT(told(kListener), HasSubstr(kWarning));
  EXPECT_THAT(told("allow_anonymous = true\n[[listener]]\nanonymous = \"refuse\"\n"), HasSubstr(kWarning));
  EXPECT_THAT(told("[[listener]]\nanonymous = \"allow\"\n"), Not(HasSubstr(kWarning)));
  EXPECT_THAT(told("[[listener]]\nauthentication = [\"passwords\"]\n[passwords]\nfile = \"pw\"\n"), Not(HasSubstr(kWarning)));
  EXPECT_THAT(told("[[listener]]\naddress = \"unix:/x\"\nuser_name_from = \"unix_user\"\n"), Not(HasSubstr(kWarning)));
}

}  // namespace
}  // namespace tombo::config
