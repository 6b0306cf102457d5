#include "bench/coordinate/command.hpp"

#include "bench/coordinate/line_socket.hpp"
#include "bench/coordinate/merge.hpp"
#include "bench/coordinate/share.hpp"
#include "bench/coordinate/wire.hpp"
#include "bench/measure/clock_offset.hpp"
#include "unit_bench/sample_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <thread>

namespace tombo::bench::coordinate {
namespace {

using ::testing::HasSubstr;

TEST(ClockOffset, TrustsTheFastestAnswer) {
  ClockOffset offset;
  EXPECT_FALSE(offset.known());
  offset.add(1000, 51'500, 51'600, 3000);  // slow on the way there
  offset.add(5000, 55'050, 55'060, 5110);  // 100 µs in all, symmetric
  offset.add(9000, 59'900, 59'910, 10'000);
  EXPECT_EQ(offset.offset_us(), 50'000);
  EXPECT_EQ(offset.error_max_us(), 50);
  ClockOffset impossible;
  impossible.add(100, 0, 1000, 200);  // the other side had it longer than we waited
  EXPECT_FALSE(impossible.known());
}

TEST(Split, GivesEachWorkerBothEndsOfPairs) {
  Plan plan;
  plan.publishers = plan.subscribers = 10;
  plan.pace.rate = 1000;
  plan.client.connects_per_s = 90;
  const auto cut = split(plan, 3, "word");
  ASSERT_TRUE(cut.ok());
  EXPECT_FALSE(cut->by_role);
  ASSERT_EQ(cut->shares.size(), 3U);
  std::uint32_t publishers = 0, next_client = 0;
  double rate = 0;
  for (const Share& share : cut->shares) {
    EXPECT_EQ(share.publishers, share.subscribers);
    EXPECT_EQ(share.first_client, next_client) << "no client number twice";
    next_client += share.publishers + share.subscribers;
    EXPECT_EQ(share.run_word, "word");
    EXPECT_EQ(share.connects_per_s, 30);
    publishers += share.publishers;
    rate += share.rate;
  }
  EXPECT_EQ(publishers, 10U);
  EXPECT_NEAR(rate, 1000, 1e-9);
}

TEST(Split, PutsAllSubscribersOfAFanOnOneWorker) {
  Plan plan;
  plan.topology = Topology::fan_in;
  plan.publishers = 5;
  plan.subscribers = 1;
  plan.topic = "bench/%r/dev%i/x";
  const auto cut = split(plan, 3, "word");
  ASSERT_TRUE(cut.ok());
  EXPECT_TRUE(cut->by_role);
  EXPECT_EQ(cut->shares[0].topology, Topology::subscribe_only);
  EXPECT_EQ(cut->shares[0].topic, "bench/%r/+/x");
  EXPECT_EQ(cut->shares[0].ramp_down_s, plan.drain.count());
  EXPECT_EQ(cut->shares[1].publishers + cut->shares[2].publishers, 5U);
  EXPECT_NE(cut->shares[1].first_client, cut->shares[2].first_client);
  plan.topology = Topology::shared;
  EXPECT_EQ(split(plan, 2, "w")->shares[0].topic, "$share/bench/bench/%r/+/x");
}

TEST(Split, RefusesWhatCannotBeCut) {
  Plan plan;
  plan.topology = Topology::retained;
  EXPECT_THAT(split(plan, 2, "w").error(), HasSubstr("retained cannot be cut"));
  EXPECT_TRUE(split(plan, 1, "w").ok());
  plan.topology = Topology::pairs;
  plan.publishers = plan.subscribers = 1;
  EXPECT_THAT(split(plan, 2, "w").error(), HasSubstr("too few clients"));
  plan.topology = Topology::connect_only;
  EXPECT_FALSE(split(plan, 2, "w").ok());
}

TEST(Merge, AddsUpAndLaysSecondsOverEachOther) {
  const Report a = sample_report(), b = sample_report();
  Plan plan;
  plan.name = "both";
  const Report sum = merge({a, b}, plan, false);
  EXPECT_EQ(sum.plan_name, "both");
  EXPECT_EQ(sum.sent, a.sent * 2);
  EXPECT_EQ(sum.latency.count(), a.latency.count() * 2);
  EXPECT_EQ(sum.latency.percentile_ns(99), a.latency.percentile_ns(99));
  EXPECT_EQ(sum.measured_s, a.measured_s);
  ASSERT_EQ(sum.seconds.size(), a.seconds.size());
  EXPECT_EQ(sum.seconds[4].received, a.seconds[4].received * 2);
  EXPECT_EQ(sum.seconds[4].latency_p50_ns, a.seconds[4].latency_p50_ns);
  EXPECT_NEAR(sum.seconds[4].latency_mean_ns, a.seconds[4].latency_mean_ns, 1);
  EXPECT_FALSE(sum.promise_kept);
  EXPECT_EQ(sum.faults.lost, a.faults.lost * 2);
}

TEST(Merge, FindsLossesThatNoWorkerCouldSee) {
  Plan plan;
  plan.topology = Topology::fan_out;
  plan.subscribers = 10;
  plan.publish_qos = plan.subscribe_qos = mqtt::Qos::at_least_once;
  Report subscriber, publisher;
  publisher.sent_in_all = 100;
  subscriber.received_in_all = 1000;
  EXPECT_TRUE(merge({subscriber, publisher}, plan, true).promise_kept);
  subscriber.received_in_all = 999;
  const Report sum = merge({subscriber, publisher}, plan, true);
  EXPECT_EQ(sum.faults.lost, 1U);
  EXPECT_FALSE(sum.promise_kept);
  EXPECT_THAT(sum.problems.back(), HasSubstr("1 messages were sent and arrived nowhere"));
  plan.publish_qos = mqtt::Qos::at_most_once;
  EXPECT_TRUE(merge({subscriber, publisher}, plan, true).promise_kept) << "QoS 0 may lose";
}

TEST(Wire, BringsEveryMessageBack) {
  Order order{"[[run]]\n", 3, {}, -55, 1'795'000'000'000'000};
  order.share.topology = Topology::fan_in;
  order.share.topic = "a\"b";
  order.share.rate = 12.5;
  const auto read = order_in(to_line(order));
  ASSERT_TRUE(read);
  EXPECT_EQ(to_line(*read), to_line(order));
  EXPECT_EQ(read->share.topology, Topology::fan_in);
  EXPECT_EQ(hello_in(to_line(Hello{"host/1"}))->name, "host/1");
  EXPECT_EQ(clock_question_in(to_line(ClockQuestion{77}))->asked_us, 77);
  EXPECT_EQ(clock_answer_in(to_line(ClockAnswer{1, 2, 3}))->sent_us, 3);
  EXPECT_EQ(word_in(to_line(Word::end)), Word::end);
  const auto done = done_in(to_line(Done{sample_report(), {{ExitCode::refused, "no\npassword"}}}));
  ASSERT_TRUE(done);
  EXPECT_EQ(done->report.latency.count(), sample_report().latency.count());
  EXPECT_EQ(done->errors[0].text, "no?password");
  EXPECT_EQ(progress_in(progress_line("a\x1b[2J\x7F")), "a?[2J?") << "nothing that a terminal obeys";
}

TEST(Wire, ReadsNoHostileLine) {
  for (const char* line :
       {"", "{", "null", "[]", "{}", "{\"hello\":1}", "{\"hello\":{\"tool\":\"x\"}}", "{\"say\":\"rm\"}",
        "{\"clock\":[]}", "{\"run\":{}}", "{\"done\":{\"report\":\"{}\",\"errors\":[]}}", "\xFF\xFE"}) {
    EXPECT_FALSE(hello_in(line) || clock_question_in(line) || clock_answer_in(line) || order_in(line) ||
                 done_in(line) || word_in(line))
        << line;
  }
  nlohmann::json order = nlohmann::json::parse(to_line(Order{"", 0, {}, 0, 0}));
  for (const auto& [key, value] : order["run"]["share"].items()) {
    nlohmann::json bad = order;
    bad["run"]["share"][key] = value.is_number() ? nlohmann::json(-1e300) : nlohmann::json(5);
    if (key == "topology") bad["run"]["share"][key] = 99;
    if (value.is_number_integer() && key != "topology")
      continue;  // numbers are converted, ranges are the engine's to check
    EXPECT_FALSE(order_in(bad.dump())) << key;
  }
}

TEST(Address, IsHostAndPort) {
  EXPECT_EQ(address_of("a.example:1883")->host, "a.example");
  EXPECT_EQ(address_of("[::1]:80")->host, "::1");
  EXPECT_EQ(address_of(":80")->host, "");
  for (const char* wrong : {"", "host", "host:", "host:x", "::1:80", "host:123456"})
    EXPECT_FALSE(address_of(wrong)) << wrong;
}

TEST(LineSocket, HasALimitAndADeadline) {
  auto listener = Listener::open({"127.0.0.1", "0"});
  ASSERT_TRUE(listener.ok());
  auto client = LineSocket::connect_to({"127.0.0.1", std::to_string(listener->port())});
  ASSERT_TRUE(client.ok());
  auto server = listener->accept(Millis{1000});
  ASSERT_TRUE(server);
  EXPECT_EQ(server->socket.receive(Millis{10}).error(), LineSocket::Trouble::timeout);
  EXPECT_TRUE(client->send("one"));
  EXPECT_TRUE(client->send("two"));
  EXPECT_EQ(*server->socket.receive(Millis{1000}), "one");
  EXPECT_EQ(*server->socket.receive(Millis{0}), "two");
  server->socket.limit_lines(1000);
  EXPECT_TRUE(client->send(std::string(5000, 'x')));
  EXPECT_TRUE(server->socket.receive(Millis{1000}).ok()) << "a line that is there already is one";
  std::atomic<bool> stop = true;
  EXPECT_EQ(server->socket.receive(Millis{1000}, &stop).error(), LineSocket::Trouble::stopped);
  client = Failure{std::string{}};
  EXPECT_EQ(server->socket.receive(Millis{1000}).error(), LineSocket::Trouble::closed);
}

/// What a worker's engine would measure, without a broker.
struct FakeEngine {
  std::mutex mutex;
  std::vector<Plan> plans;
  RunResult run(const Plan& plan, const std::atomic<bool>&, const Observer& observer) {
    RunResult result;
    result.report = sample_report(plan.name);
    result.report.promise_kept = true;
    result.report.faults = {};
    observer(result.report.seconds[3], result.report);
    const std::lock_guard lock(mutex);
    plans.push_back(plan);
    return result;
  }
};

TEST(Coordinate, GivesTwoWorkersTheirSharesAndOneStart) {
  char pattern[] = "/tmp/tombo-bench-test-XXXXXX";
  const std::string folder = mkdtemp(pattern);
  const std::string scenario = folder + "/s.toml";
  std::ofstream(scenario) << "[[run]]\nname = \"one\"\npublishers = 4\nsubscribers = 4\nrecord = "
                             "\"/tmp/x\"\n[[run]]\nname = \"two\"\ntopology = \"fan-out\"\nqos = 1\n";
  const std::atomic<bool> stop = false;
  std::uint16_t port = 0;
  {
    auto probe = Listener::open({"127.0.0.1", "0"});
    port = probe->port();
  }
  FakeEngine engine;
  const Runner runner = [&](const Plan& plan, const std::atomic<bool>& halt, const Observer& observer) {
    return engine.run(plan, halt, observer);
  };
  const std::string address = "127.0.0.1:" + std::to_string(port);
  std::vector<int> codes(2, -1);
  std::thread first([&] { codes[0] = run_worker(address, runner, stop); });
  std::thread second([&] { codes[1] = run_worker(address, runner, stop); });
  ::testing::internal::CaptureStderr();
  Options options;
  options.listen = address;
  options.scenario_file = scenario;
  options.lead_s = 0;
  options.outputs = {.json_file = folder + "/r.json", .csv_file = "", .html_file = "", .quiet = true};
  const int code = run_coordinator(options, stop);
  first.join();
  second.join();
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(code, 1) << "the fan-out of the sample does not add up";
  EXPECT_EQ(codes, (std::vector<int>{0, 0}));
  EXPECT_THAT(said, HasSubstr("clock "));
  EXPECT_THAT(said, HasSubstr("p99"));
  ASSERT_EQ(engine.plans.size(), 4U);
  EXPECT_EQ(engine.plans[0].start_at_unix_us, engine.plans[1].start_at_unix_us);
  EXPECT_NE(engine.plans[0].first_client, engine.plans[1].first_client);
  EXPECT_FALSE(engine.plans[0].record_file);
  EXPECT_LT(std::abs(engine.plans[0].clock_offset_us), 5000) << "the same clock";
  std::ifstream file(folder + "/r.json");
  const auto json = nlohmann::json::parse(file);
  EXPECT_EQ(json["runs"][0]["totals"]["sent"], sample_report().sent * 2);
  std::filesystem::remove_all(folder);
}

TEST(Coordinate, SaysWhatIsWrong) {
  const std::atomic<bool> stop = false;
  Options options;
  options.scenario_file = "/nonexistent.toml";
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(run_coordinator(options, stop), 2);
  EXPECT_EQ(run_worker("nowhere", {}, stop), 2);
  const std::atomic<bool> stopped = true;
  EXPECT_EQ(run_worker("127.0.0.1:1", {}, stopped), 3);
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(said, HasSubstr("/nonexistent.toml: cannot be read"));
  EXPECT_THAT(said, HasSubstr("not 'nowhere'"));
  EXPECT_THAT(said, HasSubstr("no coordinator: 127.0.0.1:1: Connection refused"));
}

TEST(Coordinate, WaitsForItsWorkersOnlySoLongAndTurnsStrangersAway) {
  char pattern[] = "/tmp/tombo-bench-test-XXXXXX";
  const std::string folder = mkdtemp(pattern);
  std::ofstream(folder + "/s.toml") << "[[run]]\n";
  std::uint16_t port = Listener::open({"127.0.0.1", "0"})->port();
  std::thread stranger([&] {
    for (int i = 0; i < 50; ++i) {
      auto socket = LineSocket::connect_to({"127.0.0.1", std::to_string(port)});
      if (socket) {
        socket->send("GET / HTTP/1.1");
        return static_cast<void>(socket->receive(Millis{2000}));
      }
      std::this_thread::sleep_for(Millis{10});
    }
  });
  const std::atomic<bool> stop = false;
  Options options;
  options.listen = "127.0.0.1:" + std::to_string(port);
  options.scenario_file = folder + "/s.toml";
  options.wait_s = 0.5;
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(run_coordinator(options, stop), 3);
  stranger.join();
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(said, HasSubstr("is no worker of this version"));
  EXPECT_THAT(said, HasSubstr("only 0 of 2 workers came"));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace tombo::bench::coordinate
