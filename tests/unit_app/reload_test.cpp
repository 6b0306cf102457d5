#include "app/reload.hpp"

#include "app/options_from.hpp"
#include "unit_app/temp_dir.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tombo::app {
namespace {

using ::testing::HasSubstr;
using ::testing::IsNull;
using ::testing::NotNull;

class Lines final : public log::Sink {
 public:
  void write(log::Module, log::Level level, std::string_view line) override {
    text += std::string{name_of(level)} + " " + std::string{line} + "\n";
  }
  std::string text;
};

class Reload : public ::testing::Test {
 protected:
  static constexpr const char* kBase = "allow_anonymous = true\n[[listener]]\nport = 1900\n";

  Reload() {
    cli_.file = dir_.write("t.toml", kBase);
    running_ = options_from(cli_).options;
  }
  auto after(const std::string& text) {
    dir_.write("t.toml", text);
    outcome_ = {};
    return reloaded(cli_, running_, {lines_, levels_, log::Module::app}, outcome_);
  }

  TempDir dir_;
  Cli cli_;
  config::Options running_;
  Lines lines_;
  control::Reloaded outcome_;
  log::Logger::Levels levels_;
};

TEST_F(Reload, ChangesNothingWhenTheFileIsTheSame) {
  EXPECT_THAT(after(kBase), IsNull());
  EXPECT_THAT(lines_.text, HasSubstr("changed=0 need_restart=0"));
}

TEST_F(Reload, TakesOverWhatItCanAndNamesTheRest) {
  const auto next = after("threads = 2\n" + std::string{kBase} + "[sys]\ninterval_s = 77\n");
  ASSERT_THAT(next, NotNull());
  EXPECT_EQ(next->sys.interval_s, 77U);
  EXPECT_EQ(next->threads, 0U);
  EXPECT_THAT(lines_.text, HasSubstr("info sys.interval_s changed from=10 to=77\n"));
  EXPECT_THAT(lines_.text, HasSubstr("warning threads needs a restart to change from=0 to=2\n"));
  EXPECT_THAT(lines_.text, HasSubstr("changed=1 need_restart=1"));
  EXPECT_TRUE(outcome_.good);
  EXPECT_THAT(outcome_.changed, ::testing::ElementsAre("sys.interval_s"));
  EXPECT_THAT(outcome_.need_restart, ::testing::ElementsAre("threads"));
}

TEST_F(Reload, SaysAgainWhatStillNeedsARestart) {
  EXPECT_THAT(after("threads = 2\n" + std::string{kBase}), IsNull());
  lines_.text.clear();
  EXPECT_THAT(after("threads = 2\n" + std::string{kBase}), IsNull());
  EXPECT_THAT(lines_.text, HasSubstr("threads needs a restart"));
}

TEST_F(Reload, KeepsTheOldOptionsWhenTheFileHasMistakes) {
  EXPECT_THAT(after("[sys]\ninterval = 1\n[log]\nlevel = 5\n"), IsNull());
  EXPECT_THAT(lines_.text,
              HasSubstr("t.toml:2:1: unknown key 'interval' in [sys]; did you mean 'interval_s'?"));
  EXPECT_THAT(lines_.text, HasSubstr("t.toml:4:9: "));
  EXPECT_FALSE(outcome_.good);
  EXPECT_THAT(outcome_.problem, HasSubstr("t.toml:2:1: unknown key"));
  EXPECT_THAT(lines_.text, HasSubstr("error configuration not reloaded, the old one stays in force"));
}

TEST_F(Reload, SaysThatThereIsNothingToReloadWithoutAFile) {
  cli_.file.clear();
  EXPECT_THAT(after(kBase), IsNull());
  EXPECT_THAT(lines_.text, HasSubstr("nothing to reload"));
}

}  // namespace
}  // namespace tombo::app
