// Reads the input as a script of several clients of one broker with two shards: connections, raw bytes, ready-made
// packets, cuts, stalls, the clock.  Whatever they do, the broker stays up, sends only packets that decode, and holds
// no more memory than its limits say.

#include "base/assert.hpp"
#include "mqtt/decode.hpp"
#include "mqtt/encode.hpp"
#include "support/codec.hpp"
#include "support/virtual_broker.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace tombo;

constexpr std::size_t kClients = 4;
constexpr int kVerbsMax = 300;
/// All of the limits below together, with room for what a turn has in its hands.
constexpr std::uint64_t kMemoryMax = 4'000'000;

test::VirtualBroker::Setup setup() {
  test::VirtualBroker::Setup with;
  with.shards = 2;
  with.options = test::VirtualBroker::default_options();
  with.options.placement = config::Placement::hash;
  with.options.log.connections = false;
  with.options.listeners.front().topic_alias_max = 4;
  auto& limits = with.options.limits;
  limits.packet_bytes_max = 20'000;
  limits.queue_messages_max = 20;
  limits.queue_bytes_max = 100'000;
  limits.in_flight_max = 10;
  limits.receive_maximum = 10;
  limits.output_bytes_max = 20'000;
  limits.retained_messages_max = 20;
  limits.retained_bytes_max = 100'000;
  limits.retained_batch = 3;
  limits.subscriptions_per_client = 50;
  limits.session_expiry_max_s = 100;
  limits.sessions_max = 20;
  limits.topic_levels_max = 20;
  limits.mailbox_bytes_max = 50'000;
  return with;
}

/// One client's side of its present connection.
struct Side {
  test::VirtualConnection* connection = nullptr;
  std::vector<std::uint8_t> first;  // what was sent until the CONNECT was whole
  bool version_known = false;
  mqtt::Version version = mqtt::Version::v5;
  std::vector<std::uint8_t> received;
};

class Script {
 public:
  Script(const std::uint8_t* data, std::size_t size) : rest_(data, size), broker_(setup()) {}

  void run() {
    for (int verbs = 0; !rest_.empty() && verbs < kVerbsMax; ++verbs) {
      const std::uint8_t head = next();
      step(head & 7, sides_[(head >> 3) % kClients], head >> 5);
      check();
    }
    broker_.settle();
    check();
    broker_.advance(Seconds{200});  // every session, will and walk comes to its end
    check();
  }

 private:
  std::uint8_t next() {
    if (rest_.empty()) return 0;
    const std::uint8_t byte = rest_.front();
    rest_ = rest_.subspan(1);
    return byte;
  }
  mqtt::Bytes take(std::size_t size) {
    const mqtt::Bytes taken = rest_.first(std::min(size, rest_.size()));
    rest_ = rest_.subspan(taken.size());
    return taken;
  }

  void step(unsigned verb, Side& side, unsigned detail) {
    switch (verb) {
      case 0:
        return send(side, take(next()));
      case 1:
        return broker_.advance(Milliseconds{next() * 100});
      case 2:
        if (side.connection != nullptr) side.connection->cut();
        return;
      case 3:
        return connect(side, next());
      case 4:
        return broker_.turn(static_cast<routing::ShardId>(detail % 2));
      case 5:
        return subscribe(side, next());
      case 6:
        return publish(side, next());
      default:
        if (side.connection == nullptr) return;
        if (detail % 4 < 2) return side.connection->stall(detail % 2 == 1);
        side.connection->give_room(detail % 2 == 1 ? 7 : SIZE_MAX);
    }
  }

  void open(Side& side) {
    side = Side{};
    side.connection = &broker_.open(static_cast<routing::ShardId>(opened_++ % 2));
  }

