#include "mqtt/encode.hpp"

#include "mqtt/raw_writer.hpp"

#include "base/assert.hpp"

#include <array>

namespace tombo::mqtt {
namespace {

constexpr std::size_t kNumberMax = 5;

/// A longer text has no wire form; our own callers check before.
void write_field(std::vector<std::uint8_t>& out, Bytes value) {
  TOMBO_ASSERT(value.size() <= 0xFFFF);
  out.push_back(static_cast<std::uint8_t>(value.size() >> 8));
  out.push_back(static_cast<std::uint8_t>(value.size()));
  out.insert(out.end(), value.begin(), value.end());
}

}  // namespace

PropertyWriter& PropertyWriter::number(PropertyId id, std::uint32_t value) {
  std::array<std::uint8_t, kNumberMax> room{};
  RawWriter writer(room.data());
  writer.property(id);
  const PropertyRule* rule = property_rule(static_cast<std::uint32_t>(id));
  TOMBO_ASSERT(rule != nullptr);
  std::size_t size = 0;
  switch (rule->type) {
    case PropertyType::byte:
      writer.u8(value), size = 2;
      break;
    case PropertyType::u16:
      writer.u16(value), size = 3;
      break;
    case PropertyType::u32:
      writer.u32(value), size = 5;
      break;
    default:
      writer.varint(value), size = 1 + varint_size(value);
      break;
  }
  bytes_.insert(bytes_.end(), room.begin(), room.begin() + static_cast<std::ptrdiff_t>(size));
  return *this;
}

PropertyWriter& PropertyWriter::text(PropertyId id, std::string_view value) {
  return binary(id, bytes_of(value));
}

PropertyWriter& PropertyWriter::binary(PropertyId id, Bytes value) {
  bytes_.push_back(static_cast<std::uint8_t>(id));
  write_field(bytes_, value);
  return *this;
}

PropertyWriter& PropertyWriter::user(std::string_view name, std::string_view value) {
  bytes_.push_back(static_cast<std::uint8_t>(PropertyId::user_property));
  write_field(bytes_, bytes_of(name));
  write_field(bytes_, bytes_of(value));
  return *this;
}

}  // namespace tombo::mqtt
