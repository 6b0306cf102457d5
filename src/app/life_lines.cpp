#include "app/life_lines.hpp"

namespace tombo::app {

void LifeLines::starts(const std::string& file) const {
  log_.info("tombo {} starts configuration={}", version_, file.empty() ? "none" : file);
  if (!mosquitto_) return;
  // What follows is for scripts that wait for it: the number is tombo's own.
  log_.info("mosquitto version {} starting", version_);
  if (file.empty()) return log_.info("Using default config.");
  log_.info("Config loaded from {}.", file);
}

void LifeLines::ready(int pid) const {
  log_.info("tombo is ready pid={}", pid);
  if (mosquitto_) log_.info("mosquitto version {} running", version_);
}

void LifeLines::reloads() const {
  if (mosquitto_) log_.info("Reloading config.");
}

void LifeLines::saves(const std::string& directory) const {
  if (mosquitto_) return log_.info("Saving in-memory database to {}.", directory);
  log_.info("what waits for the disk is saved directory={}", directory);
}

void LifeLines::saved(bool done) const {
  if (done) return log_.info("everything that came before is on the disk");
  log_.warning("not saved: earlier wishes to save wait for the disk still");
}

void LifeLines::keeps_nothing() const { log_.info("asked to save, but nothing is kept: directory in [persistence] is not set"); }

void LifeLines::stops(std::uint32_t deadline_s) const {
  if (mosquitto_) log_.info("mosquitto version {} terminating", version_);
  log_.info("tombo stops deadline_s={}", deadline_s);
}

void LifeLines::has_stopped() const { log_.info("tombo has stopped"); }

}  // namespace tombo::app
