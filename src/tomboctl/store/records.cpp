#include "tomboctl/store/records.hpp"

#include "mqtt/cursor.hpp"
#include "mqtt/properties.hpp"
#include "mqtt/topic.hpp"
#include "mqtt/utf8.hpp"
#include "store/owner_row.hpp"

#include <limits>
#include <utility>

namespace tombo::tomboctl {

using mqtt::Qos;

namespace {

constexpr std::uint64_t kU16Max = 0xFFFF, kU32Max = 0xFFFF'FFFF, kU64Max = std::numeric_limits<std::uint64_t>::max();

template <class Number>
void set_number(Json& object, const char* name, Number number) {
  if (number != 0) object[name] = number;
}
void set_flag(Json& object, const char* name, bool flag) {
  if (flag) object[name] = true;
}
void set_qos(Json& object, Qos qos) { object["qos"] = static_cast<unsigned>(qos); }
Qos read_qos(JsonFields& fields) { return static_cast<Qos>(fields.number("qos", 2)); }

/// What a text of the protocol must be: valid, and short enough for its two-byte length.
std::string read_text(JsonFields& fields, std::string_view name) {
  std::string text = fields.bytes(name);
  if (text.size() > kU16Max) fields.refuse(std::string(name) + " is too long");
  if (!mqtt::is_valid_text(text)) fields.refuse(std::string(name) + " is no text of MQTT");
  return text;
}

std::string read_topic(JsonFields& fields) {
  std::string topic = read_text(fields, "topic");
  if (!mqtt::is_valid_topic_name(topic)) fields.refuse("'topic' is no topic name");
  return topic;
}

/// Properties are kept as they came in a PUBLISH, so what reads them trusts them.
std::string read_properties_bytes(JsonFields& fields, mqtt::PropertySet set) {
  const std::string raw = fields.bytes("properties");
  std::string section;
  for (std::size_t rest = raw.size();; rest >>= 7) {
    section += static_cast<char>((rest & 0x7F) | (rest > 0x7F ? 0x80U : 0U));
    if (rest <= 0x7F) break;
  }
  section += raw;
  mqtt::Cursor cursor(mqtt::bytes_of(section));
  mqtt::PropertiesView view;
  if (!mqtt::read_properties(cursor, set, kU16Max, view) || !cursor.at_end()) fields.refuse("'properties' are no properties of a message");
  return raw;
}

Json json_of(const store::WillRow& will) {
  Json json = Json::object();
  set_bytes(json, "topic", will.topic);
  set_bytes(json, "payload", will.payload);
  set_bytes(json, "properties", will.raw_properties);
  set_qos(json, will.qos);
  set_flag(json, "retain", will.retain);
  set_number(json, "delay_s", will.delay_s);
  if (will.expiry_s) json["message_expiry_s"] = *will.expiry_s;
  set_bytes(json, "owner", will.owner);
  return json;
}

store::WillRow read_will(JsonFields& fields) {
  store::WillRow will;
  will.topic = read_topic(fields);
  will.payload = fields.bytes("payload");
  will.raw_properties = read_properties_bytes(fields, mqtt::PropertySet::will);
  will.qos = read_qos(fields);
  will.retain = fields.flag("retain");
  will.delay_s = static_cast<std::uint32_t>(fields.number("delay_s", kU32Max));
  if (const auto expiry = fields.given_number("message_expiry_s", kU32Max)) will.expiry_s = static_cast<std::uint32_t>(*expiry);
  will.owner = fields.bytes("owner");
  if (!will.owner.empty() && !store::decode_owner(will.owner)) fields.refuse("'owner' is nothing that tombo has written");
  return will;
}

}  // namespace

Json json_of(const store::SessionRow& row) {
  Json json = Json::object();
  set_bytes(json, "client_id", row.client_id);
  set_number(json, "expiry_s", row.expiry_s);
  set_number(json, "left_at", row.left_at);
  set_bytes(json, "user_name", row.user_name);
  if (row.vouched == row.user_name.empty()) json["vouched"] = row.vouched;
  if (row.will) json["will"] = json_of(*row.will);
  return json;
}

store::SessionRow read_session(JsonFields& fields) {
  store::SessionRow row;
  row.client_id = read_text(fields, "client_id");
  if (row.client_id.empty()) fields.refuse("'client_id' is missing");
  row.expiry_s = static_cast<std::uint32_t>(fields.number("expiry_s", kU32Max));
  row.left_at = fields.time("left_at");
  row.user_name = read_text(fields, "user_name");
  row.vouched = fields.given_flag("vouched").value_or(!row.user_name.empty());
  if (const Json* will = fields.object("will")) {
    JsonFields inner(*will);
    row.will = read_will(inner);
    if (inner.problem()) fields.refuse("'will': " + *inner.problem());
  }
  return row;
}

Json json_of(std::string_view filter, const store::SubscriptionRow& row) {
  Json json = Json::object();
  set_bytes(json, "filter", filter);
  set_qos(json, row.options.qos);
  set_flag(json, "no_local", row.options.no_local);
  set_flag(json, "retain_as_published", row.options.retain_as_published);
  set_number(json, "retain_handling", static_cast<unsigned>(row.options.retain_handling));
  set_number(json, "subscription_id", row.subscription_id);
  set_number(json, "share_number", row.share_number);
  return json;
}

store::SubscriptionRow read_subscription(JsonFields& fields, std::string& filter) {
  store::SubscriptionRow row;
  filter = read_text(fields, "filter");
  if (!mqtt::parse_filter(filter).valid) fields.refuse("'filter' is no topic filter");
  row.options.qos = read_qos(fields);
  row.options.no_local = fields.flag("no_local");
  row.options.retain_as_published = fields.flag("retain_as_published");
  row.options.retain_handling = static_cast<mqtt::RetainHandling>(fields.number("retain_handling", 2));
  row.subscription_id = static_cast<std::uint32_t>(fields.number("subscription_id", mqtt::kSubscriptionIdMax));
  row.share_number = static_cast<std::uint32_t>(fields.number("share_number", kU32Max));
  return row;
}

Json json_of(const store::MessageRow& row) {
  Json json = Json::object();
  set_bytes(json, "topic", row.topic);
  set_bytes(json, "payload", row.payload);
  set_bytes(json, "properties", row.raw_properties);
  set_qos(json, row.qos);
  set_flag(json, "retain", row.retain);
  set_number(json, "received_at", row.received_at);
  if (row.expires_at) json["expires_at"] = *row.expires_at;
  set_bytes(json, "source", row.source);
  return json;
}

store::MessageRow read_message(JsonFields& fields) {
  store::MessageRow row;
  row.topic = read_topic(fields);
  row.payload = fields.bytes("payload");
  if (row.payload.size() > mqtt::kRemainingLengthMax) fields.refuse("'payload' is too long");
  row.raw_properties = read_properties_bytes(fields, mqtt::PropertySet::publish);
  row.qos = read_qos(fields);
  row.retain = fields.flag("retain");
  row.received_at = fields.time("received_at");
  row.expires_at = fields.given_time("expires_at");
  row.source = fields.bytes("source");
  if (!row.source.empty() && !store::decode_source(row.source)) fields.refuse("'source' is nothing that tombo has written");
  return row;
}

Json json_of(const store::DeliveryRow& row) {
  Json json = Json::object();
  set_qos(json, row.qos);
  set_flag(json, "retain", row.retain);
  set_flag(json, "released", row.released);
  set_number(json, "packet_id", row.packet_id);
  set_number(json, "share_number", row.share_number);
  if (!row.subscription_ids.empty()) json["subscription_ids"] = row.subscription_ids;
  set_number(json, "bytes", row.bytes);
  if (row.body) json["body"] = json_of(*row.body);
  return json;
}

store::DeliveryRow read_delivery(JsonFields& fields) {
  store::DeliveryRow row;
  row.qos = read_qos(fields);
  row.retain = fields.flag("retain");
  row.released = fields.flag("released");
  row.packet_id = static_cast<mqtt::PacketId>(fields.number("packet_id", kU16Max));
  row.share_number = static_cast<std::uint32_t>(fields.number("share_number", kU32Max));
  row.subscription_ids = fields.numbers("subscription_ids", mqtt::kSubscriptionIdMax);
  row.bytes = fields.number("bytes", kU64Max);
  if (const Json* body = fields.object("body")) {
    JsonFields inner(*body);
    row.body = read_message(inner);
    if (inner.problem()) fields.refuse("'body': " + *inner.problem());
  }
  if (row.released && (row.packet_id == 0 || row.qos != Qos::exactly_once)) fields.refuse("'released' needs QoS 2 and a packet identifier");
  return row;
}

}  // namespace tombo::tomboctl
