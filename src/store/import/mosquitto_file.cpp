#include "store/import/mosquitto_file.hpp"

#include "mqtt/cursor.hpp"
#include "mqtt/properties.hpp"
#include "mqtt/topic.hpp"
#include "mqtt/utf8.hpp"

#include <bit>
#include <cstring>
#include <optional>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

namespace tombo::store {

using mqtt::Bytes;

namespace {

constexpr std::string_view kMagic("\x00\xB5\x00mosquitto db", 15);
constexpr std::uint32_t kOldest = 5, kNewest = 6;
constexpr std::uint32_t kPropertiesMax = 0xFFFF;

/// What a chunk holds, by the number in front of it.
enum Kind : std::uint32_t { kSettings = 1, kMessage, kExchange, kRetained, kSubscription, kClient };

std::string_view name_of(std::uint32_t kind) {
  static constexpr std::string_view kNames[] = {"", "settings", "message", "client's message", "retained message", "subscription", "client"};
  return kNames[kind];
}

/// Reads the fields of one chunk: what counts is big-endian, but times and Mosquitto's own numbers lie as the machine that
/// wrote them had them in memory.
class Chunk {
 public:
  explicit Chunk(Bytes bytes) : cursor_(bytes) {}

  std::uint8_t u8() { return cursor_.u8(); }
  std::uint16_t u16() { return cursor_.u16(); }
  std::uint32_t u32() { return cursor_.u32(); }
  std::uint64_t native_u64() {
    const Bytes bytes = cursor_.take(8);
    std::uint64_t number = 0;
    for (std::size_t i = bytes.size(); i-- > 0;) number = number << 8 | bytes[i];
    return number;
  }
  void skip(std::size_t size) { static_cast<void>(cursor_.take(size)); }
  Bytes take(std::size_t size) { return cursor_.take(size); }
  std::string_view text(std::size_t size) { return mqtt::text_of(cursor_.take(size)); }
  /// The rest, if there is any: a property section of a PUBLISH.
  bool properties(mqtt::PropertiesView& view) {
    if (cursor_.at_end()) return cursor_.ok();
    return mqtt::read_properties(cursor_, mqtt::PropertySet::publish, kPropertiesMax, view).ok();
  }
  bool ok() const { return cursor_.ok(); }
  bool at_end() const { return cursor_.at_end(); }

 private:
  mqtt::Cursor cursor_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  Result<MosquittoFile, FileMistake> run() {
    if (auto known = head(); !known) return Failure{known.error()};
    while (at_ < bytes_.size()) {
      if (auto read = next_chunk(); !read) return Failure{read.error()};
    }
    if (!settings_seen_) return mistake("the chunk of settings is missing: the file was cut off");
    if (auto holds = names_hold(); !holds) return Failure{holds.error()};
    return std::move(file_);
  }

 private:
  static constexpr std::size_t kChunkHead = 8;
  static constexpr std::size_t kFileHead = kMagic.size() + 8;

  Failure<FileMistake> mistake(std::string text) const { return Failure{FileMistake{at_, std::move(text)}}; }
  /// Something that has to be looked for when all chunks are known.
  struct Name {
    std::size_t offset;
    std::string_view client;  // empty: a message
    std::uint64_t message = 0;
  };

  Result<void, FileMistake> head() {
    if (!is_mosquitto_file(bytes_)) return mistake("this is no file of Mosquitto");
    at_ = kMagic.size();
    if (bytes_.size() < kFileHead) return mistake("the file ends within its head");
    Chunk head(mqtt::bytes_of(bytes_.substr(at_, 8)));
    head.skip(4);  // a check sum that is always zero
    file_.version = head.u32();
    if (file_.version < kOldest || file_.version > kNewest) {
      return mistake(fmt::format("the file has version {} of Mosquitto's format; versions {} and {} are read, which Mosquitto 1.6 and "
                                 "2.0 write when they are started on it and stopped", file_.version, kOldest, kNewest));
    }
    at_ = kFileHead;
    return {};
  }

