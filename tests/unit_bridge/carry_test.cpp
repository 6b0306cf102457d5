#include "unit_bridge/world.hpp"

#include "base/hash.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tombo::test {
namespace {

using config::BridgeVersion;
using mqtt::Qos;
using mqtt::Version;

/// A subscriber that acknowledges what it gets.
class Reader {
 public:
  Reader(World& world, const std::string& at, const std::string& filter, Qos qos = Qos::exactly_once)
      : world_(world), client_(world.broker(at), Version::v5) {
    client_.connect("reader-" + at + filter);
    client_.subscribe(filter, qos);
    world_.settle();
  }
  /// "topic=payload ..." of all that has come.
  std::string all() {
    std::string seen;
    for (auto more = true; more;) {
      more = false;
      world_.settle();
      for (const auto& publish : client_.publishes()) {
        more = true;
        seen += (seen.empty() ? "" : " ") + publish.topic + "=" + publish.payload + (publish.retain ? "!" : "");
        if (publish.qos == Qos::at_least_once) client_.ack(mqtt::PacketType::puback, publish.packet_id);
        if (publish.qos == Qos::exactly_once) client_.ack(mqtt::PacketType::pubrec, publish.packet_id);
      }
      for (auto rel = client_.next(mqtt::PacketType::pubrel); rel.type == mqtt::PacketType::pubrel;
           rel = client_.next(mqtt::PacketType::pubrel)) {
        client_.ack(mqtt::PacketType::pubcomp, rel.packet_id);
      }
    }
    return seen;
  }

