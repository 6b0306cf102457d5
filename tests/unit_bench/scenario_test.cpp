#include "bench/plan/scenario.hpp"

#include "bench/plan/option.hpp"
#include "bench/plan/values.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

namespace tombo::bench {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

std::vector<std::string> problems_of(std::string_view text) {
  std::vector<std::string> texts;
  for (const Problem& problem : parse_scenario(text, "s.toml").problems) texts.push_back(to_text(problem));
  return texts;
}

TEST(Scenario, TakesDefaultsAndRuns) {
  const auto scenario = parse_scenario(R"(
[defaults]
host = "broker"
qos = 1
duration = "500ms"
[[run]]
name = "first"
topology = "fan-in"
publish_qos = 2
publishers = 50
size = "16KiB"
[[run]]
duration = 3
rate = 5000.5
retain = true
source-address = ["127.0.0.2", "127.0.0.3"]
version = 3.2
)",
                                       "s.toml");
  EXPECT_THAT(scenario.problems, SizeIs(1)) << "3.2 is no version";
  ASSERT_THAT(scenario.plans, SizeIs(2));
  const Plan& first = scenario.plans[0];
  EXPECT_EQ(first.name, "first");
  EXPECT_EQ(first.target.host, "broker");
  EXPECT_EQ(first.topology, Topology::fan_in);
  EXPECT_EQ(first.publish_qos, mqtt::Qos::exactly_once);
  EXPECT_EQ(first.subscribe_qos, mqtt::Qos::at_least_once);
  EXPECT_EQ(first.payload.size, 16384U);
  EXPECT_DOUBLE_EQ(first.duration.count(), 0.5);
  const Plan& second = scenario.plans[1];
  EXPECT_EQ(second.name, "run 2");
  EXPECT_EQ(second.duration.count(), 3);
  EXPECT_EQ(second.pace.rate, 5000.5);
  EXPECT_TRUE(second.retain);
  EXPECT_THAT(second.target.source_addresses, ElementsAre("127.0.0.2", "127.0.0.3"));
}

TEST(Scenario, ShowsEveryProblemWithItsPlace) {
  EXPECT_THAT(
      problems_of(R"([default]
x = 1
[defaults]
prot = 1883
port = 70000
[[run]]
topology = "fan"
tls = 5
topic = 7
publishers = "many"
  size = 3
drain = -1
)"),
      ElementsAre("s.toml:1:2: nothing called 'default' stands here; did you mean [defaults]?",
                  "s.toml:4:1: unknown option 'prot'; did you mean 'port'?",
                  "s.toml:5:8: port must be a whole number between 1 and 65535, not '70000'",
                  HasSubstr("s.toml:7:12: topology "), "s.toml:8:7: tls must be true or false",
                  "s.toml:9:9: topic must be a text in quotes",
                  "s.toml:10:14: publishers must be a whole number between 0 and 1000000, not 'many'",
                  HasSubstr("s.toml:11:10: size must be between 24"), HasSubstr("s.toml:12:9: drain must be a time")));
}

TEST(Scenario, SaysWhatIsMissing) {
  EXPECT_THAT(problems_of(""), ElementsAre("s.toml: no run: each begins with a line [[run]]"));
  EXPECT_THAT(problems_of("[run]\n"), ElementsAre(HasSubstr("a run is written [[run]]")));
  EXPECT_THAT(problems_of("defaults = 1\n[[run]]\n"), ElementsAre(HasSubstr("the defaults are a table")));
  EXPECT_THAT(problems_of("qos = 1\n[[run]]\n"), ElementsAre(HasSubstr("put it into [defaults]")));
  EXPECT_THAT(problems_of("[[run]\n"), ElementsAre(HasSubstr("s.toml:1:7: this is no valid TOML")));
  const auto missing = load_scenario("/nonexistent/s.toml");
  ASSERT_THAT(missing.problems, SizeIs(1));
  EXPECT_EQ(to_text(missing.problems[0]), "/nonexistent/s.toml: cannot be read: No such file or directory");
  EXPECT_FALSE(load_scenario("/tmp").ok()) << "a folder";
}

TEST(Scenario, ReadsEveryFileThatTheProjectShips) {
  const std::filesystem::path folder{TOMBO_SCENARIOS};
  std::size_t files = 0, runs_of_all = 0;
  std::set<std::string> alone;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const auto scenario = load_scenario(entry.path().string());
    for (const Problem& problem : scenario.problems) ADD_FAILURE() << to_text(problem);
    if (entry.path().filename() == "all.toml") {
      runs_of_all = scenario.plans.size();
    } else {
      for (const Plan& plan : scenario.plans) alone.insert(plan.name);
    }
    ++files;
  }
  EXPECT_GE(files, 16U);
  EXPECT_EQ(alone.size(), runs_of_all) << "each load stands in all.toml and in a file of its own";
}

TEST(PlanOptions, HaveNamesOfTheirOwnAndExplainThemselves) {
  std::set<std::string_view> names;
  for (const PlanOption& option : plan_options()) {
    EXPECT_TRUE(names.insert(option.name).second) << option.name;
    EXPECT_TRUE(option.what.ends_with('.')) << option.name;
    EXPECT_EQ(option.value.empty(), option.kind == PlanOption::Kind::flag) << option.name;
    EXPECT_EQ(find_option(option.name), &option);
  }
  EXPECT_EQ(find_option("ramp_up"), find_option("ramp-up"));
  EXPECT_EQ(find_option("nothing"), nullptr);
}

TEST(PlanOptions, StandInTheDocumentation) {
  std::ifstream file(std::filesystem::path{TOMBO_SCENARIOS} / "../../../docs/benchmarking.md");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  for (const PlanOption& option : plan_options()) {
    EXPECT_THAT(text, HasSubstr("| `" + std::string{option.name} + "` | "));
    EXPECT_THAT(text, HasSubstr(std::string{option.what})) << option.name;
  }
}

TEST(PlanOptions, RefuseWhatTheyCannotTakeAndLeaveThePlan) {
  for (const PlanOption& option : plan_options()) {
    if (option.kind == PlanOption::Kind::text && option.name != "topology") continue;
    Plan plan;
    EXPECT_TRUE(option.set(plan, "nonsense")) << option.name;
    EXPECT_TRUE(option.set(plan, "-1")) << option.name;
  }
}

TEST(Values, ReadUnits) {
  EXPECT_EQ(seconds_of("2m"), 120);
  EXPECT_EQ(seconds_of("500ms"), 0.5);
  EXPECT_EQ(seconds_of("1.5"), 1.5);
  EXPECT_EQ(seconds_of("250us"), 250e-6);
  EXPECT_FALSE(seconds_of("ms"));
  EXPECT_FALSE(seconds_of("inf"));
  EXPECT_EQ(bytes_of_text("16KiB"), 16384U);
  EXPECT_FALSE(bytes_of_text("99999999999999999999"));
  EXPECT_FALSE(bytes_of_text("18446744073709551615KiB"));
  EXPECT_EQ(flag_of("no"), false);
  EXPECT_FALSE(flag_of("maybe"));
}

}  // namespace
}  // namespace tombo::bench
