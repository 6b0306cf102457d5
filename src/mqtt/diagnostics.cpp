#include "mqtt/diagnostics.hpp"

namespace tombo::mqtt {

std::size_t size_of(const Diagnostics& diagnostics) {
  std::size_t size = diagnostics.reason_string.empty() ? 0 : 3 + diagnostics.reason_string.size();
  for (const auto& [name, value] : diagnostics.user_properties) size += 5 + name.size() + value.size();
  return size;
}

void write(RawWriter& writer, const Diagnostics& diagnostics) {
  if (!diagnostics.reason_string.empty()) {
    writer.property(PropertyId::reason_string);
    writer.text(diagnostics.reason_string);
  }
  for (const auto& [name, value] : diagnostics.user_properties) {
    writer.property(PropertyId::user_property);
    writer.text(name);
    writer.text(value);
  }
}

std::optional<Diagnostics> fit(const Diagnostics& wanted, std::size_t packet_max, std::size_t fixed,
                               std::size_t properties) {
  const auto fits = [&](const Diagnostics& diagnostics) {
    const std::size_t remaining = fixed + section_size(properties + size_of(diagnostics));
    return remaining <= kRemainingLengthMax && packet_size(remaining) <= packet_max;
  };
  if (fits(wanted)) return wanted;
  const Diagnostics reason_only{wanted.reason_string, {}};
  if (fits(reason_only)) return reason_only;
  if (fits({})) return Diagnostics{};
  return std::nullopt;
}

}  // namespace tombo::mqtt
