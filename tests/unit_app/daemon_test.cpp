// The whole daemon as a process of its own, around the fake server: exit codes, signals, files.

#include "app/cli.hpp"
#include "app/systemd.hpp"
#include "unit_app/temp_dir.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>

namespace tombo::app {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr int kPatienceMs = 10'000;

/// A running daemon whose standard streams are read here.
class Process {
 public:
  explicit Process(std::vector<std::string> words, std::vector<std::string> environment = {}) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) std::abort();
    words.insert(words.begin(), TOMBO_DAEMON);
    std::vector<char*> argv, env;
    for (std::string& word : words) argv.push_back(word.data());
    for (std::string& word : environment) env.push_back(word.data());
    argv.push_back(nullptr);
    env.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(ends[1], STDOUT_FILENO);
      ::dup2(ends[1], STDERR_FILENO);
      ::execve(argv[0], argv.data(), env.data());
      ::_exit(127);
    }
    ::close(ends[1]);
    out_ = ends[0];
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
    ::close(out_);
  }

  /// Reads until the text has been written; false when the process ends or takes too long.
  bool says(std::string_view text) {
    while (output_.find(text, seen_) == std::string::npos) {
      if (!read_some()) return false;
    }
    seen_ = output_.find(text, seen_) + text.size();
    return true;
  }
  /// Reads to the end and returns the exit code; -1 for an end by a signal.
  int exit_code() {
    while (read_some()) {
    }
    int status = 0;
    ::waitpid(std::exchange(pid_, -1), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  void signal(int number) const { ::kill(pid_, number); }
  pid_t pid() const { return pid_; }
  const std::string& output() const { return output_; }

 private:
  bool read_some() {
    pollfd ready{out_, POLLIN, 0};
    if (::poll(&ready, 1, kPatienceMs) <= 0) return false;
    char buffer[4096];
    const ssize_t got = ::read(out_, buffer, sizeof buffer);
    if (got > 0) output_.append(buffer, static_cast<std::size_t>(got));
    return got > 0;
  }

  pid_t pid_ = -1;
  int out_ = -1;
  std::string output_;
  std::size_t seen_ = 0;
};

/// A loopback port that somebody listens on.
class TakenPort {
 public:
  TakenPort() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    if (::bind(fd_, reinterpret_cast<sockaddr*>(&address), length) != 0 || ::listen(fd_, 1) != 0)
      std::abort();
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
  }
  ~TakenPort() { release(); }
  TakenPort(const TakenPort&) = delete;
  TakenPort& operator=(const TakenPort&) = delete;
  std::string number() const { return std::to_string(port_); }
  void release() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_;
  std::uint16_t port_ = 0;
};

std::string free_port() {
  TakenPort port;
  return port.number();
}

std::string config_with(const std::string& rest) {
  return "allow_anonymous = true\n" + rest + "\n[[listener]]\nport = " + free_port() + "\n";
}

TEST(Daemon, StartsWithoutAFileSaysSoAndStopsWithZero) {
  Process tombo{{"-p", free_port()}};
  EXPECT_TRUE(tombo.says(
      "no configuration file: listening on the loopback addresses only, anonymous clients are allowed"));
  EXPECT_TRUE(tombo.says("tombo is ready pid=" + std::to_string(tombo.pid()))) << tombo.output();
  tombo.signal(SIGTERM);
  EXPECT_EQ(tombo.exit_code(), kExitOk);
  EXPECT_THAT(tombo.output(), HasSubstr("tombo has stopped"));
}

TEST(Daemon, StopsOnInterruptToo) {
  Process tombo{{"-p", free_port()}};
  ASSERT_TRUE(tombo.says("ready"));
  tombo.signal(SIGINT);
  EXPECT_EQ(tombo.exit_code(), kExitOk);
}

TEST(Daemon, EndsAtOnceOnASecondStop) {
  Process tombo{{"-p", free_port()}, {"FAKE_SERVER_HANGS=1"}};
  ASSERT_TRUE(tombo.says("ready"));
  tombo.signal(SIGTERM);
  ASSERT_TRUE(tombo.says("fake stop hangs"));
  tombo.signal(SIGINT);
  EXPECT_EQ(tombo.exit_code(), kExitFailure);
}

