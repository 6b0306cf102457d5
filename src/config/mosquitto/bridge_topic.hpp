#pragma once

#include "config/mosquitto/reading.hpp"

#include <optional>
#include <string>

namespace tombo::config::mosquitto {

/// The value of a bridge's `topic` as Bridge::topics holds it: "FILTER DIRECTION QOS LOCAL-PREFIX REMOTE-PREFIX" as far
/// as words are written.  Nothing, and an error, for what Mosquitto refuses, too.
std::optional<std::string> bridge_topic(Reading& reading, const Line& line);

}  // namespace tombo::config::mosquitto
