#include "mqtt/encode.hpp"
#include "mqtt/raw_writer.hpp"

namespace tombo::mqtt {
namespace {

std::size_t field_size(std::size_t size) {
  return 2 + size;
}

std::size_t raw_section_size(Version version, Bytes raw) {
  return version == Version::v5 ? section_size(raw.size()) : 0;
}

void write_raw_section(RawWriter& writer, Version version, Bytes raw) {
  if (version != Version::v5) return;
  writer.varint(raw.size());
  writer.bytes(raw);
}

unsigned connect_flags(const ConnectOut& connect) {
  unsigned flags = connect.clean_start ? 0x02 : 0x00;
  if (connect.has_will) {
    flags |= 0x04U | static_cast<unsigned>(connect.will_qos) << 3 | (connect.will_retain ? 0x20U : 0U);
  }
  if (connect.user_name) flags |= 0x80;
  if (connect.password) flags |= 0x40;
  return flags;
}

std::string_view protocol_name(Version version) {
  return version == Version::v3_1 ? "MQIsdp" : "MQTT";
}

std::size_t connect_size(const ConnectOut& connect) {
  std::size_t size = field_size(protocol_name(connect.version).size()) + 4;
  size += raw_section_size(connect.version, connect.raw_properties) + field_size(connect.client_id.size());
  if (connect.has_will) {
    size += raw_section_size(connect.version, connect.raw_will_properties);
    size += field_size(connect.will_topic.size()) + field_size(connect.will_payload.size());
  }
  if (connect.user_name) size += field_size(connect.user_name->size());
  if (connect.password) size += field_size(connect.password->size());
  return size;
}

unsigned options_byte(const SubscribeOptions& options, Version version) {
  const auto qos = static_cast<unsigned>(options.qos);
  if (version != Version::v5) return qos;
  return qos | (options.no_local ? 0x04U : 0U) | (options.retain_as_published ? 0x08U : 0U) |
         static_cast<unsigned>(options.retain_handling) << 4;
}

}  // namespace

void encode_connect(WriteBatch& out, const ConnectOut& connect) {
  const std::size_t remaining = connect_size(connect);
  RawWriter writer(out.extend(packet_size(remaining)));
  writer.head(PacketType::connect, 0, remaining);
  writer.text(protocol_name(connect.version));
  writer.u8(static_cast<unsigned>(connect.version) | (connect.bridge ? 0x80U : 0U));
  writer.u8(connect_flags(connect));
  writer.u16(connect.keep_alive_s);
  write_raw_section(writer, connect.version, connect.raw_properties);
  writer.text(connect.client_id);
  if (connect.has_will) {
    write_raw_section(writer, connect.version, connect.raw_will_properties);
    writer.text(connect.will_topic);
    writer.binary(connect.will_payload);
  }
  if (connect.user_name) writer.text(*connect.user_name);
  if (connect.password) writer.binary(*connect.password);
}

void encode_subscribe(WriteBatch& out, Version version, PacketId id,
                      std::span<const SubscriptionOut> subscriptions, Bytes raw_properties) {
  std::size_t remaining = 2 + raw_section_size(version, raw_properties);
  for (const SubscriptionOut& subscription : subscriptions)
    remaining += field_size(subscription.filter.size()) + 1;
  RawWriter writer(out.extend(packet_size(remaining)));
  writer.head(PacketType::subscribe, 0x02, remaining);
  writer.u16(id);
  write_raw_section(writer, version, raw_properties);
  for (const SubscriptionOut& subscription : subscriptions) {
    writer.text(subscription.filter);
    writer.u8(options_byte(subscription.options, version));
  }
}

void encode_unsubscribe(WriteBatch& out, Version version, PacketId id,
                        std::span<const std::string_view> filters, Bytes raw_properties) {
  std::size_t remaining = 2 + raw_section_size(version, raw_properties);
  for (const std::string_view filter : filters) remaining += field_size(filter.size());
  RawWriter writer(out.extend(packet_size(remaining)));
  writer.head(PacketType::unsubscribe, 0x02, remaining);
  writer.u16(id);
  write_raw_section(writer, version, raw_properties);
  for (const std::string_view filter : filters) writer.text(filter);
}

void encode_client_publish(WriteBatch& out, Version version, std::string_view topic, Bytes payload, Qos qos,
                           bool retain, bool dup, PacketId id, Bytes raw_properties) {
  const bool has_id = qos != Qos::at_most_once;
  const std::size_t remaining = field_size(topic.size()) + (has_id ? 2U : 0U) +
                                raw_section_size(version, raw_properties) + payload.size();
  RawWriter writer(out.extend(packet_size(remaining)));
  writer.head(PacketType::publish,
              (dup ? 0x08U : 0U) | static_cast<unsigned>(qos) << 1 | (retain ? 0x01U : 0U), remaining);
  writer.text(topic);
  if (has_id) writer.u16(id);
  write_raw_section(writer, version, raw_properties);
  writer.bytes(payload);
}

void encode_client_disconnect(WriteBatch& out, Version version, ReasonCode reason, Bytes raw_properties) {
  const bool tells = version == Version::v5 && (reason != ReasonCode::success || !raw_properties.empty());
  const std::size_t section = raw_properties.empty() ? 0 : section_size(raw_properties.size());
  const std::size_t remaining = tells ? 1 + section : 0;
  RawWriter writer(out.extend(packet_size(remaining)));
  writer.head(PacketType::disconnect, 0, remaining);
  if (!tells) return;
  writer.u8(static_cast<unsigned>(reason));
  if (section != 0) write_raw_section(writer, version, raw_properties);
}

}  // namespace tombo::mqtt
