#pragma once

#include "config/options.hpp"

#include <chrono>
#include <ctime>
#include <string>

namespace tombo::app {

/// The time at the beginning of a line, in local time and in the operator's own form (log.timestamp_format).
/// Lives on: one thread at a time.
class OwnTimeForm {
 public:
  explicit OwnTimeForm(const config::Log& options);

  /// No form is wanted, or no times are.
  bool empty() const { return form_.empty(); }
  /// The time and what separates it from the rest; nothing if empty().
  void append(std::chrono::system_clock::time_point time, std::string& line);

 private:
  std::string form_;       // as strftime(3) has it
  std::string separator_;  // Mosquitto's wording has a colon
  std::time_t second_ = -1;  // that text_ is of
  std::string text_;
};

}  // namespace tombo::app
