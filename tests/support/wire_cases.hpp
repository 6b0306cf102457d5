#pragma once

#include "mqtt/reason_code.hpp"
#include "mqtt/types.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tombo::test {

/// One packet as it may come over the wire, and what a decoder has to say about it.
struct WireCase {
  std::string name;
  std::string covers;  // statement ids, "5.0 MQTT-3.3.1-4, 3.1.1 MQTT-3.3.1-4"
  mqtt::Version version = mqtt::Version::v5;
  mqtt::Sender sender = mqtt::Sender::client;
  std::vector<std::uint8_t> bytes;  // one packet; the framer may refuse it already
  bool ok = true;
  std::optional<mqtt::ReasonCode> reason;  // if not ok; unset: any refusal will do
};

/// Every row of the table: the written ones, and those made from them (properties in every packet, cuts).
/// Decoders, encoders, fuzzers and servers all walk it.
const std::vector<WireCase>& wire_cases();

/// A row as it is written; see wire() for `text`.
struct WireRow {
  std::string_view name;
  std::string_view covers;
  mqtt::Version version;
  mqtt::Sender sender;
  std::string_view text;
  mqtt::ReasonCode reason = mqtt::ReasonCode::success;  // success: the packet is fine
  bool cuts = false;                                    // every shorter body is refused
};

std::span<const WireRow> connect_rows();
std::span<const WireRow> publish_rows();
std::span<const WireRow> ack_rows();
std::span<const WireRow> subscription_rows();
std::span<const WireRow> control_rows();
/// Each property in each packet, once and twice, and with values at and beyond the edge of its range.
std::vector<WireCase> property_cases();

}  // namespace tombo::test
