#include "plugin/mosquitto/properties.hpp"

#include "mqtt/cursor.hpp"

#include <utility>

namespace tombo::plugin::mosquitto {

using mqtt::PropertyType;

namespace {

std::uint32_t number_of(mqtt::Bytes value, PropertyType type) {
  std::uint32_t number = 0;
  if (type == PropertyType::vbi) {
    for (std::size_t i = 0; i < value.size(); ++i) number |= std::uint32_t{value[i] & 0x7FU} << (7 * i);
    return number;
  }
  for (const std::uint8_t byte : value) number = number << 8 | byte;
  return number;
}

/// The text or bytes behind a length of two bytes.
std::string sized(mqtt::Bytes& from) {
  const std::size_t size = std::size_t{from[0]} << 8 | from[1];
  std::string text{reinterpret_cast<const char*>(from.data() + 2), size};
  from = from.subspan(2 + size);
  return text;
}

void put_sized(std::vector<std::uint8_t>& out, std::string_view text) {
  out.push_back(static_cast<std::uint8_t>(text.size() >> 8));
  out.push_back(static_cast<std::uint8_t>(text.size()));
  out.insert(out.end(), text.begin(), text.end());
}

void put_variable(std::vector<std::uint8_t>& out, std::uint32_t number) {
  for (; number > 0x7F; number >>= 7) out.push_back(static_cast<std::uint8_t>(number | 0x80));
  out.push_back(static_cast<std::uint8_t>(number));
}

void put(std::vector<std::uint8_t>& out, const ::mqtt5__property& property) {
  out.push_back(property.id);
  switch (property.type) {
    case PropertyType::u32:
      out.push_back(static_cast<std::uint8_t>(property.number >> 24));
      out.push_back(static_cast<std::uint8_t>(property.number >> 16));
      [[fallthrough]];
    case PropertyType::u16: out.push_back(static_cast<std::uint8_t>(property.number >> 8)); [[fallthrough]];
    case PropertyType::byte: return out.push_back(static_cast<std::uint8_t>(property.number));
    case PropertyType::vbi: return put_variable(out, property.number);
    case PropertyType::pair: put_sized(out, property.name); [[fallthrough]];
    case PropertyType::text:
    case PropertyType::binary: return put_sized(out, property.value);
  }
}

}  // namespace

void FreeProperties::operator()(PropertyList list) const {
  while (list != nullptr) delete std::exchange(list, list->next);
}

void append(PropertyList& list, std::unique_ptr<::mqtt5__property> property) {
  PropertyList* end = &list;
  while (*end != nullptr) end = &(*end)->next;
  *end = property.release();
}

OwnedProperties properties_of(mqtt::Bytes raw) {
  OwnedProperties list;
  PropertyList last = nullptr;
  mqtt::for_each_property(raw, [&](mqtt::PropertyId id, mqtt::Bytes, mqtt::Bytes value) {
    auto property = std::make_unique<::mqtt5__property>();
    property->id = static_cast<std::uint8_t>(id);
    property->type = mqtt::property_rule(property->id)->type;
    switch (property->type) {
      case PropertyType::pair: property->name = sized(value); [[fallthrough]];
      case PropertyType::text:
      case PropertyType::binary: property->value = sized(value); break;
      default: property->number = number_of(value, property->type);
    }
    PropertyList added = property.release();
    if (last == nullptr) list.reset(added);
    else last->next = added;
    last = added;
  });
  return list;
}

std::size_t wire_size(const ::mqtt5__property& property) {
  switch (property.type) {
    case PropertyType::byte: return 2;
    case PropertyType::u16: return 3;
    case PropertyType::u32: return 5;
    case PropertyType::vbi: return property.number < 128 ? 2 : property.number < 16'384 ? 3 : property.number < 2'097'152 ? 4 : 5;
    case PropertyType::text:
    case PropertyType::binary: return 3 + property.value.size();
    case PropertyType::pair: break;
  }
  return 5 + property.name.size() + property.value.size();
}

std::optional<RawProperties> raw_of(const ::mqtt5__property* list, mqtt::PropertySet set) {
  RawProperties made;
  std::size_t count = 0;
  for (; list != nullptr; list = list->next) {
    if (++count > kPropertiesMax) return {};
    put(made.raw, *list);
  }
  // Whatever the plugin has put together is read as if a client had sent it.
  std::vector<std::uint8_t> section;
  put_variable(section, static_cast<std::uint32_t>(made.raw.size()));
  section.insert(section.end(), made.raw.begin(), made.raw.end());
  mqtt::Cursor cursor{section};
  mqtt::PropertiesView view;
  if (!mqtt::read_properties(cursor, set, kPropertiesMax, view)) return {};
  made.user_properties = view.user_properties;
  return made;
}

}  // namespace tombo::plugin::mosquitto
