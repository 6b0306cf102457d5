#include "app/log_sinks.hpp"
#include "app/log_time.hpp"
#include "unit_app/temp_dir.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <string>

namespace tombo::app {
namespace {

using std::chrono::milliseconds;
using std::chrono::system_clock;
using ::testing::MatchesRegex;

/// Local time is as the test says.
class OwnTime : public ::testing::Test {
 protected:
  OwnTime() { zone("UTC+2"); }
  ~OwnTime() override {
    ::unsetenv("TZ");
    ::tzset();
  }
  static void zone(const char* name) {
    ::setenv("TZ", name, 1);
    ::tzset();
  }
  static std::string told(const config::Log& options, std::int64_t at_ms = 1'700'000'000'123) {
    OwnTimeForm form(options);
    std::string line;
    form.append(system_clock::time_point{milliseconds{at_ms}}, line);
    return line;
  }
  config::Log options;
};

TEST_F(OwnTime, IsLocalTimeInTheOperatorsForm) {
  options.timestamp_format = "%Y-%m-%dT%H:%M:%S";
  EXPECT_EQ(told(options), "2023-11-14T20:13:20 ");
  options.timestamp_format = "at 100%% of %s";
  EXPECT_EQ(told(options), "at 100% of 1700000000 ");
}

TEST_F(OwnTime, IsFollowedByAColonInMosquittosWording) {
  options.timestamp_format = "%H:%M:%S";
  options.wording = config::LogWording::mosquitto;
  EXPECT_EQ(told(options), "20:13:20: ");
}

TEST_F(OwnTime, IsThereOnlyWhereItIsWanted) {
  EXPECT_EQ(told(options), "");
  options.timestamp_format = "%H";
  options.timestamps = false;
  EXPECT_EQ(told(options), "");
}

TEST_F(OwnTime, BeginsNoOtherLineAndHasAnEnd) {
  options.timestamp_format = "%H%n%t\x1b";
  EXPECT_EQ(told(options), "20\\x0a\\x09\\x1b ");
  options.timestamp_format.clear();
  for (int i = 0; i < 64; ++i) options.timestamp_format += "%c";
  EXPECT_LE(told(options).size(), 4'097U);
}

TEST_F(OwnTime, GoesOnWithTheClock) {
  options.timestamp_format = "%S";
  OwnTimeForm form(options);
  std::string line;
  for (const int ms : {0, 999, 1'000, 61'500}) form.append(system_clock::time_point{milliseconds{ms}}, line);
  EXPECT_EQ(line, "00 00 01 01 ");
}

TEST_F(OwnTime, StandsInTheLogsLines) {
  const TempDir dir;
  options.to = {"file:" + dir.file("log")};
  options.timestamp_format = "[%Y]";
  {
    LogSinks sinks;
    ASSERT_EQ(sinks.configure(options), "");
    sinks.logger(log::Module::app).info("hello");
  }
  EXPECT_THAT(dir.read("log"), MatchesRegex("\\[[0-9]{4}\\] info app: hello\n"));
  options.format = config::LogFormat::json;
  {
    LogSinks sinks;
    ASSERT_EQ(sinks.configure(options), "");
    sinks.logger(log::Module::app).info("json keeps its own");
  }
  EXPECT_THAT(dir.read("log"), ::testing::HasSubstr("\n{\"time\":\"2"));
}

}  // namespace
}  // namespace tombo::app