  Result<void, FileMistake> next_chunk() {
    if (bytes_.size() - at_ < kChunkHead) return mistake("the file ends within the head of a chunk");
    Chunk head(mqtt::bytes_of(bytes_.substr(at_, kChunkHead)));
    const std::uint32_t kind = head.u32(), size = head.u32();
    if (kind < kSettings || kind > kClient) return mistake(fmt::format("there is a chunk of the unknown kind {}", kind));
    if (size > bytes_.size() - at_ - kChunkHead) return mistake(fmt::format("the file ends within a {}", name_of(kind)));
    Chunk chunk(mqtt::bytes_of(bytes_.substr(at_ + kChunkHead, size)));
    std::string wrong = read(kind, chunk);
    if (wrong.empty() && !chunk.ok()) wrong = "is shorter than its fields";
    if (wrong.empty() && !chunk.at_end()) wrong = "is longer than its fields";
    if (!wrong.empty()) return mistake(fmt::format("a {} {}", name_of(kind), wrong));
    at_ += kChunkHead + size;
    return {};
  }

  /// What is wrong, or nothing.
  std::string read(std::uint32_t kind, Chunk& chunk) {
    switch (kind) {
      case kSettings: return settings(chunk);
      case kMessage: return message(chunk);
      case kExchange: return exchange(chunk);
      case kRetained: return retained(chunk);
      case kSubscription: return subscription(chunk);
      default: return client(chunk);
    }
  }

  std::string settings(Chunk& chunk) {
    chunk.native_u64();  // the highest number of a message
    chunk.u8();          // whether Mosquitto was stopped when it wrote this
    const unsigned number_bytes = chunk.u8();
    chunk.skip(6);
    if (chunk.ok() && number_bytes != 8) return fmt::format("say that numbers have {} bytes, and 8 are read", number_bytes);
    settings_seen_ = true;
    return {};
  }

  std::string client(Chunk& chunk) {
    MosquittoFile::Client client;
    client.expires_at = static_cast<std::int64_t>(chunk.native_u64());
    client.expiry_s = chunk.u32();
    chunk.skip(2);  // the packet identifier used last: those in use are known from the messages
    const std::size_t id_size = chunk.u16();
    std::size_t user_size = 0;
    if (file_.version >= 6) {
      chunk.skip(2);  // the port of its listener
      user_size = chunk.u16();
      chunk.skip(4);
    }
    client.id = chunk.text(id_size);
    client.user_name = chunk.text(user_size);
    if (!chunk.ok()) return {};
    if (client.id.empty() || !mqtt::is_valid_text(client.id)) return "has no valid client id";
    if (!mqtt::is_valid_text(client.user_name)) return "has no valid user name";
    if (!clients_.insert(client.id).second) return fmt::format("is there twice: {}", client.id);
    file_.clients.push_back(client);
    return {};
  }

  std::string message(Chunk& chunk) {
    MosquittoFile::Message message;
    const std::uint64_t number = chunk.native_u64();
    message.expires_at = static_cast<std::int64_t>(chunk.native_u64());
    const std::size_t payload_size = chunk.u32();
    chunk.skip(2);  // the packet identifier with which it came
    const std::size_t source_size = chunk.u16(), user_size = chunk.u16(), topic_size = chunk.u16();
    chunk.skip(2);  // the port with which it came
    const unsigned qos = chunk.u8();
    message.retain = chunk.u8() != 0;
    chunk.skip(source_size + user_size);
    message.topic = chunk.text(topic_size);
    message.payload = chunk.take(payload_size);
    mqtt::PropertiesView properties;
    if (!chunk.properties(properties)) return chunk.ok() ? "has properties that a PUBLISH cannot have" : "";
    if (!mqtt::is_valid_topic_name(message.topic) || !mqtt::is_valid_text(message.topic)) return "has no valid topic";
    if (qos > 2) return "has no valid QoS";
    message.qos = static_cast<mqtt::Qos>(qos);
    message.properties = properties.raw;
    if (!file_.messages.emplace(number, message).second) return fmt::format("has the number of another one, {}", number);
    return {};
  }

