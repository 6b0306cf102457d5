#include "bench/compare/broker_process.hpp"

#include <fmt/format.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <thread>

namespace tombo::bench::compare {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
namespace fs = std::filesystem;

constexpr auto kStartTime = 20s;
constexpr auto kStopTime = 5s;
constexpr auto kPause = 20ms;
constexpr std::size_t kOutputShown = 1500;
// Below those that the kernel gives to outgoing connections: a client's port cannot be the next broker's.
constexpr int kPortFirst = 20'000, kPortLast = 32'000;

void replace_all(std::string& text, const std::string& what, const std::string& by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
}

struct Socket {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ~Socket() { close(fd); }
};

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

/// 0 when none was found.
std::uint16_t free_port() {
  std::minstd_rand random(std::random_device{}());
  std::uniform_int_distribution<int> ports(kPortFirst, kPortLast);
  for (int i = 0; i < 1000; ++i) {
    const auto port = static_cast<std::uint16_t>(ports(random));
    const Socket probe;
    const sockaddr_in address = loopback(port);
    if (bind(probe.fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return port;
  }
  return 0;
}

/// Whether something accepts there and, if it is plain MQTT, answers a CONNECT (with a refusal too: it is awake).
bool answers(std::uint16_t port, bool plain) {
  const Socket socket;
  const sockaddr_in address = loopback(port);
  if (connect(socket.fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return false;
  if (!plain) return true;
  constexpr std::array<std::uint8_t, 19> kConnect{0x10, 17, 0, 4, 'M', 'Q', 'T', 'T', 4,  2,
                                                  0,    60, 0, 5, 'r', 'e', 'a', 'd', 'y'};
  constexpr std::array<std::uint8_t, 2> kDisconnect{0xE0, 0};
  if (send(socket.fd, kConnect.data(), kConnect.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(kConnect.size()))
    return false;
  pollfd ready{socket.fd, POLLIN, 0};
  std::uint8_t first = 0;
  if (poll(&ready, 1, 1000) != 1 || recv(socket.fd, &first, 1, 0) != 1 || first != 0x20) return false;
  send(socket.fd, kDisconnect.data(), kDisconnect.size(), MSG_NOSIGNAL);
  return true;
}

/// In the child, between fork and exec: nothing but system calls.
[[noreturn]] void become(char* const* argv, int log) {
  setpgid(0, 0);  // Ctrl-C at the terminal is for the tool, which then ends the broker in order
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int number : {SIGINT, SIGTERM, SIGPIPE, SIGHUP}) signal(number, SIG_DFL);
  const int nothing = open("/dev/null", O_RDONLY);
  dup2(nothing, 0);
  dup2(log, 1);
  dup2(log, 2);
  execvp(argv[0], argv);
  const int reason = errno;
  const char* text = std::strerror(reason);
  [[maybe_unused]] auto written = write(2, "cannot run it: ", 15);
  written = write(2, text, std::strlen(text));
  _exit(127);
}

}  // namespace

Result<std::vector<std::string>, std::string> words_of(const std::string& command) {
  std::vector<std::string> words;
  bool in_word = false;
  char quote = 0;
  for (std::size_t i = 0; i < command.size(); ++i) {
    const char c = command[i];
    if (quote == 0 && (c == ' ' || c == '\t' || c == '\n')) {
      in_word = false;
      continue;
    }
    if (!in_word) words.emplace_back();
    in_word = true;
    if (quote == 0 && (c == '\'' || c == '"')) {
      quote = c;
    } else if (c == quote && quote != 0) {
      quote = 0;
    } else if (c == '\\' && quote != '\'' && i + 1 < command.size()) {
      words.back() += command[++i];
    } else {
      words.back() += c;
    }
  }
  if (quote != 0) return Failure{fmt::format("a quote ({}) has no end in: {}", quote, command)};
  if (words.empty()) return Failure{std::string{"the command is empty"}};
  return words;
}

Result<std::unique_ptr<BrokerProcess>, std::string> BrokerProcess::start(const BrokerCommand& command,
                                                                         const Templates& templates, bool plain,
                                                                         const std::atomic<bool>& stop) {
  std::unique_ptr<BrokerProcess> broker(new BrokerProcess);
  std::string wrong = broker->prepare(command, templates);
  if (wrong.empty()) wrong = broker->spawn();
  if (wrong.empty()) wrong = broker->wait_until_ready(plain, stop);
  if (wrong.empty()) return broker;
  std::string text = fmt::format("broker {}: {}", command.name, wrong);
  if (const std::string printed = broker->output(); !printed.empty()) text += fmt::format("; it printed:\n{}", printed);
  return Failure{std::move(text)};
}

BrokerProcess::~BrokerProcess() {
  end();
  std::error_code ignored;
  if (!directory_.empty()) fs::remove_all(directory_, ignored);
}

std::string BrokerProcess::prepare(const BrokerCommand& command, const Templates& templates) {
  port_ = free_port();
  if (port_ == 0) return "no free port";
  std::string pattern = (fs::temp_directory_path() / "tombo-bench-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) return fmt::format("no temporary directory: {}", std::strerror(errno));
  directory_ = pattern;
  // A broker that gives up root before it writes must still be able to.
  fs::permissions(directory_, fs::perms::all);
  auto words = words_of(command.command);
  if (!words) return words.error();
  const auto fill = [&](std::string& text) {
    replace_all(text, "{port}", std::to_string(port_));
    replace_all(text, "{dir}", directory_);
  };
  for (const auto& [name, contents] : templates) {
    std::string text = contents;
    fill(text);
    const std::string path = directory_ + "/" + name;
    if (!(std::ofstream(path) << text)) return fmt::format("cannot write {}", path);
    for (std::string& word : *words) replace_all(word, "{" + name + "}", path);
  }
  for (std::string& word : *words) fill(word);
  words_ = std::move(*words);
  return {};
}

std::string BrokerProcess::spawn() {
  const int log = open((directory_ + "/output.log").c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0644);
  if (log < 0) return fmt::format("cannot write its log: {}", std::strerror(errno));
  std::vector<char*> argv;
  for (std::string& word : words_) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_ = fork();
  if (pid_ == 0) become(argv.data(), log);
  close(log);
  return pid_ < 0 ? fmt::format("fork: {}", std::strerror(errno)) : "";
}

std::string BrokerProcess::wait_until_ready(bool plain, const std::atomic<bool>& stop) {
  const auto deadline = Clock::now() + kStartTime;
  while (Clock::now() < deadline) {
    if (stop) return "interrupted";
    if (has_ended()) return fmt::format("it ended at once ({})", words_.front());
    if (answers(port_, plain)) {
      std::this_thread::sleep_for(200ms);  // its start-up work and the question above shall be over
      return {};
    }
    std::this_thread::sleep_for(kPause);
  }
  return fmt::format("it does not answer on port {} after {} s; does its command use {{port}}?", port_,
                     kStartTime.count());
}

bool BrokerProcess::has_ended() {
  if (pid_ > 0 && waitpid(pid_, nullptr, WNOHANG) == pid_) pid_ = -1;
  return pid_ < 0;
}

void BrokerProcess::end() {
  if (pid_ < 0) return;
  const auto left_behind = descendants_of(pid_);
  kill(pid_, SIGTERM);
  const auto deadline = Clock::now() + kStopTime;
  while (!has_ended() && Clock::now() < deadline) std::this_thread::sleep_for(kPause);
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  const auto any_alive = [&] { return std::ranges::any_of(left_behind, is_alive); };
  for (const int number : {SIGTERM, SIGKILL}) {
    for (const Descendant& process : left_behind) {
      if (is_alive(process)) kill(process.pid, number);
    }
    const auto patience = Clock::now() + 1s;
    while (any_alive() && Clock::now() < patience) std::this_thread::sleep_for(kPause);
  }
}

std::string BrokerProcess::output() const {
  std::ifstream file(directory_ + "/output.log");
  std::string text{std::istreambuf_iterator<char>(file), {}};
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text.size() > kOutputShown ? "…" + text.substr(text.size() - kOutputShown) : text;
}

}  // namespace tombo::bench::compare
