#include "mqtt/byte_store.hpp"
#include "mqtt/decode.hpp"
#include "mqtt/encode.hpp"
#include "mqtt/framer.hpp"
#include "mqtt/message.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

namespace tombo::mqtt {
namespace {

std::vector<std::uint8_t> bytes_in(const WriteBatch& batch) {
  std::vector<std::uint8_t> all;
  iovec pieces[16];
  const std::size_t count = batch.describe(pieces, 16);
  for (std::size_t i = 0; i < count; ++i) {
    const auto* begin = static_cast<const std::uint8_t*>(pieces[i].iov_base);
    all.insert(all.end(), begin, begin + pieces[i].iov_len);
  }
  return all;
}

std::vector<std::uint8_t> packet(Version version, std::string_view topic, std::string_view payload, Bytes properties = {}) {
  WriteBatch batch;
  encode_client_publish(batch, version, topic, bytes_of(payload), Qos::at_least_once, false, false, 7, properties);
  return bytes_in(batch);
}

/// A store that `content` fills, in two pieces as from a socket, with `slack` bytes of memory behind.
ByteStore filled(const std::vector<std::uint8_t>& content, std::size_t slack = 0) {
  ByteStore store;
  const std::size_t half = content.size() / 2;
  std::memcpy(store.prepare_exactly(content.size() + slack), content.data(), half);
  store.commit(half);
  std::memcpy(store.prepare(content.size() - half), content.data() + half, content.size() - half);
  store.commit(content.size() - half);
  return store;
}

Ref<Message> message_from(ByteStore& store, Version version, bool may_stay) {
  PublishView view;
  const FrameResult framed = next_frame(store.bytes(), kRemainingLengthMax);
  EXPECT_TRUE(decode_publish(framed.frame, version, {}, view).ok());
  MessageParts parts;
  parts.topic = view.topic;
  parts.payload = view.payload;
  parts.raw_properties = view.properties.raw;
  parts.qos = view.qos;
  return Message::create(parts, may_stay ? &store : nullptr);
}

std::vector<std::uint8_t> encoded(const Ref<Message>& message, Version version, Qos qos) {
  WriteBatch batch;
  const std::uint32_t ids[] = {5, 300};
  PublishOut out;
  out.message = &message;
  out.qos = qos;
  out.packet_id = 9;
  out.subscription_ids = ids;
  EXPECT_TRUE(encode_publish(batch, {version}, out));
  return bytes_in(batch);
}

/// The same packet copied and left where it was received must be the same message.
void expect_stays(Version version, std::string_view payload, Bytes properties) {
  const auto content = packet(version, "a/topic", payload, properties);
  ByteStore store = filled(content);
  const std::uint8_t* memory = store.bytes().data();
  const auto copied = message_from(store, version, false);
  const auto stayed = message_from(store, version, true);
  EXPECT_TRUE(store.empty());
  EXPECT_EQ(stayed->payload().data() + stayed->payload().size(), memory + content.size()) << "it was copied";
  EXPECT_EQ(stayed->topic(), copied->topic());
  EXPECT_EQ(text_of(stayed->payload()), text_of(copied->payload()));
  EXPECT_EQ(text_of(stayed->forwarded_properties()), text_of(copied->forwarded_properties()));
  EXPECT_EQ(stayed->footprint(), sizeof(Message) + content.size());
  for (const Version to : {Version::v3_1_1, Version::v5}) {
    for (const Qos qos : {Qos::at_most_once, Qos::at_least_once}) {
      EXPECT_EQ(encoded(stayed, to, qos), encoded(copied, to, qos));
    }
  }
}

void expect_copied(const std::vector<std::uint8_t>& content, Version version, std::size_t slack) {
  ByteStore store = filled(content, slack);
  const auto message = message_from(store, version, true);
  EXPECT_EQ(store.size(), content.size()) << "its memory was taken";
}

}  // namespace

TEST(Message, StaysWhereItWasReceived) {
  PropertyWriter properties;
  properties.text(PropertyId::content_type, "text/plain").text(PropertyId::response_topic, "answer");
  for (const std::size_t size : {1u, 100u, 5000u}) {
    const std::string payload(size, 'p');
    expect_stays(Version::v3_1_1, payload, {});
    expect_stays(Version::v5, payload, {});
    expect_stays(Version::v5, payload, properties.bytes());
  }
}

TEST(Message, IsCopiedWhereSomethingHasToBeLeftOut) {
  const std::string payload(5000, 'p');
  expect_copied(packet(Version::v3_1_1, "t", payload), Version::v3_1_1, 1);
  PropertyWriter expiry;
  expiry.number(PropertyId::message_expiry_interval, 10);
  expect_copied(packet(Version::v5, "t", payload, expiry.bytes()), Version::v5, 0);
  PropertyWriter alias;
  alias.number(PropertyId::topic_alias, 1);
  expect_copied(packet(Version::v5, "t", payload, alias.bytes()), Version::v5, 0);
  expect_copied(packet(Version::v5, "t", ""), Version::v5, 0);
  auto two = packet(Version::v3_1_1, "t", payload);
  two.insert(two.end(), two.begin(), two.begin() + 1);
  expect_copied(two, Version::v3_1_1, 0);
}

TEST(ByteStore, GrowsAndShrinksAndHoldsNothingWhenEmpty) {
  ByteStore store;
  store.assign(bytes_of("hello world"));
  store.consume(0);
  EXPECT_EQ(text_of(store.bytes()), "hello world");
  store.consume(6);
  EXPECT_EQ(text_of(store.bytes()), "world");
  std::memcpy(store.prepare(1000), "!", 1);
  store.commit(1);
  ByteStore other = std::move(store);
  EXPECT_EQ(text_of(other.bytes()), "world!");
  EXPECT_TRUE(store.empty());
  EXPECT_FALSE(other.full());
  other.consume(6);
  EXPECT_TRUE(other.empty());
  EXPECT_EQ(other.room(), 0u);
}

}  // namespace tombo::mqtt
