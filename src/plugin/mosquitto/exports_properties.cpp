// Lists of MQTT 5.0 properties.
#include "mqtt/utf8.hpp"
#include "plugin/mosquitto/exports.hpp"

#include <array>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>

using namespace tombo;
using namespace tombo::plugin::mosquitto;
using mqtt::PropertySet;
using mqtt::PropertyType;
using Property = ::mqtt5__property;

namespace {

constexpr std::size_t kTextMax = 65'535;
constexpr std::uint32_t kVariableMax = 268'435'455;

/// By the first byte of the packet on the wire; wills have a number of their own.
std::optional<PropertySet> set_of(int command) {
  switch (command) {
    case 0x10: return PropertySet::connect;
    case 0x20: return PropertySet::connack;
    case 0x30: return PropertySet::publish;
    case 0x40: return PropertySet::puback;
    case 0x50: return PropertySet::pubrec;
    case 0x60: return PropertySet::pubrel;
    case 0x70: return PropertySet::pubcomp;
    case 0x80: return PropertySet::subscribe;
    case 0x90: return PropertySet::suback;
    case 0xA0: return PropertySet::unsubscribe;
    case 0xB0: return PropertySet::unsuback;
    case 0xE0: return PropertySet::disconnect;
    case 0xF0: return PropertySet::auth;
    case 0x100: return PropertySet::will;
    default: return {};
  }
}

const mqtt::PropertyRule* rule_of(int id) { return id < 0 ? nullptr : mqtt::property_rule(static_cast<std::uint32_t>(id)); }

std::unique_ptr<Property> made(PropertyList* list, int id, PropertyType type) {
  const auto* rule = rule_of(id);
  if (list == nullptr || rule == nullptr || rule->type != type) return nullptr;
  auto property = std::make_unique<Property>();
  property->id = static_cast<std::uint8_t>(id);
  property->type = type;
  return property;
}

int add_number(PropertyList* list, int id, PropertyType type, std::uint32_t number) {
  auto property = made(list, id, type);
  if (property == nullptr || (type == PropertyType::vbi && number > kVariableMax)) return kInvalid;
  property->number = number;
  append(*list, std::move(property));
  return kSuccess;
}

/// The first one of this identifier; the next one after the first where that is wanted.
const Property* find(const Property* list, int id, PropertyType type, bool skip_first) {
  const auto* rule = rule_of(id);
  if (list == nullptr || rule == nullptr || rule->type != type) return nullptr;
  for (bool skip = skip_first; list != nullptr; list = list->next) {
    if (list->id == id && !std::exchange(skip, false)) return list;
  }
  return nullptr;
}

template <class Number>
const Property* read_number(const Property* list, int id, PropertyType type, Number* value, bool skip_first) {
  const Property* found = find(list, id, type, skip_first);
  if (found != nullptr && value != nullptr) *value = static_cast<Number>(found->number);
  return found;
}

/// For the plugin, which frees it.
char* copied(const std::string& text) {
  auto* copy = static_cast<char*>(mosquitto_malloc(text.size() + 1));
  if (copy != nullptr) std::memcpy(copy, text.c_str(), text.size() + 1);
  return copy;
}

bool is_text(const char* text) {
  const std::size_t size = ::strnlen(text, kTextMax + 1);
  return size <= kTextMax && mqtt::is_valid_text({text, size});
}

/// As plugins know the names: words with hyphens.
std::string hyphened(std::string_view name) {
  std::string text{name};
  for (char& character : text) {
    if (character == ' ' || character == '_') character = '-';
    else if (character >= 'A' && character <= 'Z') character = static_cast<char>(character - 'A' + 'a');
  }
  return text;
}

struct Name {
  int id;
  const char* text;
};
constexpr Name kNames[] = {{0x01, "payload-format-indicator"}, {0x02, "message-expiry-interval"}, {0x03, "content-type"},
                           {0x08, "response-topic"}, {0x09, "correlation-data"}, {0x0B, "subscription-identifier"},
                           {0x11, "session-expiry-interval"}, {0x12, "assigned-client-identifier"}, {0x13, "server-keep-alive"},
                           {0x15, "authentication-method"}, {0x16, "authentication-data"}, {0x17, "request-problem-information"},
                           {0x18, "will-delay-interval"}, {0x19, "request-response-information"}, {0x1A, "response-information"},
                           {0x1C, "server-reference"}, {0x1F, "reason-string"}, {0x21, "receive-maximum"},
                           {0x22, "topic-alias-maximum"}, {0x23, "topic-alias"}, {0x24, "maximum-qos"},
                           {0x25, "retain-available"}, {0x26, "user-property"}, {0x27, "maximum-packet-size"},
                           {0x28, "wildcard-subscription-available"}, {0x29, "subscription-identifier-available"},
                           {0x2A, "shared-subscription-available"}};

/// The numbers that plugins know types by.
int number_of(PropertyType type) {
  switch (type) {
    case PropertyType::byte: return 1;
    case PropertyType::u16: return 2;
    case PropertyType::u32: return 3;
    case PropertyType::vbi: return 4;
    case PropertyType::binary: return 5;
    case PropertyType::text: return 6;
    case PropertyType::pair: return 7;
  }
  return 0;
}

bool has_type(const Property* property, PropertyType type) { return property != nullptr && property->type == type; }

}  // namespace

