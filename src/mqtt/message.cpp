#include "mqtt/message.hpp"

#include "mqtt/properties.hpp"

#include <cstring>
#include <new>

namespace tombo::mqtt {

static_assert(sizeof(Message) == ByteStore::kFront);

Message::Message(const MessageParts& parts)
    : payload_size_(static_cast<std::uint32_t>(parts.payload.size())),
      topic_size_(static_cast<std::uint16_t>(parts.topic.size())),
      qos_(static_cast<std::uint8_t>(parts.qos) & 3U),
      retain_(parts.retain),
      received_s_(seconds_of(parts.received_at) & kAgeMask),
      expires_at_(parts.expires_at),
      origin_(parts.origin),
      account_(parts.account) {}

Ref<Message> Message::create(const MessageParts& parts, ByteStore* received) {
  const std::size_t properties_size = forwarded_size(parts.raw_properties);
  if (received != nullptr && fits(parts, properties_size, *received)) {
    const std::uint8_t* begin = received->bytes().data();
    auto* message = new (received->release()) Message(parts);
    message->topic_at_ = static_cast<std::uint8_t>(bytes_of(parts.topic).data() - 2 - begin);
    message->payload_at_ = static_cast<std::uint32_t>(parts.payload.data() - begin);
    message->properties_size_ = static_cast<std::uint32_t>(properties_size);
    return Ref<Message>::adopt(message);
  }
  const std::size_t payload_at = 2 + parts.topic.size();
  auto* message = new (::operator new(sizeof(Message) + payload_at + parts.payload.size() + properties_size)) Message(parts);
  message->payload_at_ = static_cast<std::uint32_t>(payload_at);
  message->properties_size_ = static_cast<std::uint32_t>(properties_size);

  std::uint8_t* out = message->data();
  *out++ = static_cast<std::uint8_t>(parts.topic.size() >> 8);
  *out++ = static_cast<std::uint8_t>(parts.topic.size());
  std::memcpy(out, parts.topic.data(), parts.topic.size());
  out += parts.topic.size();
  if (!parts.payload.empty()) std::memcpy(out, parts.payload.data(), parts.payload.size());
  if (properties_size != 0) copy_forwarded(parts.raw_properties, out + parts.payload.size());
  return Ref<Message>::adopt(message);
}

/// Whether the packet can stay where it is: topic not by alias, no property that is not forwarded, nothing before or
/// behind it.
bool Message::fits(const MessageParts& parts, std::size_t properties_size, const ByteStore& received) {
  if (!received.full() || parts.payload.empty() || properties_size != parts.raw_properties.size()) return false;
  const Bytes packet = received.bytes();
  const std::uint8_t* topic = bytes_of(parts.topic).data();
  const std::uint8_t* payload = parts.payload.data();
  constexpr std::size_t kHeaderMax = 5;
  return topic > packet.data() && topic <= packet.data() + kHeaderMax + 2 && topic < payload &&
         payload + parts.payload.size() == packet.data() + packet.size();
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
