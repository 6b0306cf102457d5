#pragma once

#include "base/log.hpp"
#include "config/options.hpp"

#include <cstdint>
#include <string>
#include <utility>

namespace tombo::app {

/// What the log says of the broker's own life, in tombo's words or in Mosquitto's, for scripts that look for those.
/// Lives on: main.
class LifeLines {
 public:
  LifeLines(log::Logger logger, std::string version) : log_(logger), version_(std::move(version)) {}
  void set(config::LogWording wording) { mosquitto_ = wording == config::LogWording::mosquitto; }

  /// `file`: of the configuration, or empty.
  void starts(const std::string& file) const;
  void ready(int pid) const;
  void reloads() const;
  /// `directory`: of the store.
  void saves(const std::string& directory) const;
  void saved(bool done) const;
  void keeps_nothing() const;
  void stops(std::uint32_t deadline_s) const;
  void has_stopped() const;

 private:
  log::Logger log_;
  std::string version_;
  bool mosquitto_ = false;
};

}  // namespace tombo::app