TOMBO_FOR_MOSQUITTO int mosquitto_property_add_byte(PropertyList* list, int id, std::uint8_t value) {
  return add_number(list, id, PropertyType::byte, value);
}
TOMBO_FOR_MOSQUITTO int mosquitto_property_add_int16(PropertyList* list, int id, std::uint16_t value) {
  return add_number(list, id, PropertyType::u16, value);
}
TOMBO_FOR_MOSQUITTO int mosquitto_property_add_int32(PropertyList* list, int id, std::uint32_t value) {
  return add_number(list, id, PropertyType::u32, value);
}
TOMBO_FOR_MOSQUITTO int mosquitto_property_add_varint(PropertyList* list, int id, std::uint32_t value) {
  return add_number(list, id, PropertyType::vbi, value);
}
TOMBO_FOR_MOSQUITTO int mosquitto_property_add_binary(PropertyList* list, int id, const void* value, std::uint16_t size) {
  auto property = made(list, id, PropertyType::binary);
  if (property == nullptr || (value == nullptr && size > 0)) return kInvalid;
  if (size > 0) property->value.assign(static_cast<const char*>(value), size);
  append(*list, std::move(property));
  return kSuccess;
}
TOMBO_FOR_MOSQUITTO int mosquitto_property_add_string(PropertyList* list, int id, const char* value) {
  auto property = made(list, id, PropertyType::text);
  if (property == nullptr) return kInvalid;
  if (value != nullptr && !is_text(value)) return kMalformedUtf8;
  if (value != nullptr) property->value = value;
  append(*list, std::move(property));
  return kSuccess;
}
TOMBO_FOR_MOSQUITTO int mosquitto_property_add_string_pair(PropertyList* list, int id, const char* name, const char* value) {
  auto property = made(list, id, PropertyType::pair);
  if (property == nullptr || name == nullptr || value == nullptr) return kInvalid;
  if (!is_text(name) || !is_text(value)) return kMalformedUtf8;
  property->name = name;
  property->value = value;
  append(*list, std::move(property));
  return kSuccess;
}

