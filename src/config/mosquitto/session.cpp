#include "config/mosquitto/entries.hpp"
#include "config/mosquitto/reading.hpp"

#include <fmt/format.h>

namespace tombo::config::mosquitto {

namespace {

constexpr std::uint64_t kNever = 0xFFFFFFFF;

/// "14d": hours, days, weeks, months of 30 and years of 365 days.
void take_expiration(Reading& reading, const Line& line) {
  std::string_view word = only_word(reading, line);
  std::uint64_t unit = 0;
  switch (word.back()) {
    case 'h':
      unit = 3'600;
      break;
    case 'd':
      unit = 86'400;
      break;
    case 'w':
      unit = 604'800;
      break;
    case 'm':
      unit = 2'592'000;
      break;
    case 'y':
      unit = 31'536'000;
      break;
    default:
      break;
  }
  if (unit != 0) word.remove_suffix(1);
  const auto count = parse_number(word);
  if (unit == 0 || !count || *count < 1) {
    return reading.error(line, fmt::format("'{}' is '{}', but must be a number and one of h, d, w, m, y, such as 14d",
                                           line.name, line.value));
  }
  const auto units = static_cast<std::uint64_t>(*count);
  if (units > (kNever - 1) / unit) {
    reading.warning(line, fmt::format("'{}' is longer than MQTT can say, so sessions never expire", line.name));
  }
  const std::uint64_t seconds = units > (kNever - 1) / unit ? kNever : units * unit;
  reading.set(Section::limits, "session_expiry_max_s", 0, {static_cast<std::int64_t>(seconds)}, line);
}

// clang-format off
constexpr auto kEntries = std::to_array<Directive>({
  special("persistent_client_expiration", Scope::global, "number and h, d, w, m or y", "limits.session_expiry_max_s", &take_expiration, "Sessions of clients that are away so long are forgotten; never where it is not written."),
  flag("queue_qos0_messages", Scope::global, "mqtt.queue_qos0_offline", "QoS 0 messages wait for clients that are away."),
  flag("retain_available", Scope::global, "mqtt.retain_available", "Messages may be retained."),
  number("retain_expiry_interval", Scope::global, "limits.retained_expiry_s", 0, 0xFFFFFFFF, "Seconds after which a retained message is forgotten; 0 is never."),
  flag("upgrade_outgoing_qos", Scope::global, "mqtt.upgrade_outgoing_qos", "Messages are sent with the QoS of the subscription."),
  Directive{"allow_duplicate_messages", Scope::global, kFlag, Fate::honoured, "mqtt.deliver_overlapping_once", "A message comes once for each subscription that matches; false where it is not written.", &take_flag_inverted},
  number("sys_interval", Scope::global, "sys.interval_s", 0, 65'535, "Seconds between two updates of $SYS; 0 is none."),
  without_effect("retry_interval", Scope::global, kNumber, "MQTT sends messages again when a client comes back and at no other time; Mosquitto dropped it in 1.5."),
  without_effect("store_clean_interval", Scope::global, kNumber, "what nobody needs any more is freed at once; Mosquitto dropped it in 1.5."),
});
// clang-format on

}  // namespace

std::span<const Directive> session_directives() {
  return kEntries;
}

}  // namespace tombo::config::mosquitto
