#pragma once

#include "base/result.hpp"
#include "bench/compare/process_tree.hpp"

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <sys/types.h>

namespace tombo::bench::compare {

/// NAME=COMMAND of the command line.  In the command, {port} is a free port of the loopback address, {dir} a fresh
/// directory that goes away with the broker, and {NAME} the path of template NAME's copy in it.
struct BrokerCommand {
  std::string name;
  std::string command;
};

/// NAME=FILE of the command line: {port} and {dir} are filled in here too.  Key: the name, value: the contents.
using Templates = std::map<std::string, std::string>;

/// Cuts a command into words as a shell would: blanks, '…', "…" and \.  The error is one line for a person.
Result<std::vector<std::string>, std::string> words_of(const std::string& command);

/// A broker that was started for one run.  Its destructor ends it by its own process id: SIGTERM, and SIGKILL five
/// seconds later; what it started and left behind is ended the same way.
class BrokerProcess {
 public:
  /// Starts it and waits until it answers a CONNECT (`plain`) or accepts connections.  The error says what is wrong
  /// and shows the end of what the broker printed.
  static Result<std::unique_ptr<BrokerProcess>, std::string> start(const BrokerCommand& command,
                                                                   const Templates& templates, bool plain,
                                                                   const std::atomic<bool>& stop);
  ~BrokerProcess();
  BrokerProcess(const BrokerProcess&) = delete;
  BrokerProcess& operator=(const BrokerProcess&) = delete;

  pid_t pid() const { return pid_; }
  std::uint16_t port() const { return port_; }
  bool has_ended();
  /// The last lines of its output.
  std::string output() const;

 private:
  BrokerProcess() = default;
  std::string prepare(const BrokerCommand& command, const Templates& templates);
  std::string spawn();
  std::string wait_until_ready(bool plain, const std::atomic<bool>& stop);
  void end();

  std::vector<std::string> words_;
  std::string directory_;
  std::uint16_t port_ = 0;
  pid_t pid_ = -1;
};

}  // namespace tombo::bench::compare
