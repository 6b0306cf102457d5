#pragma once

#include "bench/plan/plan.hpp"
#include "bench/report/output.hpp"

#include <CLI/App.hpp>

#include <cstdint>
#include <string>
#include <vector>

// The options of tombo-bench, group by group.  The command line is the only place that knows CLI11.
namespace tombo::bench {

/// Options as people write them; finish() makes a plan of them.
struct Flags {
  Plan plan;
  OutputOptions output;
  std::string version = "5";
  std::string topology = "pairs";
  std::string format = "text";
  std::vector<std::string> sources;
  std::uint32_t clients = 0;
  int qos = -1;
  int publish_qos = -1;
  int subscribe_qos = -1;
  bool keep_session = false;
  double duration_s = 10;
  double ramp_up_s = 1;
  double ramp_down_s = 0;
  double drain_s = 5;
  double timeout_s = 10;
  bool plain = false;  // no live line

  // Given on the command line, so that a default must not take their place.
  CLI::Option* duration = nullptr;
  CLI::Option* ramp_up = nullptr;
  CLI::Option* publishers = nullptr;
  CLI::Option* subscribers = nullptr;
  CLI::Option* clients_given = nullptr;
};

void add_target_flags(CLI::App& app, Flags& flags);
void add_client_flags(CLI::App& app, Flags& flags);
void add_message_flags(CLI::App& app, Flags& flags);
void add_subscriber_flags(CLI::App& app, Flags& flags);
void add_time_flags(CLI::App& app, Flags& flags);
void add_output_flags(CLI::App& app, Flags& flags);

/// Returns what is wrong, or an empty text.
std::string finish(Flags& flags);

}  // namespace tombo::bench