TEST(Daemon, EndsWithOneWhenAPortIsInUseAndNamesItOnce) {
  const TakenPort taken;
  Process tombo{{"-p", taken.number()}};
  EXPECT_EQ(tombo.exit_code(), kExitFailure);
  const std::string message = "cannot listen on 127.0.0.1:" + taken.number() + ": Address already in use";
  const std::size_t first = tombo.output().find(message);
  ASSERT_NE(first, std::string::npos) << tombo.output();
  EXPECT_EQ(tombo.output().find(message, first + 1), std::string::npos);
}

TEST(Daemon, TellsTheTerminalWhyItCannotStartEvenWhenQuiet) {
  const TakenPort taken;
  Process tombo{{"-q", "-p", taken.number()}};
  EXPECT_EQ(tombo.exit_code(), kExitFailure);
  EXPECT_EQ(tombo.output(),
            "tombo: cannot listen on 127.0.0.1:" + taken.number() + ": Address already in use\n");
}

TEST(Daemon, EndsWithTwoForAMistakeInTheConfiguration) {
  const TempDir dir;
  const std::string file = dir.write("t.toml", "threds = 1\n");
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"-c", file}, {"-c", file, "--test-config"}, {"-c", file, "-d"}}) {
    Process tombo{words};
    EXPECT_EQ(tombo.exit_code(), kExitConfiguration);
    EXPECT_THAT(tombo.output(),
                HasSubstr("t.toml:1:1: error: unknown key 'threds' at the top of the file; did you "
                          "mean 'threads'?\n  threds = 1\n  ^\n"));
  }
}

TEST(Daemon, TestsAConfigurationWithoutListening) {
  const TakenPort taken;
  const TempDir dir;
  const std::string file =
      dir.write("t.toml", "allow_anonymous = true\n[[listener]]\nport = " + taken.number() + "\n");
  Process tombo{{"-c", file, "--test-config"}};
  EXPECT_EQ(tombo.exit_code(), kExitOk);
  EXPECT_EQ(tombo.output(), file + ": the configuration is fine\n");
}

TEST(Daemon, PrintsAConfigurationThatItReadsAgain) {
  const TempDir dir;
  const std::string file = dir.write("t.toml", config_with("threads = 3"));
  Process printing{{"-c", file, "--print-config"}};
  EXPECT_EQ(printing.exit_code(), kExitOk);
  EXPECT_THAT(printing.output(), HasSubstr("\nthreads = 3\n"));
  Process again{{"-c", dir.write("u.toml", printing.output()), "--test-config"}};
  EXPECT_EQ(again.exit_code(), kExitOk);
}

TEST(Daemon, ReloadsOnHangUpAndKeepsRunningWithABadFile) {
  const TempDir dir;
  const std::string good = config_with("");
  const std::string file = dir.write("t.toml", good);
  Process tombo{{"-c", file}};
  ASSERT_TRUE(tombo.says("ready"));
  dir.write("t.toml", good + "[sys]\ninterval_s = 5\n");
  tombo.signal(SIGHUP);
  EXPECT_TRUE(tombo.says("sys.interval_s changed from=10 to=5"));
  EXPECT_TRUE(tombo.says("fake reload threads=0 sys=5"));
  dir.write("t.toml", "nonsense\n");
  tombo.signal(SIGHUP);
  EXPECT_TRUE(tombo.says("the old one stays in force"));
  tombo.signal(SIGTERM);
  EXPECT_EQ(tombo.exit_code(), kExitOk);
}

TEST(Daemon, WritesASummaryLineByLine) {
  Process tombo{{"-p", free_port()}};
  ASSERT_TRUE(tombo.says("ready"));
  tombo.signal(SIGUSR2);
  EXPECT_TRUE(tombo.says("info app: fake summary\n"));
  EXPECT_TRUE(tombo.says("info app: second line\n"));
}

TEST(Daemon, RedirectsClientsWhenItKnowsWhereTo) {
  Process without{{"-p", free_port()}};
  ASSERT_TRUE(without.says("ready"));
  without.signal(SIGRTMIN + 1);
  EXPECT_TRUE(without.says("server_reference in [redirect] is not set"));

  const TempDir dir;
  Process with{{"-c", dir.write("t.toml", config_with("[redirect]\nserver_reference = \"other:1883\""))}};
  ASSERT_TRUE(with.says("ready"));
  with.signal(SIGRTMIN + 1);
  EXPECT_TRUE(with.says("fake redirect"));
}

