#pragma once

#include "mqtt/decode.hpp"
#include "mqtt/encode.hpp"

#include <optional>
#include <vector>

namespace tombo::test {

/// What a batch would send, in one piece.
std::vector<std::uint8_t> bytes_of(const mqtt::WriteBatch& batch);

/// Decodes a packet of any type as the side that `sender` talks to; a type that `sender` may not send is
/// refused. The reason, or success.
mqtt::ReasonCode decode_any(const mqtt::Frame& frame, mqtt::Version version, mqtt::Sender sender,
                            const mqtt::DecodeLimits& limits = {});

/// Framer and decoder together.  CONNECT says its version itself.
mqtt::ReasonCode decode_packet(mqtt::Bytes packet, mqtt::Version version, mqtt::Sender sender);

/// The packet as our encoders write it, made from what the decoder saw; the frame must decode.
std::vector<std::uint8_t> reencode(const mqtt::Frame& frame, mqtt::Version version, mqtt::Sender sender);

/// Whether reencode() has to give back the very bytes: it need not where the standard allows several forms (a
/// reason left out, diagnostics in another order) or where 3.1 tolerates what we never send.
bool has_one_form(const mqtt::Frame& frame, mqtt::Version version);

}  // namespace tombo::test
