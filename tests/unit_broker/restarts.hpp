#pragma once

#include "store/open.hpp"
#include "unit_broker/arrange.hpp"

#include <memory>

namespace tombo::test {

/// A broker with a store that can end at any moment and begin again on what it has left.
class Restarts {
 public:
  explicit Restarts(config::Options options = VirtualBroker::default_options(), unsigned shards = 1,
                    auth::Authenticator* authenticator = nullptr)
      : options_(std::move(options)), shards_(shards), authenticator_(authenticator), engine_(store::make_memory_engine()) {
    begin(Milliseconds{0});
  }

  VirtualBroker& broker() { return *broker_; }
  VirtualBroker* operator->() { return broker_.get(); }
  store::Engine& engine() { return *engine_; }

  /// The broker is gone without a word; what was not committed is lost.  The next one begins `later`.
  void crash(Milliseconds later = Milliseconds{0}) {
    const Milliseconds at = broker_->clock.mono() - ManualClock{}.mono();
    broker_.reset();
    begin(at + later);
  }
  /// Everything is committed before the end.
  void restart(Milliseconds later = Milliseconds{0}) {
    broker_->advance(Seconds{2});
    crash(later);
  }

  std::unique_ptr<TestClient> come(const std::string& id, mqtt::Version version = mqtt::Version::v5) {
    auto client = std::make_unique<TestClient>(*broker_, version);
    if (version == mqtt::Version::v5) {
      client->connect(lasting(id));
    } else {
      client->connect(id, false);
    }
    return client;
  }
  void leave(const std::string& id, std::string_view filter, mqtt::Qos qos = mqtt::Qos::at_least_once) {
    auto client = come(id);
    client->subscribe(filter, qos);
    client->disconnect();
  }
  /// Publishes and sees the acknowledgement.
  void publish(std::string_view topic, std::string_view payload, mqtt::Qos qos = mqtt::Qos::at_least_once, bool retain = false) {
    auto client = connected(*broker_, "publisher");
    auto answer = client->publish(topic, payload, qos, retain);
    if (answer.type == mqtt::PacketType::reserved) {
      broker_->advance(Milliseconds{100});  // a subscriber is there: it is given some time first
      answer = client->next();
    }
    ASSERT_NE(answer.type, mqtt::PacketType::reserved);
    if (qos == mqtt::Qos::exactly_once) client->ack(mqtt::PacketType::pubrel, answer.packet_id);
  }

 private:
  void begin(Milliseconds at) {
    VirtualBroker::Setup setup;
    setup.options = options_;
    setup.shards = shards_;
    setup.authenticator = authenticator_;
    setup.engine = engine_.get();
    setup.clock_at = at;
    broker_ = std::make_unique<VirtualBroker>(std::move(setup));
  }
  config::Options options_;
  unsigned shards_;
  auth::Authenticator* authenticator_;
  std::unique_ptr<store::Engine> engine_;
  std::unique_ptr<VirtualBroker> broker_;
};

/// What the client is sent, acknowledged at once.
inline std::string take_all(TestClient& client) {
  std::string all;
  for (;;) {
    const auto publish = client.next(mqtt::PacketType::publish);
    if (publish.type != mqtt::PacketType::publish) return all;
    all += (all.empty() ? "" : " ") + publish.payload;
    if (publish.qos == mqtt::Qos::at_least_once) client.ack(mqtt::PacketType::puback, publish.packet_id);
    if (publish.qos != mqtt::Qos::exactly_once) continue;
    client.ack(mqtt::PacketType::pubrec, publish.packet_id);
    client.ack(mqtt::PacketType::pubcomp, client.next(mqtt::PacketType::pubrel).packet_id);
  }
}

}  // namespace tombo::test
