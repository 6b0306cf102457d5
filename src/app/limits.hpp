#pragma once

#include <cstdint>

namespace tombo::app {

/// Lets the process open as many descriptors as the system allows; returns how many that is.
std::uint64_t raise_descriptor_limit();

/// Descriptors that a broker with so many connections needs: those, and some for itself.
std::uint64_t descriptors_needed(std::uint32_t connections_max);

}  // namespace tombo::app
