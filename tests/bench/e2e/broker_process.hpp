#pragma once

#include <sys/types.h>
#include <cstdint>
#include <map>
#include <string>

#include "connection.hpp"

namespace tombo::bench {

/// How to start a broker.
struct BrokerCommand {
  /// Words separated by blanks.  {port} and {NAME} of a template are replaced.
  std::string line;
  bool relay = false;
  const Way* way = nullptr;  ///< How its sessions get in.
};

/// Files written anew for each start: {NAME} in the command becomes the path of a copy of the
/// text in which {port} and {dir} (an empty directory) are replaced.
using Templates = std::map<std::string, std::string>;

/// {mosquitto_conf}: loopback, anonymous, no limits that the loads would meet.
[[nodiscard]] std::string mosquitto_template();

/// A broker as child process with a port of its own; stopped by the destructor.
class BrokerProcess {
 public:
  /// Starts it and returns when it accepts sessions.  Throws with its output when it does not.
  BrokerProcess(const BrokerCommand& command, const Templates& templates, std::uint16_t port_base);
  ~BrokerProcess();
  BrokerProcess(const BrokerProcess&) = delete;
  BrokerProcess& operator=(const BrokerProcess&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] const Target& target() const { return target_; }
  /// The end of what it printed.
  [[nodiscard]] std::string output() const;

 private:
  void spawn(const std::string& line);
  void wait_until_ready();
  void stop();
  [[nodiscard]] bool exited();

  std::string directory_;
  Target target_{};
  pid_t pid_ = -1;
};

/// Makes interruption and `alarm()` end the running child too, not only the generator.
void install_child_guard();

}  // namespace tombo::bench
