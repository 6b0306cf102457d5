#include "bench/loader/console.hpp"

#include "bench/loader/command.hpp"
#include "bench/loader/ntp.hpp"
#include "unit_bench/sample_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <numeric>
#include <regex>
#include <sstream>
#include <thread>

namespace tombo::bench::loader {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// What a script that evaluates MQTTLoader's output would read: block, label, value.
std::map<std::string, std::map<std::string, std::string>> parsed(const std::string& text) {
  std::map<std::string, std::map<std::string, std::string>> blocks;
  std::istringstream lines(text);
  std::string block;
  const std::regex title("-----(\\w+)-----"), label("([^:]+): (.*)");
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (std::regex_match(line, match, title)) {
      block = match[1];
    } else if (std::regex_match(line, match, label)) {
      blocks[block][match[1]] = match[2];
    }
  }
  return blocks;
}

std::uint64_t sum_of(std::string series) {
  std::ranges::replace(series, ',', ' ');
  std::istringstream numbers(series);
  std::uint64_t sum = 0;
  for (std::uint64_t number = 0; numbers >> number;) sum += number;
  return sum;
}

Report report_with(const std::vector<std::uint64_t>& per_second) {
  Report report;
  for (const std::uint64_t count : per_second) {
    Second second;
    second.sent = second.acknowledged = second.received = count;
    second.latency_mean_ns = 1e6 * static_cast<double>(report.seconds.size());
    second.latency_max_ns = static_cast<std::int64_t>(5e6 * static_cast<double>(report.seconds.size()));
    report.seconds.push_back(second);
  }
  return report;
}

TEST(LoaderSummary, ParsesBackAndTheSeriesSumsUpToTheTotal) {
  for (const auto& [up, down] : {std::pair{0U, 0U}, {1U, 0U}, {2U, 3U}}) {
    Config config;
    config.ramp_up = up;
    config.ramp_down = down;
    const auto blocks = parsed(summary(sample_report(), config));
    ASSERT_EQ(blocks.size(), 2U);
    const auto& publisher = blocks.at("Publisher");
    const auto& subscriber = blocks.at("Subscriber");
    EXPECT_EQ(publisher.size(), 4U);
    EXPECT_EQ(subscriber.size(), 6U);
    EXPECT_EQ(sum_of(publisher.at("Per second throughput [msg/s]")),
              std::stoull(publisher.at("Number of published messages")));
    EXPECT_EQ(sum_of(subscriber.at("Per second throughput [msg/s]")),
              std::stoull(subscriber.at("Number of received messages")));
    EXPECT_GE(std::stod(publisher.at("Maximum throughput [msg/s]")),
              std::stod(publisher.at("Average throughput [msg/s]")));
    EXPECT_THAT(publisher.at("Average throughput [msg/s]"), ::testing::MatchesRegex("[0-9]+\\.[0-9][0-9][0-9]"));
    EXPECT_GE(std::stod(subscriber.at("Maximum latency [ms]")), std::stod(subscriber.at("Average latency [ms]")));
    EXPECT_GE(std::stod(subscriber.at("Average latency [ms]")), 0);
  }
}

TEST(LoaderSummary, CutsSilenceAndRamps) {
  Config config;
  const Report report = report_with({0, 0, 10, 20, 0, 40, 50, 0, 0});
  EXPECT_THAT(published(report, config).per_second, ElementsAre(10, 20, 0, 40, 50));
  config.ramp_up = 1;
  config.ramp_down = 1;
  const Series series = received(report, config);
  EXPECT_THAT(series.per_second, ElementsAre(20, 0, 40));
  EXPECT_EQ(series.total, 60U);
  EXPECT_DOUBLE_EQ(series.latency_mean_ns, (20 * 3e6 + 40 * 5e6) / 60);
  EXPECT_EQ(series.latency_max_ns, 25'000'000);
  config.ramp_up = 9;
  EXPECT_THAT(received(report, config).per_second, ElementsAre());
  config.ramp_down = 100;
  EXPECT_THAT(summary(report, config), HasSubstr("Average throughput [msg/s]: 0.000"));
}

TEST(LoaderSummary, LeavesOutASideThatTheRunHasNot) {
  Config config;
  config.num_subscribers = 0;
  EXPECT_EQ(parsed(summary(sample_report(), config)).count("Subscriber"), 0U);
  config.num_subscribers = 1;
  config.num_publishers = 0;
  EXPECT_EQ(parsed(summary(sample_report(), config)).count("Publisher"), 0U);
}

TEST(LoaderSummary, CountsAtTheAcknowledgementAboveQos0) {
  Config config;
  Report report = report_with({10});
  report.seconds[0].acknowledged = 7;
  EXPECT_EQ(published(report, config).total, 10U);
  config.qos_publisher = 1;
  EXPECT_EQ(published(report, config).total, 7U);
}

