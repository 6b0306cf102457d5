#include "app/log_lines.hpp"
#include "app/log_sinks.hpp"
#include "unit_app/temp_dir.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <syslog.h>
#include <unistd.h>
#include <string>

namespace tombo::app {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

LogEvent event(std::string_view message) {
  return {std::chrono::system_clock::time_point{std::chrono::milliseconds{1'700'000'000'123}},
          log::Level::warning, "net", message};
}

TEST(LogLine, HasTimeLevelModuleAndMessage) {
  EXPECT_EQ(text_line(event("client a connected keepalive=60s"), true),
            "2023-11-14T22:13:20.123Z warning net: client a connected keepalive=60s\n");
  EXPECT_EQ(text_line(event("x"), false), "warning net: x\n");
}

TEST(LogLine, WritesOutWhatWouldBeginAnotherLineOrSteerATerminal) {
  EXPECT_EQ(text_line(event("a\nb\r\x1b[31m\x7f"), false), "warning net: a\\x0ab\\x0d\\x1b[31m\\x7f\n");
}

TEST(LogLine, IsAnObjectInJson) {
  EXPECT_EQ(json_line(event("say \"hi\" \\ \n\xC3\xA9")),
            "{\"time\":\"2023-11-14T22:13:20.123Z\",\"level\":\"warning\",\"module\":\"net\","
            "\"message\":\"say \\\"hi\\\" \\\\ \\u000a\xC3\xA9\"}\n");
}

TEST(LogLine, HasAPriorityForSyslog) {
  EXPECT_EQ(priority_of(log::Type::error), LOG_ERR);
  EXPECT_EQ(priority_of(log::Type::warning), LOG_WARNING);
  EXPECT_EQ(priority_of(log::Type::notice), LOG_NOTICE);
  EXPECT_EQ(priority_of(log::Type::information), LOG_INFO);
  EXPECT_EQ(priority_of(log::Type::subscribe), LOG_DEBUG);
}

TEST(LogLine, BeginsWithSecondsInMosquittosWording) {
  LogEvent told = event("Client x closed its connection.");
  told.type = log::Type::notice;
  EXPECT_EQ(mosquitto_line(told, true), "1700000000: Client x closed its connection.\n");
  EXPECT_EQ(mosquitto_line(told, false), "Client x closed its connection.\n");
}

// Its own lines say what they are; ours leave that to the level.
TEST(LogLine, SaysInMosquittosWordingWhichOfOurLinesAreWarnings) {
  LogEvent told = event("the disk is slow\nvery");
  told.type = log::Type::warning;
  EXPECT_EQ(mosquitto_line(told, false), "Warning: the disk is slow\\x0avery\n");
  told.type = log::Type::error;
  EXPECT_EQ(mosquitto_line(told, false), "Error: the disk is slow\\x0avery\n");
  LogEvent theirs = event("Client x already connected, closing old connection.");
  theirs.type = log::Type::error;
  EXPECT_EQ(mosquitto_line(theirs, false), "Client x already connected, closing old connection.\n");
}

TEST(LogTopic, IsNamedByTheTypeOfTheLine) {
  EXPECT_EQ(log_topic_of(log::Type::notice), "$SYS/broker/log/N");
  EXPECT_EQ(log_topic_of(log::Type::debug), "$SYS/broker/log/D");
  EXPECT_EQ(log_topic_of(log::Type::error), "$SYS/broker/log/E");
  EXPECT_EQ(log_topic_of(log::Type::warning), "$SYS/broker/log/W");
  EXPECT_EQ(log_topic_of(log::Type::information), "$SYS/broker/log/I");
  EXPECT_EQ(log_topic_of(log::Type::subscribe), "$SYS/broker/log/M/subscribe");
  EXPECT_EQ(log_topic_of(log::Type::unsubscribe), "$SYS/broker/log/M/unsubscribe");
}

config::Log to_file(const std::string& path) {
  config::Log options;
  options.to = {"file:" + path};
  options.timestamps = false;
  return options;
}

TEST(LogSinks, WriteEachEventToEveryDestination) {
  const TempDir dir;
  {
    config::Log options = to_file(dir.file("a"));
    options.to.push_back("file:" + dir.file("b"));
    LogSinks sinks;
    ASSERT_EQ(sinks.configure(options), "");
    sinks.logger(log::Module::net).info("one n={}", 1);
    sinks.logger(log::Module::app).error("two");
    sinks.logger(log::Module::app).debug("not seen");
  }
  EXPECT_EQ(dir.read("a"), "info net: one n=1\nerror app: two\n");
  EXPECT_EQ(dir.read("b"), dir.read("a"));
}

TEST(LogSinks, SetLevelsPerModule) {
  config::Log options;
  options.level = "error";
  options.modules = {"net=debug"};
  LogSinks sinks;
  set_levels(sinks.levels(), options);
  EXPECT_TRUE(sinks.logger(log::Module::net).enabled(log::Level::debug));
  EXPECT_FALSE(sinks.logger(log::Module::net).enabled(log::Level::trace));
  EXPECT_FALSE(sinks.logger(log::Module::broker).enabled(log::Level::warning));
  EXPECT_TRUE(sinks.logger(log::Module::broker).enabled(log::Level::error));
  options.level = "off";
  options.modules.clear();
  set_levels(sinks.levels(), options);
  EXPECT_FALSE(sinks.logger(log::Module::net).enabled(log::Level::error));
}

TEST(LogSinks, WriteTheTypesThatAreNamedWhateverTheLevel) {
  const TempDir dir;
  {
    config::Log options = to_file(dir.file("log"));
    options.level = "error";
    options.types = {"warning", "subscribe"};
    LogSinks sinks;
    ASSERT_EQ(sinks.configure(options), "");
    set_levels(sinks.levels(), options);
    const log::Logger logger = sinks.logger(log::Module::broker);
    logger.error("an error");
    logger.warning("a warning");
    logger.info("information");
    logger.debug("for us");
    logger.of_type(log::Type::notice, "a notice");
    logger.of_type(log::Type::subscribe, "c {} t", 1);
    logger.of_type(log::Type::unsubscribe, "c t");
  }
  EXPECT_EQ(dir.read("log"), "warning broker: a warning\ndebug broker: c 1 t\n");
}

TEST(LogSinks, WriteNoticesAtTheLevelInfo) {
  const TempDir dir;
  {
    config::Log options = to_file(dir.file("log"));
    LogSinks sinks;
    ASSERT_EQ(sinks.configure(options), "");
    set_levels(sinks.levels(), options);
    sinks.logger(log::Module::broker).of_type(log::Type::notice, "a notice");
    sinks.logger(log::Module::broker).of_type(log::Type::subscribe, "c t");
    options.types = {"all"};
    set_levels(sinks.levels(), options);
    sinks.logger(log::Module::broker).of_type(log::Type::subscribe, "c t");
  }
  EXPECT_EQ(dir.read("log"), "info broker: a notice\ndebug broker: c t\n");
}

TEST(LogSinks, OpenFilesAnewAfterARotation) {
  const TempDir dir;
  {
    LogSinks sinks;
    ASSERT_EQ(sinks.configure(to_file(dir.file("log"))), "");
    std::filesystem::rename(dir.file("log"), dir.file("log.1"));
    ASSERT_EQ(sinks.reopen(), "");
    sinks.logger(log::Module::app).info("after");
  }
  EXPECT_EQ(dir.read("log"), "info app: after\n");
  EXPECT_EQ(dir.read("log.1"), "");
}

TEST(LogSinks, KeepWhatTheyHaveWhenAFileCannotBeOpened) {
  const TempDir dir;
  {
    LogSinks sinks;
    ASSERT_EQ(sinks.configure(to_file(dir.file("log"))), "");
    EXPECT_THAT(sinks.configure(to_file("/nowhere/at/all")),
                HasSubstr("cannot open log file /nowhere/at/all"));
    sinks.logger(log::Module::app).info("still here");
  }
  EXPECT_EQ(dir.read("log"), "info app: still here\n");
}

TEST(LogSinks, ChangeTheirFormatWhileTheyRun) {
  const TempDir dir;
  {
    config::Log options = to_file(dir.file("log"));
    LogSinks sinks;
    ASSERT_EQ(sinks.configure(options), "");
    sinks.logger(log::Module::app).info("text");
    options.format = config::LogFormat::json;
    ASSERT_EQ(sinks.configure(options), "");
    sinks.logger(log::Module::app).info("json");
  }
  EXPECT_THAT(dir.read("log"), ::testing::StartsWith("info app: text\n{\"time\":\""));
}

TEST(LogSinks, DropTheOldestLinesAndCountThemWhenNobodyReads) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const int saved = ::dup(STDOUT_FILENO);
  ::dup2(ends[1], STDOUT_FILENO);  // the pipe fills up: nobody reads it
  const auto begin = std::chrono::steady_clock::now();
  std::uint64_t dropped = 0;
  {
    LogSinks sinks;
    const std::string why_not = sinks.configure(config::Log{});
    const std::string long_text(200, 'x');
    for (int i = 0; i < 10'000; ++i) sinks.logger(log::Module::app).info("{} {}", i, long_text);
    dropped = sinks.dropped();
  }
  ::dup2(saved, STDOUT_FILENO);
  ::close(saved);
  ::close(ends[0]);
  ::close(ends[1]);
  // The pipe takes 64 KiB, which is some 300 lines; the queue holds the last 2048.
  EXPECT_GT(dropped, 7'000U);
  EXPECT_LT(dropped, 8'000U);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds{10});
}

}  // namespace
}  // namespace tombo::app
