#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tombo::config {

struct MosquittoHint {
  int line = 0;
  std::string message;
};

/// Recognises a file that is written for Mosquitto ("listener 1883") by its content, and says what its first
/// line is in TOML.  Nothing for a file that has a section or a "key = value" of TOML.
std::optional<MosquittoHint> recognise_mosquitto(std::string_view text);

}  // namespace tombo::config
