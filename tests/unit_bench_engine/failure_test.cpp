#include "unit_bench_engine/arrange.hpp"

#include "bench/engine/address.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

namespace tombo::test {
namespace {

using bench::ExitCode;
using bench::RunResult;
using testing::HasSubstr;

/// A port that is taken and not listened on.
class DeadPort {
 public:
  DeadPort() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    socklen_t size = sizeof address;
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  ~DeadPort() { ::close(socket_); }
  DeadPort(const DeadPort&) = delete;
  DeadPort& operator=(const DeadPort&) = delete;
  std::uint16_t port() const { return port_; }

 private:
  int socket_;
  std::uint16_t port_ = 0;
};

void expect_no_report(const RunResult& result, ExitCode code, const char* part) {
  ASSERT_FALSE(result.errors.empty());
  EXPECT_EQ(result.errors.front().code, code);
  EXPECT_THAT(result.errors.front().text, HasSubstr(part));
  EXPECT_EQ(result.errors.front().text.find('\n'), std::string::npos);
  EXPECT_TRUE(result.report.what.empty());
}

TEST(Failure, NothingAnswers) {
  const DeadPort dead;
  const FakeBroker unused({});
  bench::Plan plan = pair_plan(unused, kQos0, 10);
  plan.target.port = dead.port();
  expect_no_report(run_plan(plan), ExitCode::unreachable, "Connection refused");
  plan.target.host = "no-such-host.invalid";
  expect_no_report(run_plan(plan), ExitCode::unreachable, "no-such-host.invalid");
}

TEST(Failure, TheBrokerHangsUp) {
  const FakeBroker broker({.hangs_up = true});
  bench::Plan plan = pair_plan(broker, kQos0, 10);
  expect_no_report(run_plan(plan), ExitCode::unreachable, "closed the connection");
  plan.target.tls.on = true;
  expect_no_report(run_plan(plan), ExitCode::tls, "TLS handshake failed");
}

TEST(Failure, ThePasswordIsRefused) {
  for (const mqtt::Version version : {mqtt::Version::v3_1_1, mqtt::Version::v5}) {
    const FakeBroker broker({.version = version, .connack = mqtt::ReasonCode::bad_user_name_or_password});
    bench::Plan plan = pair_plan(broker, kQos0, 10);
    plan.target.version = version;
    plan.client.connect_retries = 3;
    expect_no_report(run_plan(plan), ExitCode::refused, "bad user name or password");
    EXPECT_EQ(broker.connects(), 1U) << "a wrong password is not tried again";
  }
}

TEST(Failure, TheSubscriptionIsRefused) {
  const FakeBroker broker({.suback = mqtt::ReasonCode::not_authorized});
  expect_no_report(run_plan(pair_plan(broker, kQos1, 10)), ExitCode::refused, "refused the subscription to 'bench/");
}

TEST(Failure, MessagesAreTooLargeForTheBroker) {
  const FakeBroker broker({.maximum_packet_size = 60U});
  expect_no_report(run_plan(pair_plan(broker, kQos1, 10)), ExitCode::refused, "takes 60 at most");
}

TEST(Failure, MistakesInThePlan) {
  const FakeBroker broker({});
  const auto expect_mistake = [&](auto&& change, const char* part) {
    bench::Plan plan = pair_plan(broker, kQos0, 10);
    change(plan);
    expect_no_report(run_plan(plan), ExitCode::bad_options, part);
  };
  expect_mistake([](bench::Plan& p) { p.payload.size = 23; }, "24 bytes");
  expect_mistake([](bench::Plan& p) { p.publishers = 2; }, "as many publishers as subscribers");
  expect_mistake([](bench::Plan& p) { p.topic = "a/+/b"; }, "wildcard");
  expect_mistake([](bench::Plan& p) { p.target.websocket = true; }, "not built yet");
  expect_mistake([](bench::Plan& p) { p.payload.file = "/no/such/file"; }, "/no/such/file");
  expect_mistake([](bench::Plan& p) { p.target.source_addresses = {"::1"}; }, "::1");
  expect_mistake([](bench::Plan& p) { p.record_file = "/no/such/folder/x"; }, "cannot write");
  expect_mistake([](bench::Plan& p) { p.broker_pid = 4'000'001; }, "no process");
  expect_mistake(
      [](bench::Plan& p) {
        p.target.tls.on = true;
        p.target.tls.ca_file = "/no/such/ca";
      },
      "/no/such/ca");
}

TEST(Failure, TheBrokerBreaksOff) {
  const FakeBroker broker({.close_at = 400});
  bench::Plan plan = pair_plan(broker, kQos1, 1000);
  const RunResult result = run_plan(plan);
  EXPECT_EQ(first_error(result), ExitCode::broken_off);
  EXPECT_EQ(result.report.connections_lost, 1U);
  EXPECT_LT(result.report.received, 1000U);
  EXPECT_FALSE(result.report.what.empty()) << "what was measured until then is reported";
}

TEST(Reconnect, SendsAgainWhatWasNotAcknowledged) {
  // covers: 5.0 MQTT-4.4.0-1
  const FakeBroker broker({.close_at = 400});
  bench::Plan plan = pair_plan(broker, kQos1, 1000);
  plan.client.reconnect = true;
  const RunResult result = run_plan(plan);
  EXPECT_EQ(first_error(result), ExitCode::ok);
  EXPECT_EQ(result.report.reconnects, 1U);
  EXPECT_EQ(result.report.received, 1000U);
  EXPECT_EQ(result.report.acknowledged, 1000U);
  EXPECT_EQ(result.report.faults.lost, 0U);
}

TEST(Acknowledgements, ThatNeverComeAreTold) {
  const FakeBroker broker({.acknowledges = false});
  bench::Plan plan = pair_plan(broker, kQos1, 20);
  plan.drain = bench::Seconds{0.2};
  const bench::Report report = run_plan(plan).report;
  EXPECT_EQ(report.received, 20U);
  EXPECT_EQ(report.acknowledged, 0U);
  EXPECT_THAT(report.problems, testing::Contains(HasSubstr("20 messages were never acknowledged")));
}

TEST(Stop, EndsWithTheReportOfWhatWasMeasured) {
  const FakeBroker broker({});
  bench::Plan plan = pair_plan(broker, kQos0, 0);
  plan.duration = bench::Seconds{600};
  std::atomic<bool> stop{false};
  const RunResult result = bench::run(plan, stop, [&](const bench::Second&, const bench::Report&) { stop = true; });
  EXPECT_TRUE(result.report.interrupted);
  EXPECT_GT(result.report.received, 0U);
  EXPECT_GE(result.report.measured_s, 1.0);
  EXPECT_TRUE(result.report.promise_kept);
}

TEST(Connections, AreKeptAlive) {
  const FakeBroker broker({.server_keep_alive_s = std::uint16_t{1}});
  bench::Plan plan;
  plan.target.port = broker.port();
  plan.topology = bench::Topology::connect_only;
  plan.connections = 3;
  plan.duration = bench::Seconds{1.2};
  const RunResult result = run_plan(plan);
  EXPECT_EQ(first_error(result), ExitCode::ok);
  EXPECT_EQ(result.report.connects, 3U);
  EXPECT_GE(broker.pings(), 3U);
}

TEST(Connections, AreReplacedAtTheRateOfTheChurn) {
  const FakeBroker broker({});
  bench::Plan plan;
  plan.target.port = broker.port();
  plan.topology = bench::Topology::connect_only;
  plan.connections = 5;
  plan.churn_per_s = 100;
  plan.duration = bench::Seconds{0.5};
  const RunResult result = run_plan(plan);
  EXPECT_EQ(first_error(result), ExitCode::ok);
  EXPECT_GT(result.report.connects, 5U);
  EXPECT_LE(result.report.connects, 5U + 51U);
  EXPECT_EQ(result.report.connections_lost, 0U);
}

TEST(SourceAddresses, MayBeARange) {
  EXPECT_EQ(bench::engine::expand_range("127.0.0.3-5").value(),
            (std::vector<std::string>{"127.0.0.3", "127.0.0.4", "127.0.0.5"}));
  EXPECT_EQ(bench::engine::expand_range("127.0.0.1").value(), std::vector<std::string>{"127.0.0.1"});
  EXPECT_EQ(bench::engine::expand_range("my-host.example").value(), std::vector<std::string>{"my-host.example"});
  EXPECT_FALSE(bench::engine::expand_range("127.0.0.5-3"));
  EXPECT_FALSE(bench::engine::expand_range("127.0.0.5-300"));
}

}  // namespace
}  // namespace tombo::test
