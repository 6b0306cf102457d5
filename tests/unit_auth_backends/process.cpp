#include "process.hpp"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

namespace tombo::test {

Process::Process(const std::vector<std::string>& arguments, const std::string& log, const std::string& user) {
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const passwd* who = user.empty() || geteuid() != 0 ? nullptr : getpwnam(user.c_str());
  const uid_t uid = who == nullptr ? 0 : who->pw_uid;
  const gid_t gid = who == nullptr ? 0 : who->pw_gid;
  const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  pid_ = fork();
  if (pid_ != 0) {
    close(out);
    return;
  }
  dup2(out, 1);
  dup2(out, 2);
  for (int fd = 3; fd < 1024; ++fd) close(fd);
  if (who != nullptr && (setgroups(0, nullptr) != 0 || setgid(gid) != 0 || setuid(uid) != 0)) _exit(126);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  execv(argv[0], argv.data());
  _exit(127);
}

Process::~Process() {
  if (!is_running()) return;
  signal(SIGCONT);
  signal(SIGTERM);
  if (wait(10) != -1) return;
  signal(SIGKILL);
  wait(10);
}

void Process::signal(int number) const {
  if (pid_ > 0) kill(pid_, number);
}

void Process::halt() const {
  if (pid_ > 0) test::halt(pid_);
}

bool Process::is_running() {
  if (pid_ <= 0) return false;
  if (waitpid(pid_, &status_, WNOHANG) == 0) return true;
  pid_ = -1;
  return false;
}

int Process::wait(int seconds) {
  if (!eventually([&] { return !is_running(); }, seconds)) return -1;
  return WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_);
}

void halt(pid_t process) {
  kill(process, SIGSTOP);
  const auto stands = [&] {
    for (const auto& task : std::filesystem::directory_iterator("/proc/" + std::to_string(process) + "/task")) {
      const std::string stat = text_of_file(task.path().string() + "/stat");
      if (stat.find(") T ") == std::string::npos) return false;
    }
    return true;
  };
  EXPECT_TRUE(eventually(stands));
}

bool eventually(const std::function<bool()>& holds, int seconds) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return true;
}

std::uint16_t free_port() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), length), 0);
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
  close(fd);
  return ntohs(address.sin_port);
}

bool is_executable(const std::string& path) { return access(path.c_str(), X_OK) == 0; }

std::string text_of_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void make_certificate(const std::string& stem) {
  Process openssl({"/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                   "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout",
                   stem + ".key", "-out", stem + ".pem"},
                  stem + ".log");
  EXPECT_EQ(openssl.wait(), 0) << text_of_file(stem + ".log");
}

}  // namespace tombo::test
