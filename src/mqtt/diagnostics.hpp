#pragma once

#include "mqtt/encode.hpp"
#include "mqtt/raw_writer.hpp"

#include <optional>

namespace tombo::mqtt {

/// Bytes of the properties that carry these texts.
std::size_t size_of(const Diagnostics& diagnostics);
void write(RawWriter& writer, const Diagnostics& diagnostics);

/// As much of `wanted` as fits into a packet of `packet_max` bytes that has `fixed` bytes besides its
/// property section and `properties` bytes of properties already.  Nothing if the packet is too large even
/// without any.
std::optional<Diagnostics> fit(const Diagnostics& wanted, std::size_t packet_max, std::size_t fixed,
                               std::size_t properties);

}  // namespace tombo::mqtt
