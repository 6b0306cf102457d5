#pragma once

#include "config/load.hpp"

#include <array>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

namespace tombo::config {

/// Files as they are in use, in tests/unit_config/mosquitto.
inline constexpr std::array<std::string_view, 12> kMosquittoFiles{
    "debian",       "empty", "home_assistant", "tls_gateway", "cloud_bridge", "websockets",
    "per_listener", "psk",   "dynsec",         "newest",      "old",          "everything"};

inline std::string mosquitto_directory() {
  return std::string{TOMBO_SOURCE_DIR} + "/tests/unit_config/mosquitto";
}

/// The text of one, INCLUDED standing for the folder.
inline std::string mosquitto_text(std::string_view name) {
  std::ifstream file{mosquitto_directory() + "/" + std::string{name} + ".conf"};
  std::string text{std::istreambuf_iterator<char>{file}, {}};
  if (const std::size_t at = text.find("INCLUDED"); at != std::string::npos) text.replace(at, 8, mosquitto_directory());
  return text;
}

inline std::string told(const Loaded& loaded) {
  std::string all;
  for (const Problem& problem : loaded.problems) all += to_text(problem) + "\n";
  return all;
}

inline Loaded read_conf(std::string_view text) {
  return load_mosquitto(text, "m.conf");
}

}  // namespace tombo::config
