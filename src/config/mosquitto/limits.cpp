#include "config/mosquitto/entries.hpp"
#include "config/mosquitto/reading.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tombo::config::mosquitto {

namespace {

constexpr std::int64_t kInt = 2'147'483'647;
constexpr std::int64_t kLong = 0x7FFF'FFFF'FFFF'FFFF;
constexpr std::uint64_t kMost = 0x7FFF'FFFF'FFFF'FFFF;  // stands for the option's maximum

/// "No limit" is the option's maximum; that it is one is no news, so nothing is said.
void take_or_most(Reading& reading, const Line& line) {
  const auto number = number_of(reading, line);
  const Row* row = row_of(*line.directive);
  if (!number || row == nullptr) return;
  if (*number > line.directive->unlimited->at_most) return take_number(reading, line);
  reading.set(row->section, row->key, 0, {static_cast<std::int64_t>(row->max)}, line);
}

constexpr Directive limit(std::string_view name, std::string_view becomes, std::int64_t max, std::string_view what) {
  return Directive{name, Scope::global, kNumber, Fate::honoured, becomes, what, &take_or_most, 1, max}.or_unlimited(
      0, kMost);
}

void take_queued_messages(Reading& reading, const Line& line) {
  take_or_most(reading, line);
  reading.queued_messages = line;
}

void take_queued_bytes(Reading& reading, const Line& line) {
  take_or_most(reading, line);
  reading.queued_bytes = line;
}

void take_memory_limit(Reading& reading, const Line& line) {
  take_number(reading, line);
  reading.memory = line;
}

/// Written for a listener, but tombo has one value: the largest.
void take_alias_broker(Reading& reading, const Line& line) {
  const auto number = number_of(reading, line);
  if (!number) return;
  auto most = static_cast<std::int64_t>(reading.draft.options.limits.topic_alias_max_out);
  if (reading.draft.given(Section::limits, "topic_alias_max_out") && most != *number) {
    reading.warning(line, fmt::format("'{}' is another for another listener; the larger one holds for all", line.name));
    most = std::max(most, *number);
  } else {
    most = *number;
  }
  reading.set(Section::limits, "topic_alias_max_out", 0, {most}, line);
}

// clang-format off
constexpr auto kEntries = std::to_array<Directive>({
  limit("max_inflight_messages", "limits.in_flight_max", 65'535, "QoS 1 and 2 messages to a client before the first is acknowledged; 20 where it is not written, 0 is no limit."),
  number("max_inflight_bytes", Scope::global, "limits.in_flight_bytes_max", 0, kLong, "Their payload bytes; 0 is no limit."),
  Directive{"max_queued_messages", Scope::global, kNumber, Fate::honoured, "limits.queue_messages_max", "Messages that wait for a client; 1000 where it is not written, 0 is no limit.", &take_queued_messages, 1, kInt}.or_unlimited(0, kMost),
  Directive{"max_queued_bytes", Scope::global, kNumber, Fate::honoured, "limits.queue_bytes_max", "Their bytes; 0 and nothing written is no limit but that of the memory.", &take_queued_bytes, 1, kLong}.or_unlimited(0, kMost),
  number("message_size_limit", Scope::global, "limits.payload_bytes_max", 0, 268'435'455, "Longest payload that may be published; 0 is no limit."),
  Directive{"max_packet_size", Scope::global, kNumber, Fate::honoured, "limits.packet_bytes_max", "Longest packet; 0 and nothing written is what MQTT allows.", &take_or_most, 20, 268'435'460}.or_unlimited(0, kMost),
  number("packet_max_connect", Scope::global, "limits.connect_bytes_max", 1, 268'435'460, "Longest CONNECT."),
  without_effect("packet_max_auth", Scope::global, kNumber, "max_packet_size holds for packets of every kind but CONNECT."),
  without_effect("packet_max_simple", Scope::global, kNumber, "packets that have a fixed form are never longer than it."),
  without_effect("packet_max_sub", Scope::global, kNumber, "max_packet_size holds for packets of every kind but CONNECT."),
  without_effect("packet_max_un", Scope::global, kNumber, "max_packet_size holds for packets of every kind but CONNECT."),
  without_effect("packet_buffer_size", Scope::global, kNumber, "buffers are as long as what they hold."),
  limit("global_max_clients", "limits.sessions_max", kInt, "Sessions, connected and stored; 200000 where it is not written, -1 is no limit."),
  limit("global_max_connections", "limits.connections_max", kInt, "Connections on all listeners; 100000 where it is not written, -1 is no limit."),
  number("max_keepalive", Scope::global, "limits.keep_alive_max_s", 10, 65'535, "Longest keep alive; MQTT 5.0 clients are told, older ones that want more are refused; 0 is no limit.").or_unlimited(0, 65'535),
  Directive{"max_topic_alias_broker", Scope::global, kNumber, Fate::partly, "limits.topic_alias_max_out", "Topic aliases that the broker uses towards clients; where listeners differ, the largest holds for all.", &take_alias_broker, 0, 65'535},
  Directive{"memory_limit", Scope::global, kNumber, Fate::honoured, "limits.memory_bytes_max", "Memory for messages and buffers; 0 and nothing written is three quarters of the machine's.", &take_memory_limit, 1, kLong}.or_unlimited(0, 0),
});
// clang-format on

}  // namespace

std::span<const Directive> limit_directives() {
  return kEntries;
}

}  // namespace tombo::config::mosquitto