TOMBO_FOR_MOSQUITTO int mosquitto_property_identifier(const Property* property) { return property == nullptr ? 0 : property->id; }
TOMBO_FOR_MOSQUITTO const Property* mosquitto_property_next(const Property* property) {
  return property == nullptr ? nullptr : property->next;
}
TOMBO_FOR_MOSQUITTO const Property* mosquitto_property_read_byte(const Property* list, int id, std::uint8_t* value, bool skip_first) {
  return read_number(list, id, PropertyType::byte, value, skip_first);
}
TOMBO_FOR_MOSQUITTO const Property* mosquitto_property_read_int16(const Property* list, int id, std::uint16_t* value, bool skip_first) {
  return read_number(list, id, PropertyType::u16, value, skip_first);
}
TOMBO_FOR_MOSQUITTO const Property* mosquitto_property_read_int32(const Property* list, int id, std::uint32_t* value, bool skip_first) {
  return read_number(list, id, PropertyType::u32, value, skip_first);
}
TOMBO_FOR_MOSQUITTO const Property* mosquitto_property_read_varint(const Property* list, int id, std::uint32_t* value, bool skip_first) {
  return read_number(list, id, PropertyType::vbi, value, skip_first);
}
TOMBO_FOR_MOSQUITTO const Property* mosquitto_property_read_binary(const Property* list, int id, void** value, std::uint16_t* size,
                                                                   bool skip_first) {
  if ((value == nullptr) != (size == nullptr)) return nullptr;
  if (value != nullptr) *value = nullptr, *size = 0;
  const Property* found = find(list, id, PropertyType::binary, skip_first);
  if (found == nullptr || value == nullptr) return found;
  if ((*value = copied(found->value)) == nullptr) return nullptr;
  *size = static_cast<std::uint16_t>(found->value.size());
  return found;
}
TOMBO_FOR_MOSQUITTO const Property* mosquitto_property_read_string(const Property* list, int id, char** value, bool skip_first) {
  if (value != nullptr) *value = nullptr;
  const Property* found = find(list, id, PropertyType::text, skip_first);
  if (found == nullptr || value == nullptr) return found;
  return (*value = copied(found->value)) == nullptr ? nullptr : found;
}
TOMBO_FOR_MOSQUITTO const Property* mosquitto_property_read_string_pair(const Property* list, int id, char** name, char** value,
                                                                        bool skip_first) {
  if (name != nullptr) *name = nullptr;
  if (value != nullptr) *value = nullptr;
  const Property* found = find(list, id, PropertyType::pair, skip_first);
  if (found == nullptr) return nullptr;
  if (name != nullptr && (*name = copied(found->name)) == nullptr) return nullptr;
  if (value != nullptr && (*value = copied(found->value)) == nullptr) {
    if (name != nullptr) mosquitto_free(std::exchange(*name, nullptr));
    return nullptr;
  }
  return found;
}

TOMBO_FOR_MOSQUITTO void mosquitto_property_free_all(PropertyList* list) {
  if (list != nullptr) FreeProperties{}(std::exchange(*list, nullptr));
}
TOMBO_FOR_MOSQUITTO void mosquitto_property_free(PropertyList* property) {
  if (property == nullptr || *property == nullptr) return;
  (*property)->next = nullptr;
  mosquitto_property_free_all(property);
}
TOMBO_FOR_MOSQUITTO int mosquitto_property_remove(PropertyList* list, const Property* property) {
  if (list == nullptr || property == nullptr) return kInvalid;
  for (PropertyList* at = list; *at != nullptr; at = &(*at)->next) {
    if (*at != property) continue;
    *at = (*at)->next;
    return kSuccess;
  }
  return kNotFound;
}
TOMBO_FOR_MOSQUITTO int mosquitto_property_copy_all(PropertyList* to, const Property* from) {
  if (to == nullptr) return kInvalid;
  *to = nullptr;
  for (PropertyList* end = to; from != nullptr; from = from->next, end = &(*end)->next) {
    *end = new Property(*from);
    (*end)->next = nullptr;
  }
  return kSuccess;
}

TOMBO_FOR_MOSQUITTO int mosquitto_property_check_command(int command, int id) {
  const auto set = set_of(command);
  const auto* rule = rule_of(id);
  if (!set || rule == nullptr) return kProtocol;
  return (rule->sets >> static_cast<unsigned>(*set) & 1U) != 0 ? kSuccess : kProtocol;
}
TOMBO_FOR_MOSQUITTO int mosquitto_property_check_all(int command, const Property* list) {
  const auto set = set_of(command);
  for (const Property* each = list; each != nullptr; each = each->next) {
    if (const int wrong = mosquitto_property_check_command(command, each->id); wrong != kSuccess) return wrong;
    const auto* rule = rule_of(each->id);
    if ((rule->repeatable >> static_cast<unsigned>(*set) & 1U) != 0) continue;
    for (const Property* other = each->next; other != nullptr; other = other->next) {
      if (other->id == each->id) return kDuplicateProperty;
    }
  }
  return !set || raw_of(list, *set) ? kSuccess : kProtocol;
}
TOMBO_FOR_MOSQUITTO const char* mosquitto_property_identifier_to_string(int id) {
  for (const Name& each : kNames) {
    if (each.id == id) return each.text;
  }
  return nullptr;
}
TOMBO_FOR_MOSQUITTO int mosquitto_string_to_property_info(const char* name, int* id, int* type) {
  if (name == nullptr || id == nullptr || type == nullptr) return kInvalid;
  const std::string wanted = hyphened({name, ::strnlen(name, 64)});
  for (const Name& each : kNames) {
    if (wanted != each.text) continue;
    *id = each.id;
    *type = number_of(rule_of(each.id)->type);
    return kSuccess;
  }
  return kInvalid;
}

