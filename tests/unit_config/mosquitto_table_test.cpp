#include "config/mosquitto/directive.hpp"
#include "config/schema.hpp"
#include "unit_config/mosquitto_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <set>
#include <sstream>

namespace tombo::config {
namespace {

using mosquitto::Directive;
using mosquitto::Fate;
using ::testing::HasSubstr;

// Where a directive may stand so that it makes sense: as first thing, or below one of these.
constexpr auto kAbove = std::to_array<std::string_view>({
    "allow_anonymous true\n",
    "listener 1883\n",
    "listener 1883\nallow_anonymous true\ncertfile c\nkeyfile k\nrequire_certificate true\n",
    "listener 1883\npsk_file p\n",
    "listener 1883\npsk_hint h\n",
    "listener 1883\npersistence true\n",
    "listener 1883\nallow_anonymous true\nprotocol websockets\n",
    "listener 1883\nplugin_load NAME p\n",
    "listener 1883\nconnection c\naddress h\n",
    "listener 1883\nconnection c\ntopic t\n",
    "listener 1883\nconnection c\naddress h\ntopic t\n",
    "listener 1883\nconnection c\naddress h\ntopic t\nbridge_cafile c\n",
    "listener 1883\nconnection c\naddress h\ntopic t\nbridge_cafile c\nbridge_keyfile k\n",
    "listener 1883\nconnection c\naddress h\ntopic t\nbridge_cafile c\nbridge_certfile k\n",
    "listener 1883\nconnection c\naddress h\ntopic t\nbridge_identity i\n",
    "listener 1883\nconnection c\naddress h\ntopic t\nbridge_psk 00\n",
    "listener 1883\nconnection c\naddress h\ntopic t\nremote_username u\n",
});
constexpr auto kBelow = std::to_array<std::string_view>({"", "certfile c\n", "address h\ntopic t\n"});
constexpr auto kValues = std::to_array<std::string_view>(
    {"true",      "false", "3",   "11",    "20000",      "0",       "text",    "NAME PATH",
     "topic",     "1884",  "14d", "ipv4",  "websockets", "tlsv1.3", "mqttv50", "lazy",
     "immediate", "4,5",   "5 6", "debug", "stdout",     "# both"});

/// The problem at the last line, in words.
std::string said_of(const Loaded& loaded, int line) {
  for (const Problem& problem : loaded.problems) {
    if (problem.line == line) return to_text(problem);
  }
  return {};
}

int lines_of(std::string_view text) {
  return static_cast<int>(std::count(text.begin(), text.end(), '\n'));
}

std::string name_in_use(const Directive& directive) {
  std::string name{directive.name};
  if (name.ends_with('*')) name.back() = 'x';
  return name;
}

/// Whether some value in some place changes the options, which are fine with it.
bool does_something(const Directive& directive) {
  for (const std::string_view above : kAbove) {
    for (const std::string_view below : kBelow) {
      const Loaded without = read_conf(std::string{above} + std::string{below});
      for (const std::string_view value : kValues) {
        const std::string line = name_in_use(directive) + " " + std::string{value} + "\n";
        const Loaded with = read_conf(std::string{above} + line + std::string{below});
        if (with.ok() && !changes(without.options, with.options).empty()) return true;
      }
    }
  }
  return false;
}

TEST(MosquittoTable, HonoursWhatItSaysIsHonoured) {
  for (const Directive& directive : mosquitto::directives()) {
    if (directive.fate != Fate::honoured || directive.name == "include_dir" ||
        directive.name == "per_listener_settings")
      continue;
    EXPECT_TRUE(does_something(directive)) << directive.name;
  }
}

TEST(MosquittoTable, WarnsOfWhatHasNoEffectAndSaysWhy) {
  for (const Directive& directive : mosquitto::directives()) {
    if (directive.fate != Fate::no_effect) continue;
    const Loaded loaded =
        read_conf("listener 1883\nconnection c\naddress h\ntopic t\n" + name_in_use(directive) + " 1\n");
    EXPECT_TRUE(loaded.ok()) << directive.name;
    EXPECT_THAT(said_of(loaded, 5),
                HasSubstr("'" + name_in_use(directive) + "' has no effect: " + std::string{directive.what}));
  }
}

TEST(MosquittoTable, RefusesWithTheLineAndWhatToUseInstead) {
  for (const Directive& directive : mosquitto::directives()) {
    if (directive.fate != Fate::refused) continue;
    const Loaded loaded = read_conf("listener 1883\n" + name_in_use(directive) + " true\n");
    EXPECT_FALSE(loaded.ok()) << directive.name;
    EXPECT_THAT(said_of(loaded, 2),
                HasSubstr("'" + name_in_use(directive) + "' is not offered: " + std::string{directive.what}));
  }
}

TEST(MosquittoTable, RefusesEveryDirectiveWithoutAValue) {
  for (const Directive& directive : mosquitto::directives()) {
    const std::string text = "listener 1883\n" + name_in_use(directive) + "  \n";
    EXPECT_THAT(said_of(read_conf(text), lines_of(text)),
                HasSubstr("'" + name_in_use(directive) + "' wants a value: "));
  }
}

TEST(MosquittoTable, HasEachNameOnceAndOptionsThatThereAre) {
  std::set<std::string_view> names;
  for (const Directive& directive : mosquitto::directives()) {
    EXPECT_TRUE(names.insert(directive.name).second) << directive.name;
    EXPECT_TRUE(directive.what.ends_with('.')) << directive.name;
    std::stringstream list{std::string{directive.becomes}};
    for (std::string option; std::getline(list >> std::ws, option, ',');) {
      const std::size_t dot = option.find('.');
      const std::string section = dot == std::string::npos ? "" : option.substr(0, dot);
      bool found = false;
      for (const SectionInfo& info : sections()) {
        found = found || (info.name == section && find_row(info.section, option.substr(dot + 1)) != nullptr);
      }
      EXPECT_TRUE(found) << directive.name << " becomes " << option;
    }
  }
}

TEST(MosquittoTable, HasTheDirectivesThatTheIssueNames) {
  for (const char* name :
       {"listener", "connection", "autosave_interval", "capath", "psk_hint", "maximum_qos", "mount_point",
        "log_timestamp_format", "plugin_opt_config_file", "auth_opt_x", "global_plugin", "max_topic_alias_broker",
        "enable_proxy_protocol", "websockets_origin", "retain_expiry_interval", "global_max_clients"}) {
    EXPECT_NE(mosquitto::find_directive(name), nullptr) << name;
  }
  EXPECT_EQ(mosquitto::find_directive("plugin_opt_"), nullptr);
  EXPECT_EQ(mosquitto::find_directive("plugin_opt_*x")->name, "plugin_opt_*");
}

TEST(MosquittoTable, HasAFileInUseForEveryDirectiveThatIsNotRefused) {
  std::set<std::string> used;
  for (const std::string_view file : kMosquittoFiles) {
    std::stringstream text{mosquitto_text(file)};
    for (std::string line; std::getline(text, line);) {
      if (const Directive* directive = mosquitto::find_directive(line.substr(0, line.find(' '))))
        used.emplace(directive->name);
    }
  }
  for (const Directive& directive : mosquitto::directives()) {
    EXPECT_TRUE(directive.fate == Fate::refused || used.contains(std::string{directive.name})) << directive.name;
  }
}

TEST(MosquittoPage, IsWhatTheTablePrints) {
  std::ifstream file{std::string{TOMBO_SOURCE_DIR} + "/docs/migrating-from-mosquitto.md"};
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>{file}, {}), print_mosquitto_markdown())
      << "renew it with: tombo --print-mosquitto-markdown > docs/migrating-from-mosquitto.md";
}

TEST(MosquittoPage, HasALineForEveryDirective) {
  const std::string text = print_mosquitto_markdown();
  for (const Directive& directive : mosquitto::directives()) {
    EXPECT_THAT(text, HasSubstr("\n| `" + std::string{directive.name} + "` | "));
  }
}

}  // namespace
}  // namespace tombo::config