TEST(Daemon, ReturnsFromTheBackgroundStartWhenItIsReady) {
  const TempDir dir;
  const std::string options =
      "pid_file = \"" + dir.file("pid") + "\"\n[log]\nto = [\"file:" + dir.file("log") + "\"]";
  Process starting{{"-d", "-c", dir.write("t.toml", config_with(options))}};
  EXPECT_EQ(starting.exit_code(), kExitOk);
  EXPECT_EQ(starting.output(), "");
  const pid_t daemon = std::stoi(dir.read("pid"));
  ASSERT_GT(daemon, 1);
  EXPECT_NE(daemon, starting.pid());
  ASSERT_EQ(::kill(daemon, SIGTERM), 0);
  for (int i = 0; i < kPatienceMs / 10 && std::filesystem::exists(dir.file("pid")); ++i)
    ::poll(nullptr, 0, 10);
  EXPECT_FALSE(std::filesystem::exists(dir.file("pid")));
}

TEST(Daemon, HandsItsExitCodeToTheStarterWhenTheBackgroundStartFails) {
  const TakenPort taken;
  Process tombo{{"-d", "-p", taken.number()}};
  EXPECT_EQ(tombo.exit_code(), kExitFailure);
  EXPECT_THAT(tombo.output(), HasSubstr("Address already in use"));
}

TEST(Daemon, RefusesAPidFileThatAnotherOneHolds) {
  const TempDir dir;
  const std::string pid_file = "pid_file = \"" + dir.file("pid") + "\"";
  Process first{{"-c", dir.write("a.toml", config_with(pid_file))}};
  ASSERT_TRUE(first.says("ready"));
  EXPECT_EQ(dir.read("pid"), std::to_string(first.pid()) + "\n");
  Process second{{"-c", dir.write("b.toml", config_with(pid_file))}};
  EXPECT_EQ(second.exit_code(), kExitFailure);
  EXPECT_THAT(second.output(), HasSubstr("another tombo runs with pid file"));
  first.signal(SIGTERM);
  EXPECT_EQ(first.exit_code(), kExitOk);
  EXPECT_FALSE(std::filesystem::exists(dir.file("pid")));
}

TEST(Daemon, LogsDebugLinesWhenVerboseAndNothingWhenQuiet) {
  Process quiet{{"-q", "-p", free_port()}};
  Process loud{{"-v", "-p", free_port()}};
  ASSERT_TRUE(loud.says("ready"));
  loud.signal(SIGTERM);
  EXPECT_EQ(loud.exit_code(), kExitOk);
  EXPECT_THAT(loud.output(), HasSubstr(" debug app: "));
  quiet.signal(SIGTERM);
  quiet.exit_code();
  EXPECT_EQ(quiet.output(), "");
}

/// The datagram socket that systemd listens on.
class NotifySocket {
 public:
  explicit NotifySocket(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    if (::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) std::abort();
  }
  ~NotifySocket() { ::close(fd_); }
  NotifySocket(const NotifySocket&) = delete;
  NotifySocket& operator=(const NotifySocket&) = delete;
  /// Waits for a message that begins so.
  bool gets(std::string_view text) {
    pollfd ready{fd_, POLLIN, 0};
    while (::poll(&ready, 1, kPatienceMs) > 0) {
      char buffer[512];
      const ssize_t got = ::recv(fd_, buffer, sizeof buffer, 0);
      if (got > 0 && std::string_view{buffer, static_cast<std::size_t>(got)}.starts_with(text)) return true;
    }
    return false;
  }

 private:
  int fd_;
};

TEST(Daemon, TellsSystemdThatItIsReadyAliveReloadingAndStopping) {
  if (!systemd::built_in()) GTEST_SKIP() << "built without systemd";
  const TempDir dir;
  NotifySocket systemd{dir.file("notify")};
  Process tombo{{"-p", free_port()}, {"NOTIFY_SOCKET=" + dir.file("notify"), "WATCHDOG_USEC=400000"}};
  ASSERT_TRUE(tombo.says("tombo "));
  EXPECT_TRUE(systemd.gets("READY=1"));
  EXPECT_TRUE(systemd.gets("WATCHDOG=1"));
  EXPECT_TRUE(systemd.gets("WATCHDOG=1"));
  tombo.signal(SIGHUP);
  EXPECT_TRUE(systemd.gets("RELOADING=1"));
  EXPECT_TRUE(systemd.gets("READY=1"));
  tombo.signal(SIGTERM);
  EXPECT_TRUE(systemd.gets("STOPPING=1"));
}

}  // namespace
}  // namespace tombo::app
