#include "bench/compare/command.hpp"
#include "bench/compare/table.hpp"
#include "unit_bench/sample_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <signal.h>
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

namespace tombo::bench::compare {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Answers a CONNECT on {port} and stays, until SIGTERM; with a child of its own.
constexpr const char* kFakeBroker = R"(/usr/bin/python3 -c "
import socket, subprocess
child = subprocess.Popen(['sleep', '60'])
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(('127.0.0.1', {port})); s.listen()
while True:
    c, _ = s.accept(); c.recv(100); c.send(b'\\x20\\x02\\x00\\x00'); c.close()
")";

class Folder {
 public:
  Folder() {
    char pattern[] = "/tmp/tombo-bench-test-XXXXXX";
    path_ = mkdtemp(pattern);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ + "/" + name) << text;
    return path_ + "/" + name;
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::string contents(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Words, AreCutAsAShellCutsThem) {
  EXPECT_THAT(*words_of("a  b 'c d' \"e f\"g h\\ i ''"), ElementsAre("a", "b", "c d", "e fg", "h i", ""));
  EXPECT_THAT(*words_of(R"(x "a\"b" 'a\b')"), ElementsAre("x", "a\"b", "a\\b"));
  EXPECT_FALSE(words_of("a 'b").ok());
  EXPECT_FALSE(words_of("   ").ok());
}

TEST(Median, IsTheMiddle) {
  EXPECT_EQ(median_of({}), 0);
  EXPECT_EQ(median_of({3, 1, 2}), 2);
  EXPECT_EQ(median_of({4, 1, 2, 3}), 2.5);
  EXPECT_EQ(ratio_text(0.68), "0.68");
  EXPECT_EQ(ratio_text(0.02), "1/50.0");
  EXPECT_EQ(ratio_text(56.71), "56.7");
  EXPECT_EQ(ratio_text(0), "");
}

TEST(MarkdownTable, HasMediansAndRatiosToTheFirst) {
  Figures figures;
  for (const double value : {100.0, 300.0, 200.0}) figures.add("a", "messages a second", Unit::per_s, value);
  figures.add("b", "messages a second", Unit::per_s, 400);
  figures.add("a", "CPU", Unit::us, 0.5);
  const std::string table = markdown_table({"a", "b", "c"}, {{"x|y", "", figures}});
  EXPECT_EQ(table,
            "| scenario | figure | a | b | c | a / b | a / c |\n|---|---|--:|--:|--:|--:|--:|\n"
            "| x\\|y | messages a second | 200/s | 400/s | – | 0.50 |  |\n"
            "|  | CPU | 0.500 µs | – | – |  |  |\n");
}

TEST(BrokerProcess, StartsWaitsAndEndsWithAllItStarted) {
  const std::atomic<bool> stop = false;
  std::vector<Descendant> children;
  pid_t pid = 0;
  {
    auto broker = BrokerProcess::start({"fake", kFakeBroker}, {}, true, stop);
    ASSERT_TRUE(broker.ok()) << broker.error();
    pid = (*broker)->pid();
    children = descendants_of(pid);
    EXPECT_EQ(children.size(), 1U);
    const TreeUse use = use_of_tree(pid);
    EXPECT_EQ(use.processes, 2U);
    EXPECT_GT(use.rss_bytes, 1'000'000U);
    EXPECT_GT(use.cpu_s, 0);
  }
  EXPECT_EQ(kill(pid, 0), -1);
  for (int i = 0; i < 100 && is_alive(children.front()); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_FALSE(is_alive(children.front()));
}

TEST(BrokerProcess, SaysWhyItDidNotStart) {
  const std::atomic<bool> stop = false;
  EXPECT_THAT(BrokerProcess::start({"none", "/nonexistent/broker"}, {}, true, stop).error(),
              HasSubstr("broker none: it ended at once"));
  EXPECT_THAT(BrokerProcess::start({"loud", "sh -c 'echo no licence; exit 1'"}, {}, true, stop).error(),
              HasSubstr("no licence"));
  EXPECT_THAT(BrokerProcess::start({"open", "sh -c 'a"}, {}, true, stop).error(), HasSubstr("has no end"));
  const std::atomic<bool> stopped = true;
  EXPECT_THAT(BrokerProcess::start({"slow", "sleep 60"}, {}, true, stopped).error(), HasSubstr("interrupted"));
}

TEST(BrokerProcess, FillsItsTemplates) {
  const std::atomic<bool> stop = false;
  const auto failed = BrokerProcess::start({"shown", "cat {conf}"}, {{"conf", "port={port} dir={dir}\n"}}, true, stop);
  EXPECT_THAT(failed.error(), ::testing::ContainsRegex("port=[0-9]+ dir=/tmp/tombo-bench-"));
}

TEST(Compare, TakesTheBrokersInTurnAndWritesOneTable) {
  const Folder folder;
  Options options;
  options.brokers = {std::string{"A="} + kFakeBroker, std::string{"B="} + kFakeBroker};
  options.scenario_file = folder.write("s.toml", "[[run]]\nname = \"one\"\n[[run]]\nname = \"two\"\n");
  options.rounds = 2;
  options.markdown_file = folder.path() + "/table.md";
  options.outputs.quiet = true;
  std::vector<std::string> order;
  std::vector<std::uint16_t> ports;
  const std::atomic<bool> stop = false;
  const Runner run = [&](const Plan& plan, const std::atomic<bool>&, const Observer&) {
    order.push_back(plan.name);
    ports.push_back(plan.target.port);
    EXPECT_EQ(kill(plan.broker_pid, 0), 0);
    RunResult result{sample_report(plan.name), {}};
    result.report.promise_kept = true;
    result.report.received = order.size() % 2 == 1 ? 2'000'000 : 1'000'000;
    return result;
  };
  EXPECT_EQ(run_compare(options, run, stop), 0);
  EXPECT_THAT(order, ElementsAre("one", "one", "one", "one", "two", "two", "two", "two"));
  std::ranges::sort(ports);
  EXPECT_EQ(std::unique(ports.begin(), ports.end()), ports.end()) << "a port of its own for each";
  const std::string table = contents(options.markdown_file);
  EXPECT_THAT(table, HasSubstr("| scenario | figure | A | B | A / B |"));
  EXPECT_THAT(table, HasSubstr("| one | messages a second | 200,000/s | 100,000/s | 2.00 |"));
  EXPECT_THAT(table, HasSubstr("Other processes used"));
}

TEST(Compare, NamesWhatIsWrong) {
  const Folder folder;
  const std::atomic<bool> stop = false;
  const Runner never = [](const Plan&, const std::atomic<bool>&, const Observer&) -> RunResult {
    ADD_FAILURE() << "nothing to run";
    return {};
  };
  const std::string scenario = folder.write("s.toml", "[[run]]\nname = \"one\"\n");
  const auto told = [&](const Options& options, int code) {
    ::testing::internal::CaptureStderr();
    ::testing::internal::CaptureStdout();
    EXPECT_EQ(run_compare(options, never, stop), code);
    return ::testing::internal::GetCapturedStderr() + ::testing::internal::GetCapturedStdout();
  };
  const auto with = [&](std::vector<std::string> brokers) {
    Options options;
    options.brokers = std::move(brokers);
    options.scenario_file = scenario;
    options.rounds = 1;
    return options;
  };
  EXPECT_THAT(told(with({}), 2), HasSubstr("at least one broker"));
  EXPECT_THAT(told(with({"tombo"}), 2), HasSubstr("NAME=COMMAND, not 'tombo'"));
  EXPECT_THAT(told(with({"a=x", "a=y"}), 2), HasSubstr("two brokers are called a"));
  EXPECT_THAT(told(with({"a='x"}), 2), HasSubstr("has no end"));
  Options options = with({"a=true"});
  options.only = {"three"};
  EXPECT_THAT(told(options, 2), HasSubstr("has no run 'three'"));
  options.only.clear();
  options.templates = {"t=/nonexistent"};
  EXPECT_THAT(told(options, 2), HasSubstr("cannot read /nonexistent"));
  options.templates.clear();
  EXPECT_THAT(told(options, 3), HasSubstr("**FAILED** one, round 1: broker a: it ended at once"));
  options.scenario_file = folder.write("bad.toml", "[[run]]\nnmae = \"x\"\n");
  EXPECT_THAT(told(options, 2), HasSubstr("bad.toml:2:1: unknown option 'nmae'; did you mean 'name'?"));
}

}  // namespace
}  // namespace tombo::bench::compare