TEST(LoaderNames, AreMqttLoaders) {
  EXPECT_THAT(record_name(1'795'000'000'123'456), ::testing::MatchesRegex("mqttloader_20[0-9]+-[0-9]+\\.csv"));
  EXPECT_EQ(record_name(1'795'000'000'123'456).size(), std::string_view{"mqttloader_yyyyMMdd-HHmmss.csv"}.size());
  EXPECT_THAT(log_line(1'795'000'000'023'456, "INFO", "text"),
              ::testing::MatchesRegex("20..-..-.. ..:..:..\\.023 \\[INFO\\] text"));
}

/// Answers one datagram at a time as an NTP server whose clock is ahead.
class FakeNtp {
 public:
  explicit FakeNtp(std::int64_t ahead_us, bool honest = true) : ahead_us_(ahead_us), honest_(honest) {
    fd_ = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bind(fd_, reinterpret_cast<sockaddr*>(&address_), sizeof address_);
    socklen_t size = sizeof address_;
    getsockname(fd_, reinterpret_cast<sockaddr*>(&address_), &size);
    thread_ = std::thread([this] { serve(); });
  }
  ~FakeNtp() {
    const std::uint8_t end = 0;
    sendto(fd_, &end, 1, 0, reinterpret_cast<sockaddr*>(&address_), sizeof address_);
    thread_.join();
    close(fd_);
  }
  std::string name() const { return "127.0.0.1:" + std::to_string(ntohs(address_.sin_port)); }

 private:
  void serve() {
    std::array<std::uint8_t, 48> packet{};
    sockaddr_in from{};
    socklen_t size = sizeof from;
    while (recvfrom(fd_, packet.data(), packet.size(), 0, reinterpret_cast<sockaddr*>(&from), &size) > 1) {
      const auto now =
          std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
              .count() +
          ahead_us_;
      const std::uint64_t ntp = (static_cast<std::uint64_t>(now / 1'000'000 + 2'208'988'800) << 32) |
                                ((static_cast<std::uint64_t>(now % 1'000'000) << 32) / 1'000'000);
      packet[0] = 0x24;
      packet[1] = 1;
      for (std::size_t i = 0; i < 8; ++i) {
        packet[24 + i] = honest_ ? packet[40 + i] : std::uint8_t{1};
        packet[32 + i] = packet[40 + i] = static_cast<std::uint8_t>(ntp >> (56 - 8 * i));
      }
      sendto(fd_, packet.data(), packet.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
    }
  }

  std::int64_t ahead_us_;
  bool honest_;
  int fd_ = -1;
  sockaddr_in address_{};
  std::thread thread_;
};

TEST(Ntp, FindsTheOffsetOfAServer) {
  const FakeNtp server(1'234'000);
  const auto offset = ntp_offset_us(server.name());
  ASSERT_TRUE(offset.ok());
  EXPECT_NEAR(static_cast<double>(*offset), 1'234'000, 20'000);
}

TEST(Ntp, TrustsNoAnswerThatIsNotToOurQuestion) {
  const FakeNtp server(5'000'000, false);
  const auto offset = ntp_offset_us(server.name());
  ASSERT_FALSE(offset.ok());
  EXPECT_THAT(offset.error(), HasSubstr("does not answer"));
}

TEST(LoaderCommand, RunsAFileAndNamesTheRecord) {
  char pattern[] = "/tmp/tombo-bench-test-XXXXXX";
  const std::string folder = mkdtemp(pattern);
  const std::string file = folder + "/m.conf";
  std::ofstream(file) << "broker = somewhere\nqos_publisher = 1\nlog_level = SEVERE\noutput = " << folder << "/out\n";
  Plan seen;
  const Runner run = [&](const Plan& plan, const std::atomic<bool>&, const Observer&) {
    seen = plan;
    RunResult result;
    result.report = sample_report();
    return result;
  };
  const std::atomic<bool> stop = false;
  ::testing::internal::CaptureStdout();
  EXPECT_EQ(run_loader(file, {.json_file = folder + "/r.json", .csv_file = "", .html_file = ""}, run, stop), 1)
      << "the sample's promise is broken";
  EXPECT_EQ(parsed(::testing::internal::GetCapturedStdout()).size(), 2U);
  EXPECT_THAT(seen.record_file.value_or(""), HasSubstr("/out/mqttloader_"));
  EXPECT_TRUE(std::filesystem::is_directory(folder + "/out"));
  EXPECT_TRUE(std::filesystem::exists(folder + "/r.json"));
  ::testing::internal::CaptureStderr();
  std::ofstream(file) << "brokr = somewhere\n";
  EXPECT_EQ(run_loader(file, {}, run, stop), 2);
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("m.conf:1: "));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace tombo::bench::loader
