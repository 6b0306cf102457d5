#include "store/message_form.hpp"

namespace tombo::store {

MessageRow row_of(const mqtt::Message& message, const Moment& now) {
  MessageRow row;
  row.topic = message.topic();
  row.payload = mqtt::text_of(message.payload());
  row.raw_properties = mqtt::text_of(message.forwarded_properties());
  row.qos = message.qos();
  row.retain = message.retain();
  row.received_at = now.unix_s - message.age_s(now.mono);
  if (message.expires_at() != kNever) row.expires_at = now.to_unix(message.expires_at());
  return row;
}

Ref<mqtt::Message> message_of(const MessageRow& row, const Moment& now, mqtt::MemoryAccount* account) {
  mqtt::MessageParts parts;
  parts.topic = row.topic;
  parts.payload = mqtt::bytes_of(row.payload);
  parts.raw_properties = mqtt::bytes_of(row.raw_properties);
  parts.qos = row.qos;
  parts.retain = row.retain;
  parts.received_at = now.to_mono(row.received_at);
  if (row.expires_at) parts.expires_at = now.to_mono(*row.expires_at);
  parts.account = account;
  return mqtt::Message::create(parts);
}

}  // namespace tombo::store
