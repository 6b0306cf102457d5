#include "config/load.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>
#include <cstdio>
#include <cstdlib>

namespace tombo::config {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

Loaded load(std::string_view text) {
  return load_toml(text, "tombo.toml");
}

/// All problems as the operator sees them.
std::string told(const Loaded& loaded) {
  std::string all;
  for (const Problem& problem : loaded.problems) all += to_text(problem) + "\n";
  return all;
}
std::string told(std::string_view text) {
  return told(load(text));
}

constexpr std::string_view kOpen = "allow_anonymous = true\n";
std::string open_with(std::string_view rest) {
  return std::string{kOpen} + std::string{rest};
}

TEST(Load, TakesValuesOfEveryKind) {
  const Loaded loaded = load(R"(
threads = 3
placement = "hash"
allow_anonymous = true
[[listener]]
address = "*"
port = 1884
qos_max = 1
[[listener]]
port = 1885
tcp_nodelay = false
[limits]
memory_bytes_max = "256MiB"
queue_bytes_max = 4096
session_expiry_max_s = "never"
[mqtt]
share_strategy = "hash_topic"
[log]
to = ["stderr", "file:/tmp/x.log"]
modules = ["net=debug"]
format = "json"
)");
  // Retained messages and their own default are larger than the small memory given here.
  EXPECT_TRUE(loaded.ok()) << told(loaded);
  const Options& options = loaded.options;
  EXPECT_EQ(options.threads, 3U);
  EXPECT_EQ(options.placement, Placement::hash);
  EXPECT_TRUE(options.allow_anonymous);
  ASSERT_THAT(options.listeners, SizeIs(2));
  EXPECT_EQ(options.listeners[0].address, "*");
  EXPECT_EQ(options.listeners[0].qos_max, 1);
  EXPECT_EQ(options.listeners[1].port, 1885);
  EXPECT_FALSE(options.listeners[1].tcp_nodelay);
  EXPECT_EQ(options.limits.memory_bytes_max, 256U * 1024 * 1024);
  EXPECT_EQ(options.limits.queue_bytes_max, 4096U);
  EXPECT_EQ(options.limits.session_expiry_max_s, 0xFFFFFFFFU);
  EXPECT_EQ(options.mqtt.share_strategy, ShareStrategy::hash_topic);
  EXPECT_THAT(options.log.to, ::testing::ElementsAre("stderr", "file:/tmp/x.log"));
  EXPECT_EQ(options.log.format, LogFormat::json);
  EXPECT_TRUE(loaded.listeners_given);
}

TEST(Load, NamesFileLineAndColumnWithTheLineAndACaret) {
  EXPECT_EQ(told(open_with("[[listener]]\n  prot = 1883\n")),
            "tombo.toml:3:3: error: unknown key 'prot' in [[listener]]; did you mean 'port'?\n"
            "    prot = 1883\n"
            "    ^\n");
}

TEST(Load, KeepsTabsAndCountsCharactersAboveTheCaret) {
  const Problem problem{Problem::Severity::error, "f", 1, 4, "m", "\t\xC3\xA9 x = 1"};
  EXPECT_EQ(to_text(problem), "f:1:4: error: m\n  \t\xC3\xA9 x = 1\n  \t  ^");
}

TEST(Load, ReportsAllProblemsAtOnceInTheOrderOfTheFile) {
  const Loaded loaded = load(
      "thread = 1\nallow_anonymous = 1\n[limits]\nreceive_maximum = 0\n[lgo]\n[[listener]]\nport=99999\n");
  ASSERT_THAT(loaded.problems, SizeIs(5)) << told(loaded);
  for (std::size_t i = 1; i < 5; ++i) EXPECT_LT(loaded.problems[i - 1].line, loaded.problems[i].line);
  EXPECT_FALSE(loaded.ok());
  EXPECT_THAT(told(loaded), AllOf(HasSubstr("did you mean 'threads'?"), HasSubstr("did you mean [log]?")));
}

TEST(Load, SaysWhatIsWantedAndFoundForAWrongType) {
  EXPECT_THAT(told(open_with("[[listener]]\nport = \"1883\"\n")),
              HasSubstr("3:8: error: 'port' in [[listener]] wants a whole number, for example port = 1883, "
                        "but is the text \"1883\""));
  EXPECT_THAT(told("allow_anonymous = \"yes\"\n"),
              HasSubstr("wants true or false, for example allow_anonymous = false"));
  EXPECT_THAT(told(open_with("[log]\nto = \"stdout\"\n")),
              HasSubstr("wants a list of texts, for example to = [\"stdout\"]"));
  EXPECT_THAT(told(open_with("[log]\nto = [1]\n")), HasSubstr("but is a list of something else"));
  EXPECT_THAT(told(open_with("threads = 1.5\n")), HasSubstr("but is the number 1.5"));
  EXPECT_THAT(told(open_with("threads = 2024-01-01\n")), HasSubstr("but is a date or time"));
  EXPECT_THAT(told(open_with("threads = {}\n")), HasSubstr("but is a table"));
  EXPECT_THAT(told(open_with("[limits]\nqueue_bytes_max = \"16 MByte\"\n")),
              HasSubstr("a text such as \"64MiB\""));
  EXPECT_THAT(told(open_with("[limits]\nsession_expiry_max_s = \"ever\"\n")),
              HasSubstr("a whole number or \"never\""));
}

TEST(Load, TellsTheBoundsOfAValueOutside) {
  EXPECT_THAT(told(open_with("[[listener]]\nport = 99999\n")),
              HasSubstr("is 99999 but must be between 1 and 65535"));
  EXPECT_THAT(told(open_with("threads = -1\n")), HasSubstr("is -1 but must be between 0 and 256"));
  EXPECT_THAT(told(open_with("[limits]\nqueue_bytes_max = \"1B\"\n")),
              HasSubstr("is \"1B\" but must be between 1024"));
  EXPECT_THAT(told(open_with("placement = \"hsah\"\n")),
              HasSubstr("must be one of fill_first, hash, least_loaded; did you mean \"hash\"?"));
  EXPECT_THAT(told(open_with("[log]\nlevel = \"warn\"\n")), HasSubstr("did you mean \"warning\"?"));
  EXPECT_THAT(told(open_with("[log]\nto = []\n")), HasSubstr("0 entries"));
}

TEST(Load, SaysWhereAKeyOfAnotherSectionBelongs) {
  EXPECT_THAT(told("[[listener]]\nallow_anonymous = true\n"),
              HasSubstr("it belongs at the top of the file, before the first section"));
  EXPECT_THAT(told(open_with("queue_bytes_max = 4096\n")), HasSubstr("it belongs in [limits]"));
}

TEST(Load, TakesSizesWithUnits) {
  const auto queue = [](std::string_view value) {
    return load(open_with("[limits]\nqueue_bytes_max = " + std::string{value}))
        .options.limits.queue_bytes_max;
  };
  EXPECT_EQ(queue("\"2KiB\""), 2048U);
  EXPECT_EQ(queue("\"2KB\""), 2000U);
  EXPECT_EQ(queue("\"3 GiB\""), 3ULL << 30);
  EXPECT_EQ(queue("\"4096B\""), 4096U);
  EXPECT_EQ(queue("\"99999999999TiB\""), Limits{}.queue_bytes_max);
}

TEST(Load, RefusesTwoListenersOnOneAddressAndPort) {
  EXPECT_THAT(told(open_with("[[listener]]\nport = 1\n[[listener]]\nport = 1\n")),
              AllOf(HasSubstr("tombo.toml:5:1: error: two listeners want port 1"), HasSubstr("line 2")));
  EXPECT_THAT(told(open_with("[[listener]]\naddress = \"*\"\n[[listener]]\n")),
              HasSubstr("two listeners want port 1883"));
  EXPECT_THAT(told(open_with("[[listener]]\n[[listener]]\naddress = \"::1\"\n")), IsEmpty());
}

TEST(Load, ExplainsAnAddressThatHoldsAPort) {
  EXPECT_THAT(told(open_with("[[listener]]\naddress = \"127.0.0.1:1884\"\n")),
              HasSubstr("write address = \"127.0.0.1\" and port = 1884"));
}

TEST(Load, FindsConflictsBetweenOptions) {
  EXPECT_THAT(told(open_with("[redirect]\nmode = \"server_moved\"\n")),
              HasSubstr("needs a server_reference"));
  EXPECT_THAT(told(open_with("[redirect]\nconnections_high = 5\n")), HasSubstr("needs a server_reference"));
  EXPECT_THAT(
      told(open_with("[redirect]\nserver_reference = \"b\"\nconnections_high = 5\nconnections_low = 6\n")),
      HasSubstr("is 6 but must not be above connections_high, which is 5"));
  EXPECT_THAT(told(open_with("[limits]\nconnections_max = 10\n[[listener]]\nconnections_max = 11\n")),
              HasSubstr("warning: this listener may have 11 connections"));
  EXPECT_THAT(told(open_with("[limits]\nmemory_bytes_max = \"1MiB\"\n")),
              HasSubstr("queue_bytes_max is 16777216"));
  EXPECT_THAT(told(open_with("[limits]\nsessions_max = 5\n")), HasSubstr("each connection has a session"));
}

TEST(Load, ChecksWhereLogLinesGo) {
  EXPECT_THAT(told(open_with("[log]\nto = [\"sdtout\"]\n")), HasSubstr("did you mean \"stdout\"?"));
  EXPECT_THAT(told(open_with("[log]\nto = [\"/var/log/x\"]\n")),
              HasSubstr("did you mean \"file:/var/log/x\"?"));
  EXPECT_THAT(told(open_with("[log]\nto = [\"file:\"]\n")), HasSubstr("without a path"));
  EXPECT_THAT(told(open_with("[log]\nto = [\"syslog\", \"syslog\"]\n")), HasSubstr("twice"));
  EXPECT_THAT(told(open_with("[log]\nmodules = [\"net:debug\"]\n")), HasSubstr("wants module=level"));
  EXPECT_THAT(told(open_with("[log]\ntypes = [\"notices\"]\n")), HasSubstr("did you mean \"notice\"?"));
  EXPECT_THAT(told(open_with("[log]\nto = [\"topic\"]\ntypes = [\"all\", \"subscribe\"]\n")), Not(HasSubstr("error")));
}

TEST(Load, GoesOnAfterASyntaxError) {
  const std::string text = told(
      "threads = \n[limits\nreceive_maximum = 0\n[log]\nlevle = \"info\"\n[[listener]]\nport = 1883 1884\n");
  EXPECT_THAT(text, HasSubstr("tombo.toml:1:"));
  EXPECT_THAT(text, HasSubstr("tombo.toml:2:"));
  EXPECT_THAT(text, Not(HasSubstr("receive_maximum")));  // its section could not be read
  EXPECT_THAT(text, HasSubstr("did you mean 'level'?"));
  EXPECT_THAT(text, HasSubstr("tombo.toml:7:"));
}

// src/config/toml_library.hpp
TEST(Load, RefusesATableThatBeginsOddly) {
  for (const char* text : {"[ = 1\n", "[=]", "[[ = ]]\n", "[ ,"}) {
    const Loaded loaded = load(text);
    EXPECT_FALSE(loaded.ok());
    EXPECT_THAT(told(loaded), HasSubstr("this is no valid TOML")) << text;
  }
}

TEST(Load, EndsAtATextThatIsNeverClosed) {
  const Loaded loaded = load("pid_file = \"\"\"\nabc\nallow_anonymous = true\n");
  EXPECT_FALSE(loaded.ok());
  EXPECT_THAT(told(loaded), HasSubstr("this is no valid TOML"));
}

TEST(Load, ReportsADuplicateKey) {
  EXPECT_THAT(told(open_with("threads = 1\nthreads = 2\n")), HasSubstr("tombo.toml:3:"));
}

TEST(Load, ExplainsBracketsThatAreTooFewOrTooMany) {
  EXPECT_THAT(told(open_with("[listener]\nport = 1\n")),
              HasSubstr("[[listener]], with two pairs of brackets"));
  EXPECT_THAT(told(open_with("[[limits]]\nreceive_maximum = 1\n")), HasSubstr("may be there only once"));
  EXPECT_THAT(told(open_with("[listners]\nport = 1\n")), HasSubstr("did you mean [[listener]]?"));
}

TEST(Load, ListensOnLoopbackWhenAFileHasNoListener) {
  const Loaded loaded = load(kOpen);
  EXPECT_TRUE(loaded.ok());
  EXPECT_FALSE(loaded.listeners_given);
  ASSERT_THAT(loaded.options.listeners, SizeIs(2));
  EXPECT_EQ(loaded.options.listeners[0].address, "127.0.0.1");
  EXPECT_EQ(loaded.options.listeners[1].address, "::1");
  EXPECT_THAT(told(loaded), HasSubstr("warning: no [[listener]] is given"));
}

TEST(Load, WantsAnonymousClientsToBeAllowedExplicitly) {
  const Loaded loaded = load("");
  EXPECT_TRUE(loaded.ok());
  EXPECT_FALSE(loaded.options.allow_anonymous);
  EXPECT_THAT(told(loaded), HasSubstr("warning: nobody can connect"));
}

TEST(Load, SkipsAByteOrderMarkAndTakesWindowsLineEnds) {
  EXPECT_TRUE(load("\xEF\xBB\xBF"
                   "allow_anonymous = true\r\n[[listener]]\r\nport = 5\r\n")
                  .problems.empty());
}

TEST(Load, SaysWhyAFileCannotBeRead) {
  EXPECT_THAT(told(load_file("/nowhere/tombo.toml")),
              HasSubstr("/nowhere/tombo.toml: error: cannot read this file: No such file or directory"));
  EXPECT_THAT(told(load_file("/tmp")), HasSubstr("/tmp: error: this is a directory"));
  EXPECT_THAT(told(load_file("/dev/zero")), HasSubstr("longer than"));
}

TEST(Load, ReadsAFile) {
  char path[] = "/tmp/tombo_load_test_XXXXXX";
  const int fd = ::mkstemp(path);
  ASSERT_GE(fd, 0);
  ASSERT_EQ(::write(fd, "threads = 7\n", 12), 12);
  ::close(fd);
  EXPECT_EQ(load_file(path).options.threads, 7U);
  ::unlink(path);
}

TEST(Load, SurvivesAnyPrefixAndAnyLostByteOfAFile) {
  const std::string text = print_shipped();
  for (std::size_t i = 0; i < text.size(); i += 7) {
    load(std::string_view{text}.substr(0, i));
    std::string damaged = text;
    damaged[i] = static_cast<char>(i % 251);
    const Loaded loaded = load(damaged);
    EXPECT_LE(loaded.problems.size(), 200U);
  }
}

TEST(WithoutFile, ListensOnLoopbackAndAllowsAnonymousClients) {
  const Options options = without_file(1999);
  EXPECT_TRUE(options.allow_anonymous);
  ASSERT_THAT(options.listeners, SizeIs(2));
  EXPECT_EQ(options.listeners[0].port, 1999);
  EXPECT_EQ(options.listeners[1].port, 1999);
}

}  // namespace
}  // namespace tombo::config
