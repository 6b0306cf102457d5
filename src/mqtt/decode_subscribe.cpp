#include "mqtt/cursor.hpp"
#include "mqtt/decode.hpp"

namespace tombo::mqtt {
namespace {

constexpr std::uint8_t kQosMask = 0x03;
constexpr std::uint8_t kNoLocalFlag = 0x04;
constexpr std::uint8_t kRetainAsPublishedFlag = 0x08;
constexpr unsigned kRetainHandlingShift = 4;
constexpr std::uint8_t kReservedMask = 0xC0;

/// [MQTT-3.8.3-4, MQTT-3.8.3-5; 3.1.1 MQTT-3.8.3-4]
ReasonCode judge_options(std::uint8_t options, std::string_view filter, Version version) {
  if (version != Version::v5) return options > 2 ? ReasonCode::malformed_packet : ReasonCode::success;
  if ((options & kReservedMask) != 0) return ReasonCode::malformed_packet;
  if ((options & kQosMask) == 3 || (options >> kRetainHandlingShift) == 3) return ReasonCode::protocol_error;
  if ((options & kNoLocalFlag) != 0 && filter.starts_with("$share/")) return ReasonCode::protocol_error;
  return ReasonCode::success;
}

}  // namespace

Result<void, ReasonCode> decode_subscribe(const Frame& frame, Version version, const DecodeLimits& limits,
                                          SubscribeView& out) {
  // [MQTT-3.8.1-1]; at 3.1 a resent one has DUP, too.
  const bool flags_valid = frame.flags == 0x02 || (version == Version::v3_1 && frame.flags == 0x0A);
  Cursor cursor(frame.body);
  out.version = version;
  out.packet_id = cursor.u16();
  if (!flags_valid || !cursor.ok()) return Failure{ReasonCode::malformed_packet};
  if (out.packet_id == 0) return Failure{ReasonCode::protocol_error};
  if (version == Version::v5) {
    auto read = read_properties(cursor, PropertySet::subscribe, limits.properties_max, out.properties);
    if (!read) return read;
  }
  out.filters = cursor.rest();
  out.count = 0;
  while (!cursor.at_end()) {
    const std::string_view filter = cursor.text();
    const std::uint8_t options = cursor.u8();
    if (!cursor.ok()) return Failure{ReasonCode::malformed_packet};
    const ReasonCode reason = judge_options(options, filter, version);
    if (reason != ReasonCode::success) return Failure{reason};
    ++out.count;
  }
  if (out.count == 0) return Failure{ReasonCode::protocol_error};  // [MQTT-3.8.3-2]
  return {};
}

SubscriptionView next_subscription(Bytes& filters, Version version) {
  SubscriptionView subscription;
  subscription.filter = next_filter(filters);
  const std::uint8_t options = filters[0];
  filters = filters.subspan(1);
  subscription.options.qos = static_cast<Qos>(options & kQosMask);
  if (version == Version::v5) {
    subscription.options.no_local = (options & kNoLocalFlag) != 0;
    subscription.options.retain_as_published = (options & kRetainAsPublishedFlag) != 0;
    subscription.options.retain_handling = static_cast<RetainHandling>(options >> kRetainHandlingShift & 3U);
  }
  return subscription;
}

}  // namespace tombo::mqtt
