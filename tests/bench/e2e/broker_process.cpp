#include "broker_process.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <vector>

namespace tombo::bench {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr std::int64_t kStartNs = 10'000'000'000;
constexpr std::int64_t kStopNs = 10'000'000'000;
/// Above this the kernel gives ports to outgoing connections.
constexpr int kPortEnd = 32'000;

// Signal handlers can see nothing but globals.
volatile sig_atomic_t running_child = 0;

void end_with_child(int signal) {
  if (running_child > 0) kill(static_cast<pid_t>(running_child), SIGKILL);
  constexpr char kText[] = "tombo_e2e: interrupted or out of time\n";
  [[maybe_unused]] const auto n = write(2, kText, sizeof kText - 1);
  _exit(signal == SIGALRM ? 1 : 128 + signal);
}

void replace_all(std::string& text, const std::string& what, const std::string& by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
}

bool is_free(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool free = bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  close(fd);
  return free;
}

/// The next two free ports after the ones given out before: a fresh pair each time, so that
/// connections of an earlier run in TIME_WAIT do not matter.
std::uint16_t next_port(std::uint16_t base) {
  static int last = 0;
  for (int i = 0; i < 4000; ++i) {
    last = last < base || last + 3 > kPortEnd ? base : last + 2;
    if (is_free(last) && is_free(last + 1)) return static_cast<std::uint16_t>(last);
  }
  throw std::runtime_error("no free port");
}

}  // namespace

std::string mosquitto_template() {
  return "listener {port} 127.0.0.1\n"
         "allow_anonymous true\n"
         "max_queued_messages 0\n"
         "max_inflight_messages 1000\n"
         "set_tcp_nodelay true\n";
}

BrokerProcess::BrokerProcess(const BrokerCommand& command, const Templates& templates,
                             std::uint16_t port_base) {
  target_ = {next_port(port_base), command.relay, command.way};
  auto pattern = (fs::temp_directory_path() / "tombo-e2e-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
  directory_ = pattern;
  // mosquitto gives up root before it writes or reads again.
  fs::permissions(directory_, fs::perms::all);
  const auto port = std::to_string(target_.port);
  auto line = command.line;
  for (const auto& [name, text] : templates) {
    auto content = text;
    replace_all(content, "{port}", port);
    replace_all(content, "{dir}", directory_);
    const auto path = directory_ + "/" + name;
    std::ofstream(path) << content;
    replace_all(line, "{" + name + "}", path);
  }
  replace_all(line, "{port}", port);
  replace_all(line, "{dir}", directory_);
  try {
    spawn(line);
    wait_until_ready();
  } catch (...) {
    stop();
    throw;
  }
}

BrokerProcess::~BrokerProcess() {
  stop();
}

void BrokerProcess::spawn(const std::string& line) {
  std::istringstream words(line);
  std::vector<std::string> arguments;
  for (std::string word; words >> word;) arguments.push_back(word);
  if (arguments.empty()) throw std::runtime_error("empty broker command");
  std::vector<char*> argv;
  for (auto& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const auto log = directory_ + "/output.log";
  pid_ = fork();
  if (pid_ < 0) throw std::runtime_error("fork failed");
  if (pid_ == 0) {
    const int out = open(log.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0644);
    dup2(out, 1);
    dup2(out, 2);
    execvp(argv[0], argv.data());
    dprintf(2, "cannot run %s\n", argv[0]);
    _exit(127);
  }
  running_child = pid_;
}

void BrokerProcess::wait_until_ready() {
  const auto end = now_ns() + kStartNs;
  while (now_ns() < end) {
    if (exited()) throw std::runtime_error("the broker ended at once:\n" + output());
    try {
      if (target_.relay) {
        close(connect_tcp(static_cast<std::uint16_t>(target_.port + 1)));
      } else {
        close_session(open_session(target_, "ready"));
      }
      // Lets the probe's connection be forgotten and start-up work end.
      std::this_thread::sleep_for(200ms);
      return;
    } catch (const std::exception&) {
      std::this_thread::sleep_for(20ms);
    }
  }
  throw std::runtime_error("the broker did not accept within 10 s:\n" + output());
}

bool BrokerProcess::exited() {
  if (pid_ > 0 && waitpid(pid_, nullptr, WNOHANG) == pid_) {
    running_child = 0;
    pid_ = -1;
  }
  return pid_ < 0;
}

void BrokerProcess::stop() {
  if (pid_ > 0) {
    kill(pid_, SIGTERM);
    const auto end = now_ns() + kStopNs;
    while (!exited() && now_ns() < end) std::this_thread::sleep_for(10ms);
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
      running_child = 0;
      pid_ = -1;
    }
  }
  std::error_code ignored;
  fs::remove_all(directory_, ignored);
}

std::string BrokerProcess::output() const {
  std::ifstream file(directory_ + "/output.log");
  std::string text{std::istreambuf_iterator<char>(file), {}};
  constexpr std::size_t kShown = 2000;
  return text.size() > kShown ? text.substr(text.size() - kShown) : text;
}

void install_child_guard() {
  for (const int signal : {SIGINT, SIGTERM, SIGALRM, SIGHUP}) std::signal(signal, end_with_child);
  std::signal(SIGPIPE, SIG_IGN);
}

}  // namespace tombo::bench