TOMBO_FOR_MOSQUITTO int mosquitto_property_type(const Property* property) { return property == nullptr ? 0 : number_of(property->type); }
TOMBO_FOR_MOSQUITTO std::uint8_t mosquitto_property_byte_value(const Property* property) {
  return has_type(property, PropertyType::byte) ? static_cast<std::uint8_t>(property->number) : std::uint8_t{0};
}
TOMBO_FOR_MOSQUITTO std::uint16_t mosquitto_property_int16_value(const Property* property) {
  return has_type(property, PropertyType::u16) ? static_cast<std::uint16_t>(property->number) : std::uint16_t{0};
}
TOMBO_FOR_MOSQUITTO std::uint32_t mosquitto_property_int32_value(const Property* property) {
  return has_type(property, PropertyType::u32) ? property->number : 0;
}
TOMBO_FOR_MOSQUITTO std::uint32_t mosquitto_property_varint_value(const Property* property) {
  return has_type(property, PropertyType::vbi) ? property->number : 0;
}
TOMBO_FOR_MOSQUITTO const void* mosquitto_property_binary_value(const Property* property) {
  return has_type(property, PropertyType::binary) ? property->value.data() : nullptr;
}
TOMBO_FOR_MOSQUITTO std::uint16_t mosquitto_property_binary_value_length(const Property* property) {
  return has_type(property, PropertyType::binary) ? static_cast<std::uint16_t>(property->value.size()) : std::uint16_t{0};
}
TOMBO_FOR_MOSQUITTO const char* mosquitto_property_string_value(const Property* property) {
  return has_type(property, PropertyType::text) || has_type(property, PropertyType::pair) ? property->value.c_str() : nullptr;
}
TOMBO_FOR_MOSQUITTO std::uint16_t mosquitto_property_string_value_length(const Property* property) {
  const bool text = has_type(property, PropertyType::text) || has_type(property, PropertyType::pair);
  return text ? static_cast<std::uint16_t>(property->value.size()) : std::uint16_t{0};
}
TOMBO_FOR_MOSQUITTO const char* mosquitto_property_string_name(const Property* property) {
  return has_type(property, PropertyType::pair) ? property->name.c_str() : nullptr;
}
TOMBO_FOR_MOSQUITTO std::uint16_t mosquitto_property_string_name_length(const Property* property) {
  return has_type(property, PropertyType::pair) ? static_cast<std::uint16_t>(property->name.size()) : std::uint16_t{0};
}
TOMBO_FOR_MOSQUITTO unsigned mosquitto_property_get_length(const Property* property) {
  return property == nullptr ? 0 : static_cast<unsigned>(wire_size(*property));
}
TOMBO_FOR_MOSQUITTO unsigned mosquitto_property_get_length_all(const Property* list) {
  std::size_t size = 0;
  for (; list != nullptr; list = list->next) size += wire_size(*list);
  return static_cast<unsigned>(size);
}
TOMBO_FOR_MOSQUITTO unsigned mosquitto_varint_bytes(std::uint32_t number) {
  return number < 128 ? 1 : number < 16'384 ? 2 : number < 2'097'152 ? 3 : number <= kVariableMax ? 4 : 5;
}
TOMBO_FOR_MOSQUITTO unsigned mosquitto_property_get_remaining_length(const Property* list) {
  const unsigned size = mosquitto_property_get_length_all(list);
  return size + mosquitto_varint_bytes(size);
}

namespace tombo::plugin::mosquitto {
void link_property_functions() {}
}  // namespace tombo::plugin::mosquitto
