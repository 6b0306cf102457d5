#include "mqtt/properties.hpp"

#include "mqtt/cursor.hpp"
#include "mqtt/topic.hpp"

#include <array>
#include <cstddef>
#include <cstring>

namespace tombo::mqtt {
namespace {

constexpr std::uint32_t in(PropertySet set) {
  return 1U << static_cast<unsigned>(set);
}
template <class... Sets>
constexpr std::uint32_t in(PropertySet set, Sets... more) {
  return in(set) | in(more...);
}

constexpr std::uint32_t kMax32 = 0xFFFF'FFFF;
constexpr std::uint32_t kMax16 = 0xFFFF;

using enum PropertySet;
using Id = PropertyId;
using Type = PropertyType;

constexpr std::uint32_t kMessage = in(PropertySet::publish, PropertySet::will);
constexpr std::uint32_t kAll = (in(PropertySet::will) << 1) - 1;
constexpr std::uint32_t kAnswers =
    in(connack, puback, pubrec, pubrel, pubcomp, suback, unsuback, disconnect, auth);

#define FIELD(name) static_cast<std::uint16_t>(offsetof(PropertiesView, name))

/// Packets.md, section 4.
constexpr std::array kRules{
    PropertyRule{Id::payload_format_indicator, Type::byte, FIELD(payload_format_indicator), kMessage, 0, 0, 1,
                 "payload_format_indicator"},
    PropertyRule{Id::message_expiry_interval, Type::u32, FIELD(message_expiry_interval), kMessage, 0, 0,
                 kMax32, "message_expiry_interval"},
    PropertyRule{Id::content_type, Type::text, FIELD(content_type), kMessage, 0, 0, 0, "content_type"},
    PropertyRule{Id::response_topic, Type::text, FIELD(response_topic), kMessage, 0, 0, 0, "response_topic"},
    PropertyRule{Id::correlation_data, Type::binary, FIELD(correlation_data), kMessage, 0, 0, 0,
                 "correlation_data"},
    PropertyRule{Id::subscription_identifier, Type::vbi, FIELD(subscription_identifier),
                 in(PropertySet::publish, PropertySet::subscribe), in(PropertySet::publish), 1,
                 kSubscriptionIdMax, "subscription_identifier"},
    PropertyRule{Id::session_expiry_interval, Type::u32, FIELD(session_expiry_interval),
                 in(connect, connack, disconnect), 0, 0, kMax32, "session_expiry_interval"},
    PropertyRule{Id::assigned_client_identifier, Type::text, FIELD(assigned_client_identifier), in(connack),
                 0, 0, 0, "assigned_client_identifier"},
    PropertyRule{Id::server_keep_alive, Type::u16, FIELD(server_keep_alive), in(connack), 0, 0, kMax16,
                 "server_keep_alive"},
    PropertyRule{Id::authentication_method, Type::text, FIELD(authentication_method),
                 in(connect, connack, auth), 0, 0, 0, "authentication_method"},
    PropertyRule{Id::authentication_data, Type::binary, FIELD(authentication_data),
                 in(connect, connack, auth), 0, 0, 0, "authentication_data"},
    PropertyRule{Id::request_problem_information, Type::byte, FIELD(request_problem_information), in(connect),
                 0, 0, 1, "request_problem_information"},
    PropertyRule{Id::will_delay_interval, Type::u32, FIELD(will_delay_interval), in(will), 0, 0, kMax32,
                 "will_delay_interval"},
    PropertyRule{Id::request_response_information, Type::byte, FIELD(request_response_information),
                 in(connect), 0, 0, 1, "request_response_information"},
    PropertyRule{Id::response_information, Type::text, FIELD(response_information), in(connack), 0, 0, 0,
                 "response_information"},
    PropertyRule{Id::server_reference, Type::text, FIELD(server_reference), in(connack, disconnect), 0, 0, 0,
                 "server_reference"},
    PropertyRule{Id::reason_string, Type::text, FIELD(reason_string), kAnswers, 0, 0, 0, "reason_string"},
    PropertyRule{Id::receive_maximum, Type::u16, FIELD(receive_maximum), in(connect, connack), 0, 1, kMax16,
                 "receive_maximum"},
    PropertyRule{Id::topic_alias_maximum, Type::u16, FIELD(topic_alias_maximum), in(connect, connack), 0, 0,
                 kMax16, "topic_alias_maximum"},
    PropertyRule{Id::topic_alias, Type::u16, FIELD(topic_alias), in(PropertySet::publish), 0, 1, kMax16,
                 "topic_alias"},
    PropertyRule{Id::maximum_qos, Type::byte, FIELD(maximum_qos), in(connack), 0, 0, 1, "maximum_qos"},
    PropertyRule{Id::retain_available, Type::byte, FIELD(retain_available), in(connack), 0, 0, 1,
                 "retain_available"},
    PropertyRule{Id::user_property, Type::pair, 0, kAll, kAll, 0, 0, "user_property"},
    PropertyRule{Id::maximum_packet_size, Type::u32, FIELD(maximum_packet_size), in(connect, connack), 0, 1,
                 kMax32, "maximum_packet_size"},
    PropertyRule{Id::wildcard_subscription_available, Type::byte, FIELD(wildcard_subscription_available),
                 in(connack), 0, 0, 1, "wildcard_subscription_available"},
    PropertyRule{Id::subscription_identifier_available, Type::byte, FIELD(subscription_identifier_available),
                 in(connack), 0, 0, 1, "subscription_identifier_available"},
    PropertyRule{Id::shared_subscription_available, Type::byte, FIELD(shared_subscription_available),
                 in(connack), 0, 0, 1, "shared_subscription_available"},
};

#undef FIELD

constexpr std::size_t kIdEnd = 0x2B;
constexpr std::uint8_t kNoRule = 0xFF;

/// Where in kRules an identifier's row is.
constexpr std::array<std::uint8_t, kIdEnd> make_index() {
  std::array<std::uint8_t, kIdEnd> index{};
  for (auto& entry : index) entry = kNoRule;
  for (std::size_t i = 0; i < kRules.size(); ++i) {
    index[static_cast<std::size_t>(kRules[i].id)] = static_cast<std::uint8_t>(i);
  }
  return index;
}
constexpr std::array<std::uint8_t, kIdEnd> kIndex = make_index();

constexpr std::uint64_t bit(Id id) {
  return std::uint64_t{1} << static_cast<unsigned>(id);
}
constexpr std::uint64_t kForwarded = bit(Id::payload_format_indicator) | bit(Id::content_type) |
                                     bit(Id::response_topic) | bit(Id::correlation_data) |
                                     bit(Id::user_property);

template <class T>
void store(PropertiesView& properties, const PropertyRule& rule, T value) {
  std::memcpy(reinterpret_cast<char*>(&properties) + rule.field, &value, sizeof value);
}

/// Reads a value and puts it into its field.  The cursor knows whether it was well formed.
ReasonCode read_number(Cursor& cursor, const PropertyRule& rule, bool first, PropertiesView& properties) {
  std::uint32_t value = 0;
  switch (rule.type) {
    case Type::byte:
      value = cursor.u8();
      break;
    case Type::u16:
      value = cursor.u16();
      break;
    case Type::u32:
      value = cursor.u32();
      break;
    default:
      value = cursor.varint();
      break;
  }
  if (!cursor.ok()) return ReasonCode::malformed_packet;
  if (value < rule.minimum || value > rule.maximum) {
    return rule.id == Id::topic_alias ? ReasonCode::topic_alias_invalid : ReasonCode::protocol_error;
  }
  if (!first) return ReasonCode::success;
  switch (rule.type) {
    case Type::byte:
      store(properties, rule, static_cast<std::uint8_t>(value));
      break;
    case Type::u16:
      store(properties, rule, static_cast<std::uint16_t>(value));
      break;
    default:
      store(properties, rule, value);
      break;
  }
  return ReasonCode::success;
}

ReasonCode read_value(Cursor& cursor, const PropertyRule& rule, bool first, PropertiesView& properties) {
  switch (rule.type) {
    case Type::text: {
      const std::string_view text = cursor.text();
      store(properties, rule, text);
      // A response topic is a topic name.  [MQTT-3.3.2-14]
      if (cursor.ok() && rule.id == Id::response_topic && !is_valid_topic_name(text))
        return ReasonCode::protocol_error;
      break;
    }
    case Type::binary:
      store(properties, rule, cursor.binary());
      break;
    case Type::pair:
      cursor.text();
      cursor.text();
      ++properties.user_properties;
      break;
    default:
      return read_number(cursor, rule, first, properties);
  }
  return cursor.ok() ? ReasonCode::success : ReasonCode::malformed_packet;
}

std::size_t length_at(Bytes raw, std::size_t at) {
  return std::size_t{raw[at]} << 8 | raw[at + 1];
}

}  // namespace

const PropertyRule* property_rule(std::uint32_t id) {
  if (id >= kIdEnd || kIndex[id] == kNoRule) return nullptr;
  return &kRules[kIndex[id]];
}

Result<void, ReasonCode> read_properties(Cursor& cursor, PropertySet set, std::uint32_t count_max,
                                         PropertiesView& properties) {
  properties.reset();
  const Bytes raw = cursor.take(cursor.varint());
  if (!cursor.ok()) return Failure{ReasonCode::malformed_packet};
  Cursor rest(raw);
  for (std::uint32_t count = 0; !rest.at_end(); ++count) {
    if (count == count_max) return Failure{ReasonCode::packet_too_large};
    const PropertyRule* rule = property_rule(rest.varint());
    if (rule == nullptr || (rule->sets & in(set)) == 0) return Failure{ReasonCode::malformed_packet};
    const bool first = !properties.has(rule->id);
    if (!first && (rule->repeatable & in(set)) == 0) return Failure{ReasonCode::protocol_error};
    properties.present |= bit(rule->id);
    const ReasonCode reason = read_value(rest, *rule, first, properties);
    if (reason != ReasonCode::success) return Failure{reason};
  }
  properties.raw = raw;
  return {};
}

std::size_t property_size(Bytes raw) {
  switch (property_rule(raw[0])->type) {
    case Type::byte:
      return 2;
    case Type::u16:
      return 3;
    case Type::u32:
      return 5;
    case Type::text:
    case Type::binary:
      return 3 + length_at(raw, 1);
    case Type::pair: {
      const std::size_t value_at = 3 + length_at(raw, 1);
      return value_at + 2 + length_at(raw, value_at);
    }
    case Type::vbi:
      break;
  }
  std::size_t size = 2;
  while (raw[size - 1] >= 0x80) ++size;
  return size;
}

std::size_t forwarded_size(Bytes raw) {
  std::size_t size = 0;
  for_each_property(raw, [&](Id id, Bytes whole, Bytes) {
    if ((kForwarded & bit(id)) != 0) size += whole.size();
  });
  return size;
}

void copy_forwarded(Bytes raw, std::uint8_t* out) {
  for_each_property(raw, [&](Id id, Bytes whole, Bytes) {
    if ((kForwarded & bit(id)) == 0) return;
    std::memcpy(out, whole.data(), whole.size());
    out += whole.size();
  });
}

}  // namespace tombo::mqtt
