#include "auth/audit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace tombo::auth {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class Lines final : public log::Sink {
 public:
  void write(log::Module module, log::Level, std::string_view line) override {
    const std::lock_guard lock(mutex_);
    EXPECT_EQ(module, log::Module::auth);
    all.emplace_back(line);
  }
  std::vector<std::string> all;

 private:
  std::mutex mutex_;
};

class AuditLog : public ::testing::Test {
 protected:
  static config::Acl options(std::uint32_t lines) {
    config::Acl acl;
    acl.audit_lines_per_s = lines;
    return acl;
  }
  static MonoTime at(int ms) { return MonoTime{Milliseconds{5'000 + ms}}; }

  Lines lines;
  log::Logger::Levels levels;
  log::Logger logger{lines, levels, log::Module::broker};
  Refusal publish{Refusal::Kind::publish, "c1", "alice", "192.0.2.1:4000", "a/b", "acl.conf:12", "denied by a rule"};
  Refusal connection{Refusal::Kind::connection, "c2", "", "192.0.2.1:4000", "", "", "wrong password"};
};

TEST_F(AuditLog, WritesALineForEachRefusal) {
  Audit audit(logger, options(20));
  audit.refused(publish, at(0));
  audit.refused(connection, at(0));
  EXPECT_THAT(
      lines.all,
      ElementsAre(
          R"(refused publish client="c1" user="alice" address="192.0.2.1:4000" topic="a/b" rule="acl.conf:12" reason="denied by a rule")",
          R"(refused connection client="c2" user="" address="192.0.2.1:4000" rule="none" reason="wrong password")"));
}

TEST_F(AuditLog, CountsWhatIsMoreThanALinePerSecond) {
  {
    Audit audit(logger, options(2));
    for (int i = 0; i < 5; ++i) audit.refused(publish, at(i));
    audit.refused(connection, at(10));
    EXPECT_EQ(lines.all.size(), 2u);
    audit.refused(publish, at(1'000));
    ASSERT_EQ(lines.all.size(), 4u);
    EXPECT_EQ(lines.all[2], "4 more refusals in the last second connection=1 publish=3 subscribe=0");
    for (int i = 0; i < 3; ++i) audit.refused(publish, at(1'100));
    audit.tick(at(1'999));
    EXPECT_EQ(lines.all.size(), 5u);
    audit.tick(at(2'000));
    audit.tick(at(3'000));
    ASSERT_EQ(lines.all.size(), 6u);
    EXPECT_THAT(lines.all[5], StartsWith("2 more refusals"));
    for (int i = 0; i < 3; ++i) audit.refused(publish, at(3'100));
  }
  EXPECT_THAT(lines.all.back(), StartsWith("1 more refusals")) << "at the end the rest is told";
}

TEST_F(AuditLog, LetsNobodyForgeALine) {
  Audit audit(logger, options(20));
  publish.client_id = "x\" user=\"root\n2026 refused \x1b[2J\xff\\";
  const std::string topic(70'000, 't');
  publish.topic = topic;
  audit.refused(publish, at(0));
  ASSERT_EQ(lines.all.size(), 1u);
  EXPECT_THAT(lines.all[0], HasSubstr(R"(client="x\" user=\"root\x0a2026 refused \x1b[2J\xff\\" user="alice")"));
  EXPECT_LT(lines.all[0].size(), 700u);
  EXPECT_EQ(lines.all[0].find('\n'), std::string::npos);
}

TEST_F(AuditLog, IsSilentWhenItIsSwitchedOff) {
  config::Acl off = options(20);
  off.audit = false;
  Audit audit(logger, off);
  audit.refused(publish, at(0));
  EXPECT_TRUE(lines.all.empty());
  audit.set(options(20));
  audit.refused(publish, at(0));
  EXPECT_EQ(lines.all.size(), 1u);
}

TEST_F(AuditLog, LosesNoCountBetweenThreads) {
  constexpr int kThreads = 4, kEach = 5'000;
  {
    Audit audit(logger, options(10));
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < kEach; ++i) audit.refused(publish, at(i));
      });
    }
    for (auto& thread : threads) thread.join();
  }
  int told = 0, refused = 0;
  for (const auto& line : lines.all) {
    if (line.find(" more refusals") != std::string::npos) {
      told += std::stoi(line);
    } else {
      ++refused;
    }
  }
  EXPECT_EQ(told + refused, kThreads * kEach);
  EXPECT_LE(refused, 10 * (kEach / 1'000));
}

}  // namespace
}  // namespace tombo::auth
