#pragma once

#include <string>
#include <vector>

#include "broker_process.hpp"
#include "report.hpp"

namespace tombo::bench {

struct CompareOptions {
  std::string a;
  std::string b;
  std::string a_single;  ///< A restricted to one thread; may be empty.
  std::string relay;     ///< Path of tombo_relay; may be empty.
  std::string a_way = "tcp";  ///< How A's sessions get in, see way.hpp.
  std::string b_way = "tcp";
  Templates templates{{"mosquitto_conf", mosquitto_template()}};
  std::uint16_t port_base = 21'883;
  int rounds = 3;
  double seconds = 2;
  /// Cores that other processes may use during a run before it is repeated (at most
  /// kRepeats times, then the quietest counts).  Negative: never repeat.
  double foreign_max = -1;
  std::vector<std::string> only;  ///< Scenario names; empty means all.
  std::string markdown_file;
  std::string samples_file;
  ReportOptions report;
};

/// Runs the scenarios in turn against fresh brokers and prints the tables.  Returns the exit
/// code: 0, 1 when a broker broke a promise, 3 when targets are asked for and one was missed.
int run_compare(const CompareOptions& options);

inline constexpr int kRepeats = 3;

/// The bound on any single scenario: past it the generator and the broker are ended.
[[nodiscard]] unsigned time_limit_s(double seconds);

}  // namespace tombo::bench