  void send(Side& side, mqtt::Bytes bytes) {
    if (side.connection == nullptr) open(side);
    if (!side.version_known) {
      side.first.insert(side.first.end(), bytes.begin(), bytes.end());
      const auto framed = mqtt::next_frame(side.first, 20'000);
      if (framed.status == mqtt::FrameStatus::complete) {
        mqtt::ConnectView connect;
        mqtt::DecodeLimits limits;
        limits.topic_levels_max = 20;
        static_cast<void>(mqtt::decode_connect(framed.frame, limits, connect).ok());
        side.version = connect.version;
        side.version_known = true;
      }
    }
    side.connection->send(bytes);
  }
  void send(Side& side, const mqtt::WriteBatch& batch) { send(side, test::bytes_of(batch)); }

  void connect(Side& side, std::uint8_t how) {
    open(side);
    static constexpr std::array<std::string_view, 4> kIds = {"a", "b", "c", ""};
    mqtt::ConnectOut out;
    out.version = static_cast<mqtt::Version>(3 + how % 3);
    out.clean_start = (how & 4) != 0;
    out.client_id = kIds[how >> 3 & 3];
    out.has_will = (how & 32) != 0;
    out.will_topic = "a/w";
    out.will_qos = static_cast<mqtt::Qos>(how % 3);
    out.will_retain = (how & 64) != 0;
    mqtt::PropertyWriter properties;
    mqtt::PropertyWriter will_properties;
    if (out.version == mqtt::Version::v5) {
      properties.number(mqtt::PropertyId::session_expiry_interval, how);
      properties.number(mqtt::PropertyId::receive_maximum, 1u + how % 7);
      properties.number(mqtt::PropertyId::topic_alias_maximum, how % 3);
      if ((how & 128) != 0) properties.number(mqtt::PropertyId::maximum_packet_size, 30);
      will_properties.number(mqtt::PropertyId::will_delay_interval, how % 5);
    }
    out.raw_properties = properties.bytes();
    out.raw_will_properties = will_properties.bytes();
    mqtt::WriteBatch batch;
    mqtt::encode_connect(batch, out);
    send(side, batch);
  }

  void subscribe(Side& side, std::uint8_t how) {
    static constexpr std::array<std::string_view, 8> kFilters = {"a/b",          "a/#",          "#",  "+/b",
                                                                 "$share/g/a/#", "$share/h/a/b", "/+", "$x/#"};
    const std::string_view filter = kFilters[how & 7];
    mqtt::WriteBatch batch;
    if ((how >> 3 & 7) == 7) {
      const std::array<std::string_view, 1> one{filter};
      mqtt::encode_unsubscribe(batch, side.version, 9, one);
      return send(side, batch);
    }
    mqtt::SubscribeOptions options;
    options.qos = static_cast<mqtt::Qos>((how >> 3) % 3);
    mqtt::PropertyWriter properties;
    if (side.version == mqtt::Version::v5) {
      options.retain_as_published = (how & 64) != 0;
      if ((how & 128) != 0) properties.number(mqtt::PropertyId::subscription_identifier, 1u + (how & 7));
    }
    const std::array<mqtt::SubscriptionOut, 1> one{{{filter, options}}};
    mqtt::encode_subscribe(batch, side.version, 9, one, properties.bytes());
    send(side, batch);
  }

  void publish(Side& side, std::uint8_t how) {
    static constexpr std::array<std::string_view, 4> kTopics = {"a/b", "a", "/b", "$x/b"};
    const std::string payload((how & 64) != 0 ? 3000 : how & 15, 'p');
    mqtt::WriteBatch batch;
    mqtt::encode_client_publish(batch, side.version, kTopics[how & 3], mqtt::bytes_of(payload),
                                static_cast<mqtt::Qos>((how >> 2) % 3), (how & 32) != 0, false,
                                static_cast<mqtt::PacketId>(1 + how % 5));
    send(side, batch);
  }

  void check() {
    for (Side& side : sides_) read(side);
    TOMBO_ASSERT(broker_.core().memory_used() <= kMemoryMax);
  }

  void read(Side& side) {
    if (side.connection == nullptr) return;
    const auto fresh = side.connection->take_received();
    side.received.insert(side.received.end(), fresh.begin(), fresh.end());
    std::size_t done = 0;
    while (true) {
      const auto framed = mqtt::next_frame(mqtt::Bytes(side.received).subspan(done), 1'000'000);
      TOMBO_ASSERT(framed.status != mqtt::FrameStatus::refused);
      if (framed.status == mqtt::FrameStatus::incomplete) break;
      TOMBO_ASSERT(test::decode_any(framed.frame, side.version, mqtt::Sender::server) == mqtt::ReasonCode::success);
      answer(side, framed.frame);
      done += framed.frame.size;
    }
    side.received.erase(side.received.begin(), side.received.begin() + static_cast<std::ptrdiff_t>(done));
  }

  /// Clients 0 and 1 acknowledge what they get; the others leave that to the script.
  void answer(Side& side, const mqtt::Frame& frame) {
    using mqtt::PacketType;
    if (&side - sides_.data() > 1) return;
    mqtt::WriteBatch batch;
    const mqtt::PeerFormat broker{side.version, 0xFFFF'FFFF};
    const auto ack = [&](PacketType type, mqtt::PacketId id) {
      mqtt::encode_ack(batch, broker, type, id, mqtt::ReasonCode::success);
    };
    if (frame.type == PacketType::publish) {
      mqtt::PublishView view;
      TOMBO_ASSERT(mqtt::decode_publish(frame, side.version, {}, view, mqtt::Sender::server).ok());
      if (view.qos == mqtt::Qos::at_least_once) ack(PacketType::puback, view.packet_id);
      if (view.qos == mqtt::Qos::exactly_once) ack(PacketType::pubrec, view.packet_id);
    } else if (frame.type == PacketType::pubrec || frame.type == PacketType::pubrel) {
      mqtt::AckView view;
      TOMBO_ASSERT(mqtt::decode_ack(frame, side.version, {}, view, mqtt::Sender::server).ok());
      ack(frame.type == PacketType::pubrec ? PacketType::pubrel : PacketType::pubcomp, view.packet_id);
    }
    if (!batch.empty()) send(side, batch);
  }

  mqtt::Bytes rest_;
  test::VirtualBroker broker_;
  std::array<Side, kClients> sides_;
  unsigned opened_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kInputMax = 8192;
  if (size > kInputMax) return 0;
  Script(data, size).run();
  return 0;
}
