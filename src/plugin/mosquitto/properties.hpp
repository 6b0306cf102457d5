#pragma once

#include "mqtt/properties.hpp"
#include "plugin/mosquitto/abi.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// One property; a list of them is what plugins call properties.  Texts end with a NUL that does not count.
struct mqtt5__property {
  mqtt5__property* next = nullptr;
  std::uint8_t id = 0;
  tombo::mqtt::PropertyType type = tombo::mqtt::PropertyType::byte;
  std::uint32_t number = 0;
  std::string value;  // a text, bytes, or a pair's value
  std::string name;   // of a pair
};

namespace tombo::plugin::mosquitto {

using PropertyList = ::mqtt5__property*;

/// Properties of one call at most; more are refused.
inline constexpr std::size_t kPropertiesMax = 1'000;

struct FreeProperties {
  void operator()(PropertyList list) const;
};
using OwnedProperties = std::unique_ptr<::mqtt5__property, FreeProperties>;

/// As a list; `raw` was checked.
OwnedProperties properties_of(mqtt::Bytes raw);

/// The list as a section without its length; nothing where it is none for `set`: unknown, out of range, no valid text, too many.
struct RawProperties {
  std::vector<std::uint8_t> raw;
  std::uint16_t user_properties = 0;
};
std::optional<RawProperties> raw_of(const ::mqtt5__property* list, mqtt::PropertySet set);

/// Bytes of one property on the wire.
std::size_t wire_size(const ::mqtt5__property& property);

/// Puts one at the end.
void append(PropertyList& list, std::unique_ptr<::mqtt5__property> property);

}  // namespace tombo::plugin::mosquitto
