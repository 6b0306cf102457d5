#include "app/cli.hpp"

#include "app/version.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tombo::app {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

Parsed parse(std::vector<const char*> words) {
  words.insert(words.begin(), "tombo");
  return parse_cli(static_cast<int>(words.size()), words.data());
}

TEST(CommandLine, RunsWithoutAnyWord) {
  const Parsed parsed = parse({});
  EXPECT_FALSE(parsed.ends);
  EXPECT_EQ(parsed.cli.action, Cli::Action::run);
  EXPECT_TRUE(parsed.cli.file.empty());
  EXPECT_TRUE(parsed.cli.ports.empty());
}

TEST(CommandLine, TakesTheFormatOfTheFileAndTheKeyLog) {
  EXPECT_EQ(parse({"-c", "x"}).cli.syntax, config::Syntax::by_content);
  EXPECT_EQ(parse({"-c", "x", "--config-format", "mosquitto"}).cli.syntax, config::Syntax::mosquitto);
  EXPECT_EQ(parse({"-c", "x", "--config-format", "toml"}).cli.syntax, config::Syntax::toml);
  EXPECT_EQ(parse({"--tls-keylog", "keys"}).cli.tls_keylog, "keys");
  const Parsed wrong = parse({"-c", "x", "--config-format", "yaml"});
  EXPECT_EQ(wrong.exit_code, kExitConfiguration);
  EXPECT_THAT(wrong.err, HasSubstr("toml or mosquitto"));
}

TEST(CommandLine, TakesWhatMosquittoUsersType) {
  const Parsed parsed = parse({"-c", "/etc/tombo.toml", "-p", "1884", "-p", "1885", "-v", "-d"});
  EXPECT_FALSE(parsed.ends) << parsed.err;
  EXPECT_EQ(parsed.cli.file, "/etc/tombo.toml");
  EXPECT_THAT(parsed.cli.ports, ElementsAre(1884, 1885));
  EXPECT_TRUE(parsed.cli.verbose);
  EXPECT_TRUE(parsed.cli.daemon);
  EXPECT_FALSE(parsed.cli.quiet);
  EXPECT_TRUE(parse({"-q"}).cli.quiet);
}

TEST(CommandLine, NamesTheActions) {
  EXPECT_EQ(parse({"-c", "f", "--test-config"}).cli.action, Cli::Action::test_config);
  EXPECT_EQ(parse({"--print-config"}).cli.action, Cli::Action::print_config);
  EXPECT_EQ(parse({"--print-options-markdown"}).cli.action, Cli::Action::print_options_markdown);
  EXPECT_EQ(parse({"--print-shipped-config"}).cli.action, Cli::Action::print_shipped_config);
  EXPECT_EQ(parse({"--print-mosquitto-markdown"}).cli.action, Cli::Action::print_mosquitto_markdown);
}

TEST(CommandLine, PrintsHelpWithSignalsAndExitCodes) {
  for (const char* word : {"-h", "--help"}) {
    const Parsed parsed = parse({word});
    EXPECT_TRUE(parsed.ends);
    EXPECT_EQ(parsed.exit_code, 0);
    EXPECT_THAT(parsed.out, AllOf(HasSubstr("--test-config"), HasSubstr("Exit codes:"), HasSubstr("RTMIN+1"),
                                  Not(HasSubstr("markdown"))));
  }
}

TEST(CommandLine, PrintsTheVersion) {
  const Parsed parsed = parse({"--version"});
  EXPECT_TRUE(parsed.ends);
  EXPECT_EQ(parsed.exit_code, 0);
  EXPECT_EQ(parsed.out, "tombo " + std::string{version()} + "\n");
}

TEST(CommandLine, EndsWithTwoAfterAMistake) {
  for (const std::vector<const char*>& words : {std::vector<const char*>{"--nonsense"},
                                                {"-p", "0"},
                                                {"-p", "65536"},
                                                {"-p", "mqtt"},
                                                {"-p", "-1"},
                                                {"-p"},
                                                {"-c"},
                                                {"--test-config"},
                                                {"-v", "-q"},
                                                {"tombo.toml"}}) {
    const Parsed parsed = parse(words);
    EXPECT_TRUE(parsed.ends) << words[0];
    EXPECT_EQ(parsed.exit_code, 2) << words[0];
    EXPECT_THAT(parsed.err, AllOf(HasSubstr("tombo: "), HasSubstr("--help"))) << words[0];
    EXPECT_TRUE(parsed.out.empty()) << words[0];
  }
}

TEST(CommandLine, TellsHowToNameAFileThatWasGivenAlone) {
  EXPECT_THAT(parse({"tombo.toml"}).err, HasSubstr("-c FILE"));
}

}  // namespace
}  // namespace tombo::app