 private:
  World& world_;
  TestClient client_;
};

void publish(World& world, const std::string& at, const std::string& topic, const std::string& payload, Qos qos,
             bool retain = false) {
  TestClient client(world.broker(at), Version::v5);
  client.connect("writer-" + at);
  if (qos == Qos::exactly_once) {
    TestClient::Publish message;
    message.topic = topic;
    message.payload = payload;
    message.qos = qos;
    message.retain = retain;
    const auto rec = client.publish(message);
    client.ack(mqtt::PacketType::pubrel, rec.packet_id);
  } else {
    client.publish(topic, payload, qos, retain);
  }
  client.disconnect();
  world.settle();
}

class Versions : public testing::TestWithParam<BridgeVersion> {};
INSTANTIATE_TEST_SUITE_P(Bridge, Versions,
                         testing::Values(BridgeVersion::v3_1, BridgeVersion::v3_1_1, BridgeVersion::v5));

TEST_P(Versions, CarriesBothWaysAtEveryQos) {
  World world;
  world.add("a");
  world.add("b");
  world.bridge("a", bridge_to("b", {"up/# out 2", "down/# in 2"}, GetParam()));
  world.settle();
  Reader there(world, "b", "#");
  Reader here(world, "a", "#");
  for (const Qos qos : {Qos::at_most_once, Qos::at_least_once, Qos::exactly_once}) {
    const std::string payload = std::to_string(static_cast<int>(qos));
    publish(world, "a", "up/x", payload, qos);
    publish(world, "b", "down/x", payload, qos);
  }
  EXPECT_EQ(there.all(), "up/x=0 down/x=0 up/x=1 down/x=1 up/x=2 down/x=2");
  EXPECT_EQ(here.all(), "up/x=0 down/x=0 up/x=1 down/x=1 up/x=2 down/x=2");
}

TEST_P(Versions, RewritesPrefixes) {
  World world;
  world.add("a");
  world.add("b");
  world.bridge("a", bridge_to("b", {"t/# both 1 here/ there/", "\"\" out 1 one other"}, GetParam()));
  world.settle();
  Reader there(world, "b", "#");
  Reader here(world, "a", "#");
  publish(world, "a", "here/t/1", "x", Qos::at_least_once);
  publish(world, "a", "one", "y", Qos::at_least_once);
  publish(world, "b", "there/t/2", "z", Qos::at_least_once);
  publish(world, "b", "here/t/2", "not carried", Qos::at_least_once);
  EXPECT_EQ(there.all(), "there/t/1=x other=y there/t/2=z here/t/2=not carried");
  EXPECT_EQ(here.all(), "here/t/1=x one=y here/t/2=z");
}

TEST_P(Versions, WaitsFromTheStartForABrokerThatIsAway) {
  World world;
  world.add("a");
  world.add("b");
  world.reachable("b", false);
  auto& bridge = world.bridge("a", bridge_to("b", {"# out 2"}, GetParam()));
  world.settle();
  publish(world, "a", "t", "1", Qos::at_least_once);
  publish(world, "a", "t", "2", Qos::exactly_once);
  world.advance(Seconds{2});
  EXPECT_EQ(world.figures(bridge).queued_messages.get() + world.figures(bridge).in_flight.get(), 2u);
  Reader there(world, "b", "#");
  world.reachable("b", true);
  world.advance(Seconds{31});
  EXPECT_EQ(there.all(), "t=1 t=2");
  EXPECT_EQ(world.figures(bridge).queued_messages.get(), 0u);
  EXPECT_EQ(world.figures(bridge).in_flight.get(), 0u);
}

/// The line breaks after every possible number of bytes on the way out.
TEST_P(Versions, LosesNothingWhereverTheLineBreaks) {
  for (std::size_t bytes = 1; bytes < 420; bytes += 7) {
    World world;
    world.add("a");
    world.add("b");
    auto& bridge = world.bridge("a", bridge_to("b", {"# out 2"}, GetParam()));
    Reader there(world, "b", "t/#");
    world.line(bridge).breaks_after = bytes;
    for (int i = 0; i < 4; ++i) publish(world, "a", "t/q2", std::to_string(i), Qos::exactly_once);
    world.advance(Seconds{1});
    world.reachable("b", false);
    for (int i = 4; i < 6; ++i) publish(world, "a", "t/q2", std::to_string(i), Qos::exactly_once);
    world.line(bridge).breaks_after = SIZE_MAX;
    world.reachable("b", true);
    world.advance(Seconds{61});
    const std::string all = there.all();
    EXPECT_EQ(all, "t/q2=0 t/q2=1 t/q2=2 t/q2=3 t/q2=4 t/q2=5") << "the line broke after " << bytes << " bytes";
  }
}

TEST_P(Versions, CarriesWhatTheOtherBrokerQueuedMeanwhile) {
  World world;
  world.add("a");
  world.add("b");
  auto& bridge = world.bridge("a", bridge_to("b", {"# in 2"}, GetParam()));
  world.settle();
  Reader here(world, "a", "#");
  world.reachable("b", false);
  EXPECT_NE(bridge.state(), broker::BridgeState::connected);
  publish(world, "b", "t", "1", Qos::at_least_once);
  publish(world, "b", "t", "2", Qos::exactly_once);
  world.reachable("b", true);
  world.advance(Seconds{31});
  EXPECT_EQ(here.all(), "t=1 t=2");
}

TEST_P(Versions, CarriesRetainedMessages) {
  World world;
  world.add("a");
  world.add("b");
  publish(world, "a", "up/old", "1", Qos::at_least_once, true);
  publish(world, "b", "down/old", "2", Qos::at_least_once, true);
  world.bridge("a", bridge_to("b", {"up/# out 1", "down/# in 1"}, GetParam()));
  world.settle();
  publish(world, "a", "up/new", "3", Qos::at_least_once, true);
  publish(world, "b", "down/new", "4", Qos::at_least_once, true);
  Reader there(world, "b", "up/#");
  Reader here(world, "a", "down/#");
  EXPECT_THAT(there.all(), testing::AllOf(testing::HasSubstr("up/old=1!"), testing::HasSubstr("up/new=3!")));
  EXPECT_THAT(here.all(), testing::AllOf(testing::HasSubstr("down/old=2!"), testing::HasSubstr("down/new=4!")));
}

TEST(Bridge, KeepsRetainToItselfIfItIsTold) {
  World world;
  world.add("a");
  world.add("b");
  auto options = bridge_to("b", {"# out 1"});
  options.outgoing_retain = false;
  world.bridge("a", options);
  world.settle();
  publish(world, "a", "t", "1", Qos::at_least_once, true);
  EXPECT_EQ(Reader(world, "b", "t").all(), "");
}

TEST(Bridge, SaysWhetherItIsConnected) {
  World world;
  world.add("a");
  world.add("b");
  world.bridge("a", bridge_to("b", {"# out 1"}));
  world.settle();
  const std::string topic = "$SYS/broker/connection/a.to-b/state";
  EXPECT_EQ(Reader(world, "a", topic).all(), topic + "=1!");
  EXPECT_EQ(Reader(world, "b", topic).all(), topic + "=1!");
  world.reachable("b", false);
  EXPECT_EQ(Reader(world, "a", topic).all(), topic + "=0!");
  EXPECT_EQ(Reader(world, "b", topic).all(), topic + "=0!");  // its will
}

TEST(Bridge, KeepsToItsQueueLimits) {
  for (const bool oldest : {true, false}) {
    World world;
    world.add("a");
    world.add("b");
    world.reachable("b", false);
    auto options = bridge_to("b", {"# out 1"});
    options.queue_messages_max = 3;
    options.on_overflow = oldest ? config::BridgeOverflow::drop_oldest : config::BridgeOverflow::drop_newest;
    auto& bridge = world.bridge("a", options);
    world.settle();
    for (int i = 1; i <= 6; ++i) publish(world, "a", "t", std::to_string(i), Qos::at_least_once);
    Reader there(world, "b", "#");
    world.reachable("b", true);
    world.advance(Seconds{31});
    EXPECT_EQ(there.all(), oldest ? "t=4 t=5 t=6" : "t=1 t=2 t=3");
    EXPECT_EQ(world.figures(bridge).dropped.get(), 3u);
  }
}

TEST(Bridge, SharesTopicsAmongItsConnections) {
  World world;
  world.add("a");
  world.add("b");
  auto options = bridge_to("b", {"# out 1", "x/# in 1", "y/# in 1"});
  options.connections = 3;
  std::vector<bridge::Bridge*> bridges;
  for (std::uint32_t part = 0; part < 3; ++part) bridges.push_back(&world.bridge("a", options, part));
  world.settle();
  Reader there(world, "b", "t/#");
  std::string wanted;
  for (int i = 0; i < 30; ++i) publish(world, "a", "t/" + std::to_string(i), "m", Qos::at_least_once);
  const std::string all = there.all();
  EXPECT_EQ(std::count(all.begin(), all.end(), 'm'), 30);
  for (const auto* bridge : bridges) EXPECT_GT(world.figures(*bridge).sent.get(), 2u);
}

TEST(Bridge, TriesWithoutThePrivateBitWhereItIsRefused) {
  World world;
  world.add("a");
  world.add("b");
  auto options = bridge_to("b", {"# out 1"}, BridgeVersion::v3_1_1);
  auto& bridge = world.bridge("a", options);
  world.line(bridge).breaks_after = 4;  // as if the other one closed at the level
  world.settle();
  world.reachable("b", false);
  world.line(bridge).breaks_after = SIZE_MAX;
  world.reachable("b", true);
  world.advance(Seconds{31});
  EXPECT_EQ(bridge.state(), broker::BridgeState::connected);
}

TEST(Bridge, IsLazyUntilEnoughWaits) {
  World world;
  world.add("a");
  world.add("b");
  auto options = bridge_to("b", {"# out 1"});
  options.start = config::BridgeStart::lazy;
  options.threshold = 3;
  options.idle_timeout_s = 20;
  options.notifications = false;
  auto& bridge = world.bridge("a", options);
  Reader there(world, "b", "#");
  for (int i = 0; i < 2; ++i) publish(world, "a", "t", std::to_string(i), Qos::at_least_once);
  world.advance(Seconds{5});
  EXPECT_EQ(there.all(), "");
  EXPECT_EQ(bridge.state(), broker::BridgeState::idle);
  publish(world, "a", "t", "2", Qos::at_least_once);
  world.advance(Seconds{3});
  EXPECT_EQ(there.all(), "t=0 t=1 t=2");
  EXPECT_EQ(bridge.state(), broker::BridgeState::connected);
  world.advance(Seconds{22});
  EXPECT_EQ(bridge.state(), broker::BridgeState::idle);
}

TEST(Bridge, StartedOnceDoesNotComeBack) {
  World world;
  world.add("a");
  world.add("b");
  auto options = bridge_to("b", {"# out 1"});
  options.start = config::BridgeStart::once;
  auto& bridge = world.bridge("a", options);
  world.settle();
  EXPECT_EQ(bridge.state(), broker::BridgeState::connected);
  world.reachable("b", false);
  world.reachable("b", true);
  world.advance(Seconds{90});
  EXPECT_EQ(bridge.state(), broker::BridgeState::ended);
  EXPECT_EQ(world.line(bridge).dialed, 1u);
}

TEST(Bridge, GoesBackToTheFirstAddress) {
  World world;
  world.add("a");
  world.add("b");
  world.add("c");
  auto options = bridge_to("b", {"# out 1"});
  options.addresses = {"b", "c"};
  auto& bridge = world.bridge("a", options);
  world.settle();
  world.reachable("b", false);
  world.advance(Seconds{12});
  EXPECT_EQ(world.line(bridge).last_host, "c");
  EXPECT_EQ(bridge.state(), broker::BridgeState::connected);
  world.reachable("b", true);
  world.advance(Seconds{70});
  EXPECT_EQ(world.line(bridge).last_host, "b");
  EXPECT_EQ(bridge.state(), broker::BridgeState::connected);
}

TEST(Bridge, WaitsLongerFromAttemptToAttempt) {
  World world;
  world.add("a");
  auto& bridge = world.bridge("a", bridge_to("nowhere", {"# out 1"}));
  world.advance(Seconds{60});
  EXPECT_GE(world.line(bridge).dialed, 4u);
  EXPECT_LE(world.line(bridge).dialed, 8u);
}

TEST(Bridge, TakesOtherOptionsAtOnceAndForgetsWhatItNoLongerCarries) {
  World world;
  world.add("a");
  world.add("b");
  auto& bridge = world.bridge("a", bridge_to("b", {"old/# out 1", "both/# out 1"}));
  world.settle();
  const auto changed = bridge::plans_of(bridge_to("b", {"new/# out 1", "both/# out 1"}), "a")[0];
  world.within(bridge, [&] { bridge.change(changed); });
  world.advance(Seconds{1});
  Reader there(world, "b", "#");
  for (const char* topic : {"old/1", "new/1", "both/1"}) publish(world, "a", topic, "x", Qos::at_least_once);
  EXPECT_EQ(there.all(), "new/1=x both/1=x");
}

/// Whatever the other broker sends, the bridge comes back to it, and ours goes on.
TEST(Bridge, SurvivesABrokerThatSendsNonsense) {
  std::uint64_t state = 1;
  const auto random = [&] { return mix(state += 0x9E37'79B9'7F4A'7C15ULL); };
  for (const auto version : {BridgeVersion::v3_1_1, BridgeVersion::v5}) {
    World world;
    world.add("a");
    world.add("b");
    auto options = bridge_to("b", {"# both 2"}, version);
    options.restart_max_s = 5;
    auto& bridge = world.bridge("a", options);
    world.settle();
    for (int round = 0; round < 2'000; ++round) {
      std::vector<std::uint8_t> bytes(2 + random() % 60);
      for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
      bytes[1] = static_cast<std::uint8_t>(bytes.size() - 2);
      world.within(bridge, [&] {
        const std::size_t consumed = bridge.on_bytes(bytes);
        EXPECT_LE(consumed, bytes.size());
      });
      if (bridge.state() != broker::BridgeState::connected) world.advance(Seconds{6});
    }
    world.advance(Seconds{12});
    EXPECT_EQ(bridge.state(), broker::BridgeState::connected);
  }
}

TEST(Bridge, LetsNobodyTakeItsSession) {
  World world;
  auto& a = world.add("a");
  world.add("b");
  world.bridge("a", bridge_to("b", {"# out 1"}));
  world.settle();
  TestClient thief(a, Version::v5);
  EXPECT_EQ(thief.connect("local.a.to-b").reason, mqtt::ReasonCode::not_authorized);
}

/// Mosquitto's bridges say there whether they are connected, and not all of them say that they are bridges.
TEST(Bridge, SaysOfItselfOnlyWhetherItIsConnected) {
  World world;
  auto& a = world.add("a");
  TestClient client(a, Version::v5);
  client.connect("me");
  const auto answer = [&](const char* topic) { return client.publish(topic, "1", Qos::at_least_once, true).reason; };
  EXPECT_FALSE(mqtt::is_error(answer("$SYS/broker/connection/me/state")));
  EXPECT_EQ(answer("$SYS/broker/connection/other/state"), mqtt::ReasonCode::not_authorized);
  EXPECT_EQ(answer("$SYS/broker/connection/state"), mqtt::ReasonCode::not_authorized);
  EXPECT_EQ(answer("$SYS/broker/version"), mqtt::ReasonCode::not_authorized);
}

/// A message by a name that no entry brings in is not taken.
TEST(Bridge, TakesNothingThatItDidNotAskFor) {
  World world;
  world.add("a");
  world.add("b");
  auto& bridge = world.bridge("a", bridge_to("b", {"asked/# in 1"}, BridgeVersion::v3_1_1));
  world.settle();
  Reader here(world, "a", "#");
  mqtt::WriteBatch batch;
  mqtt::encode_client_publish(batch, Version::v3_1_1, "unasked", mqtt::bytes_of("x"), Qos::at_least_once, false, false,
                              7);
  iovec piece{};
  batch.describe(&piece, 1);
  world.within(bridge, [&] { bridge.on_bytes({static_cast<const std::uint8_t*>(piece.iov_base), piece.iov_len}); });
  EXPECT_EQ(here.all(), "");
  EXPECT_EQ(world.figures(bridge).dropped.get(), 1u);
  EXPECT_EQ(bridge.state(), broker::BridgeState::connected);
}

TEST(Bridge, LeavesNothingBehindWhenItIsTakenAway) {
  World world;
  auto& a = world.add("a");
  world.add("b");
  auto& bridge = world.bridge("a", bridge_to("b", {"# out 1"}));
  world.settle();
  world.within(bridge, [&] { bridge.end(true); });
  EXPECT_TRUE(bridge.ended());
  EXPECT_EQ(a.core().counters(0).sessions.get(), 0u);
  const std::string topic = "$SYS/broker/connection/a.to-b/state";
  EXPECT_EQ(Reader(world, "a", topic).all(), "");
  EXPECT_EQ(Reader(world, "b", topic).all(), topic + "=0!");
}

}  // namespace
}  // namespace tombo::test
