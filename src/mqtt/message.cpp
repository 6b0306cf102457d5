#include "mqtt/message.hpp"

#include "mqtt/properties.hpp"

#include <cstring>
#include <new>

namespace tombo::mqtt {

Ref<Message> Message::create(const MessageParts& parts) {
  const std::size_t properties_size = forwarded_size(parts.raw_properties);
  const std::size_t size = sizeof(Message) + 2 + parts.topic.size() + parts.payload.size() + properties_size;
  auto* message = new (::operator new(size)) Message;
  message->payload_size_ = static_cast<std::uint32_t>(parts.payload.size());
  message->properties_size_ = static_cast<std::uint32_t>(properties_size);
  message->topic_size_ = static_cast<std::uint16_t>(parts.topic.size());
  message->qos_ = parts.qos;
  message->retain_ = parts.retain;
  message->expires_at_ = parts.expires_at;
  message->origin_ = parts.origin;
  message->account_ = parts.account;

  std::uint8_t* out = message->data();
  *out++ = static_cast<std::uint8_t>(parts.topic.size() >> 8);
  *out++ = static_cast<std::uint8_t>(parts.topic.size());
  std::memcpy(out, parts.topic.data(), parts.topic.size());
  out += parts.topic.size();
  if (!parts.payload.empty()) std::memcpy(out, parts.payload.data(), parts.payload.size());
  if (properties_size != 0) copy_forwarded(parts.raw_properties, out + parts.payload.size());
  return Ref<Message>::adopt(message);
}

void Message::release() const {
  // The last owner needs no read-modify-write: nobody else can raise the count again.
  if (references_.load(std::memory_order_acquire) == 1 || references_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    auto* self = const_cast<Message*>(this);
    const std::size_t size = footprint();
    if (charged_.load(std::memory_order_relaxed)) account_->subtract(size);
    self->~Message();
    ::operator delete(self, size);
  }
}

}  // namespace tombo::mqtt
