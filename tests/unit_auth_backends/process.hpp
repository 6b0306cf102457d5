#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace tombo::test {

/// A program that a test started; ends with it, by its own process id.
class Process {
 public:
  /// `user`: becomes this user if the test is root.  What it prints goes to `log`.
  Process(const std::vector<std::string>& arguments, const std::string& log, const std::string& user = {});
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void signal(int number) const;
  /// Stops it until SIGCONT; returns once none of its threads runs.
  void halt() const;
  /// Its exit status; -1 if it does not end within `seconds`.
  int wait(int seconds = 30);
  bool is_running();

 private:
  pid_t pid_ = -1;
  int status_ = -1;
};

/// Stops any process, as Process::halt() does.
void halt(pid_t process);
/// Whether it becomes true within `seconds`.
bool eventually(const std::function<bool()>& holds, int seconds = 20);
/// A TCP port of loopback that is free at the moment.
std::uint16_t free_port();
bool is_executable(const std::string& path);
std::string text_of_file(const std::string& path);
/// A key and a certificate for 127.0.0.1 that signs itself: `stem`.key and `stem`.pem.
void make_certificate(const std::string& stem);

}  // namespace tombo::test
