#include "app/options_from.hpp"
#include "unit_app/temp_dir.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tombo::app {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

TEST(OptionsFrom, NothingAreThoseOfALoopbackBroker) {
  const config::Loaded loaded = options_from(Cli{});
  EXPECT_TRUE(loaded.problems.empty());
  ASSERT_THAT(loaded.options.listeners, SizeIs(2));
  EXPECT_EQ(loaded.options.listeners[0].port, 1883);
  EXPECT_TRUE(loaded.options.allow_anonymous);
}

TEST(OptionsFrom, PortsListenOnEachOfThemOnLoopback) {
  Cli cli;
  cli.ports = {1901, 1902};
  const config::Loaded loaded = options_from(cli);
  ASSERT_THAT(loaded.options.listeners, SizeIs(4));
  EXPECT_EQ(loaded.options.listeners[0].port, 1901);
  EXPECT_EQ(loaded.options.listeners[3].address, "::1");
  EXPECT_EQ(loaded.options.listeners[3].port, 1902);
}

TEST(OptionsFrom, TheSamePortTwiceAreRefused) {
  Cli cli;
  cli.ports = {1901, 1902, 1901};
  EXPECT_FALSE(options_from(cli).ok());
}

TEST(OptionsFrom, AFileWithAListenerIgnoresPortsAndSaysSo) {
  const TempDir dir;
  Cli cli;
  cli.file = dir.write("t.toml", "allow_anonymous = true\n[[listener]]\nport = 1900\n");
  cli.ports = {1901};
  const config::Loaded loaded = options_from(cli);
  EXPECT_TRUE(loaded.ok());
  ASSERT_THAT(loaded.options.listeners, SizeIs(1));
  EXPECT_EQ(loaded.options.listeners[0].port, 1900);
  ASSERT_THAT(loaded.problems, SizeIs(1));
  EXPECT_THAT(to_text(loaded.problems[0]), HasSubstr("command line: warning: -p is ignored"));
}

TEST(OptionsFrom, AFileWithoutAListenerTakesPorts) {
  const TempDir dir;
  Cli cli;
  cli.file = dir.write("t.toml", "allow_anonymous = true\n");
  cli.ports = {1901};
  const config::Loaded loaded = options_from(cli);
  ASSERT_THAT(loaded.options.listeners, SizeIs(2));
  EXPECT_EQ(loaded.options.listeners[0].port, 1901);
}

TEST(InOneLine, NamesThePlaceAsFarAsItIsKnown) {
  using config::Problem;
  EXPECT_EQ(in_one_line({Problem::Severity::error, "f", 3, 4, "bad", "x"}), "f:3:4: bad");
  EXPECT_EQ(in_one_line({Problem::Severity::error, "f", 0, 0, "bad", ""}), "f: bad");
  EXPECT_EQ(in_one_line({Problem::Severity::error, "", 0, 0, "bad", ""}), "bad");
}

}  // namespace
}  // namespace tombo::app