  std::string exchange(Chunk& chunk) {
    MosquittoFile::Exchange exchange;
    exchange.message = chunk.native_u64();
    exchange.packet_id = chunk.u16();
    const std::size_t id_size = chunk.u16();
    const unsigned qos = chunk.u8(), state = chunk.u8(), flags = chunk.u8(), direction = chunk.u8();
    exchange.client = chunk.text(id_size);
    mqtt::PropertiesView properties;
    if (!chunk.properties(properties)) return chunk.ok() ? "has properties that a PUBLISH cannot have" : "";
    if (exchange.client.empty()) return "names no client";
    if (qos > 2) return "has no valid QoS";
    if (direction > 1) return "goes neither to the client nor comes from it";
    const auto known = state_of(state, direction == 1);
    if (!known) return fmt::format("has the unknown state {}", state);
    exchange.qos = static_cast<mqtt::Qos>(qos);
    exchange.retain = (flags & 0xF0) != 0;  // the lower half says that it was sent before
    exchange.state = *known;
    if (*known != MosquittoFile::State::queued && *known != MosquittoFile::State::done && qos != 0 && exchange.packet_id == 0) {
      return "has no packet identifier";
    }
    if (*known == MosquittoFile::State::released && qos != 2) return "waits for PUBCOMP, but is not QoS 2";
    mqtt::for_each_property(properties.raw, [&](mqtt::PropertyId id, Bytes, Bytes value) {
      if (id == mqtt::PropertyId::subscription_identifier) exchange.subscription_ids.push_back(mqtt::Cursor(value).varint());
    });
    names_.push_back({at_, exchange.client, 0});
    names_.push_back({at_, {}, exchange.message});
    file_.exchanges.push_back(std::move(exchange));
    return {};
  }

  /// Mosquitto numbers the steps of an exchange; those that wait for an answer are resent, and so were sent.
  static std::optional<MosquittoFile::State> state_of(unsigned state, bool outgoing) {
    using State = MosquittoFile::State;
    constexpr unsigned kPublishQos0 = 1, kPublishQos1 = 2, kWaitForPuback = 3, kPublishQos2 = 4, kWaitForPubrec = 5,
                       kResendPubrel = 6, kWaitForPubrel = 7, kResendPubcomp = 8, kWaitForPubcomp = 9, kSendPubrec = 10, kQueued = 11;
    if (!outgoing) {
      if (state == kWaitForPubrel || state == kSendPubrec) return State::received;
      // What was not answered yet is sent again by its client; what was answered needs no more.
      return state == kQueued || state == kResendPubcomp ? std::optional(State::done) : std::nullopt;
    }
    switch (state) {
      case kPublishQos0:
      case kQueued: return State::queued;
      case kPublishQos1:
      case kWaitForPuback:
      case kPublishQos2:
      case kWaitForPubrec: return State::sent;
      case kResendPubrel:
      case kWaitForPubcomp: return State::released;
      default: return std::nullopt;
    }
  }

  std::string retained(Chunk& chunk) {
    const std::uint64_t number = chunk.native_u64();
    names_.push_back({at_, {}, number});
    file_.retained.push_back(number);
    return {};
  }

  std::string subscription(Chunk& chunk) {
    MosquittoFile::Subscription subscription;
    subscription.subscription_id = chunk.u32();
    const std::size_t id_size = chunk.u16(), filter_size = chunk.u16();
    const unsigned qos = chunk.u8(), options = chunk.u8();
    chunk.skip(2);
    subscription.client = chunk.text(id_size);
    subscription.filter = chunk.text(filter_size);
    if (!chunk.ok()) return {};
    if (subscription.client.empty()) return "names no client";
    if (!mqtt::is_valid_text(subscription.filter) || !mqtt::parse_filter(subscription.filter).valid) return "has no valid topic filter";
    if (qos > 2) return "has no valid QoS";
    const unsigned retain_handling = options >> 4 & 3;
    if (retain_handling > 2) return "has no valid options";
    if (subscription.subscription_id > mqtt::kSubscriptionIdMax) return "has no valid subscription identifier";
    subscription.options = {static_cast<mqtt::Qos>(qos), (options & 4) != 0, (options & 8) != 0,
                            static_cast<mqtt::RetainHandling>(retain_handling)};
    names_.push_back({at_, subscription.client, 0});
    file_.subscriptions.push_back(subscription);
    return {};
  }

  Result<void, FileMistake> names_hold() {
    for (const Name& name : names_) {
      at_ = name.offset;
      if (!name.client.empty() && !clients_.contains(name.client)) return mistake(fmt::format("a client is named that is not there: {}", name.client));
      if (name.client.empty() && !file_.messages.contains(name.message)) return mistake(fmt::format("message {} is named and is not there", name.message));
    }
    return {};
  }

  std::string_view bytes_;
  std::size_t at_ = 0;
  bool settings_seen_ = false;
  MosquittoFile file_;
  std::unordered_set<std::string_view> clients_;
  std::vector<Name> names_;
};

}  // namespace

bool is_mosquitto_file(std::string_view bytes) { return bytes.starts_with(kMagic); }

Result<MosquittoFile, FileMistake> read_mosquitto_file(std::string_view bytes) { return Reader(bytes).run(); }

}  // namespace tombo::store
