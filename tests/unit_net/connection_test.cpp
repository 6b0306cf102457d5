#include "unit_net/running_server.hpp"
#include "unit_net/wire_client.hpp"

#include "mqtt/decode.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>

namespace tombo::test {

using mqtt::PacketType;
using mqtt::Qos;
using mqtt::ReasonCode;
using mqtt::Version;

namespace {
std::uint64_t received(RunningServer& running) {
  const std::string text = running.server().summary();
  return std::stoull(text.substr(text.find("received ") + 9));
}
}  // namespace

TEST(Connection, LosesNothingThatArrivesTogetherWithTheFin) {
  RunningServer running(RunningServer::options(2));
  const std::size_t before = open_descriptors();
  for (int i = 0; i < 500; ++i) {
    WireClient client(running.port());
    ASSERT_TRUE(client.send(Packets().connect("c" + std::to_string(i)).publish("t", "x")));
  }
  EXPECT_TRUE(eventually([&] { return received(running) == 500; })) << received(running);
  EXPECT_TRUE(eventually([&] { return open_descriptors() == before; })) << open_descriptors() - before << " left";
  EXPECT_EQ(running.number("clients connected"), 0u);
}

TEST(Connection, IsClosedThoughThePeerKeepsItsHalfOpen) {
  RunningServer running(RunningServer::options(1));
  const std::size_t before = open_descriptors();
  WireClient rude(running.port());
  ASSERT_TRUE(rude.send(Packets().connect("c").raw({0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF})));
  EXPECT_EQ(rude.read_type(), PacketType::connack);
  EXPECT_EQ(rude.read_type(), PacketType::disconnect);
  EXPECT_TRUE(rude.ended());  // only our direction is still open
  EXPECT_TRUE(eventually([&] { return open_descriptors() == before + 1; }));
}

TEST(Connection, AFloodAfterTheGoodbyeHoldsUpNobody) {
  RunningServer running(RunningServer::options(1));
  WireClient other(running.port());
  ASSERT_TRUE(other.send(Packets().connect("o")));
  ASSERT_EQ(other.read_type(), PacketType::connack);
  WireClient flood(running.port());
  ASSERT_TRUE(flood.send(Packets().connect("c").raw({0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF})));
  std::thread flooding([&] {
    const std::vector<std::uint8_t> rubbish(1 << 20, 0xFF);
    while (flood.send(rubbish)) continue;
  });
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(other.send(Packets().ping()));
    ASSERT_EQ(other.read_type(), PacketType::pingresp);
  }
  flooding.join();  // ends when the server gives up waiting
}

TEST(Connection, CarriesLargeMessagesThroughPartialReadsAndWrites) {
  auto options = RunningServer::options(2);
  options.limits.packet_bytes_max = std::uint32_t{20} << 20;
  RunningServer running(std::move(options));
  WireClient publisher(running.port());
  ASSERT_TRUE(publisher.send(Packets(Version::v3_1_1).connect("p")));
  ASSERT_EQ(publisher.read_type(), PacketType::connack);
  std::vector<WireClient> subscribers;
  for (int i = 0; i < 4; ++i) {
    subscribers.emplace_back(running.port());
    ASSERT_TRUE(subscribers.back().send(Packets(Version::v3_1_1).connect("s" + std::to_string(i)).subscribe("t")));
    ASSERT_EQ(subscribers.back().read_type(), PacketType::connack);
    ASSERT_EQ(subscribers.back().read_type(), PacketType::suback);
  }
  for (const std::size_t size : {std::size_t{1} << 20, std::size_t{16} << 20}) {
    std::string payload(size, ' ');
    for (std::size_t i = 0; i < size; ++i) payload[i] = static_cast<char>(i * 2654435761u >> 13);
    ASSERT_TRUE(publisher.send(Packets(Version::v3_1_1).publish("t", payload).publish("t", "after")));
    for (auto& subscriber : subscribers) {
      const auto packet = subscriber.read();
      ASSERT_GT(packet.size(), size);
      EXPECT_TRUE(std::equal(payload.begin(), payload.end(), packet.end() - static_cast<std::ptrdiff_t>(size),
                             [](char a, std::uint8_t b) { return static_cast<std::uint8_t>(a) == b; }));
      EXPECT_EQ(subscriber.read().back(), 'r');
    }
  }
}

namespace {
/// What number `i` of a publisher says: short and long ones, long ones of one size in a row, as files come in pieces.
std::string payload_of(std::uint32_t i, std::mt19937& random) {
  static constexpr std::size_t kSizes[] = {0, 7, 2000, 4090, 5000, 16'384, 16'384, 16'384, 16'384, 40'000, 70'000};
  const std::size_t run = i / 10 % std::size(kSizes);
  const std::size_t size = random() % 8 == 0 ? random() % 30'000 : kSizes[run];
  return std::to_string(i) + ":" + std::string(size, static_cast<char>('a' + i % 26));
}

std::vector<std::string> publish_in_pieces(WireClient& publisher, Version version, std::mt19937& random) {
  std::vector<std::string> said;
  std::vector<std::uint8_t> waiting;
  for (std::uint32_t i = 0; i < 600; ++i) {
    said.push_back(payload_of(i, random));
    const auto bytes = Packets(version).publish("sizes/of/all/kinds", said.back()).bytes();
    waiting.insert(waiting.end(), bytes.begin(), bytes.end());
    const std::size_t now = random() % 3 == 0 ? waiting.size() : random() % (waiting.size() + 1);
    EXPECT_TRUE(publisher.send(mqtt::Bytes{waiting.data(), now}));
    waiting.erase(waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(now));
  }
  EXPECT_TRUE(publisher.send(waiting));
  return said;
}
}  // namespace

TEST(Connection, CarriesPacketsOfAllSizesInAllPieces) {
  RunningServer running(RunningServer::options(1));
  for (const Version version : {Version::v3_1_1, Version::v5}) {
    for (std::uint32_t seed = 1; seed <= 3; ++seed) {
      WireClient subscriber(running.port());
      WireClient publisher(running.port());
      ASSERT_TRUE(subscriber.send(Packets(version).connect("s").subscribe("sizes/#")));
      ASSERT_EQ(subscriber.read_type(), PacketType::connack);
      ASSERT_EQ(subscriber.read_type(), PacketType::suback);
      ASSERT_TRUE(publisher.send(Packets(version).connect("p")));
      ASSERT_EQ(publisher.read_type(), PacketType::connack);
      std::mt19937 random(seed);
      std::vector<std::string> said;
      std::thread publishing([&] { said = publish_in_pieces(publisher, version, random); });
      std::vector<std::string> heard;
      while (heard.size() < 600) {
        const auto packet = subscriber.read();
        mqtt::PublishView view;
        const auto framed = mqtt::next_frame(packet, mqtt::kRemainingLengthMax);
        if (packet.empty() || !mqtt::decode_publish(framed.frame, version, {}, view, mqtt::Sender::server)) break;
        EXPECT_EQ(view.topic, "sizes/of/all/kinds");
        heard.emplace_back(mqtt::text_of(view.payload));
      }
      publishing.join();
      ASSERT_EQ(heard.size(), said.size());
      for (std::size_t i = 0; i < said.size(); ++i) ASSERT_TRUE(heard[i] == said[i]) << "message " << i << ", seed " << seed;
    }
  }
}

TEST(Connection, TakesPipelinedPacketsAlongToItsHomeShard) {
  RunningServer running(RunningServer::options(4));
  for (int i = 0; i < 100; ++i) {
    const auto topic = "own/" + std::to_string(i);
    WireClient client(running.port());
    ASSERT_TRUE(client.send(Packets().connect("c" + std::to_string(i)).subscribe(topic).publish(topic, "x").ping()));
    EXPECT_EQ(client.read_type(), PacketType::connack);
    EXPECT_EQ(client.read_type(), PacketType::suback);
    EXPECT_EQ(client.read_type(), PacketType::publish);
    EXPECT_EQ(client.read_type(), PacketType::pingresp);
  }
}

TEST(Connection, TakesPacketsThatArriveByteByByte) {
  RunningServer running(RunningServer::options(4));
  for (int i = 0; i < 8; ++i) {
    WireClient client(running.port());
    const auto bytes = Packets().connect("c" + std::to_string(i)).subscribe("t" + std::to_string(i)).ping().bytes();
    for (const auto byte : bytes) ASSERT_TRUE(client.send(mqtt::Bytes(&byte, 1)));
    EXPECT_EQ(client.read_type(), PacketType::connack);
    EXPECT_EQ(client.read_type(), PacketType::suback);
    EXPECT_EQ(client.read_type(), PacketType::pingresp);
  }
}

TEST(Connection, ThousandsThatTakeOneAnotherOverLeaveNothingBehind) {
  RunningServer running(RunningServer::options(4));
  const std::size_t before = open_descriptors();
  std::atomic<int> served{0};
  std::vector<std::thread> threads;
  for (int worker = 0; worker < 4; ++worker) {
    threads.emplace_back([&, worker] {
      // The last few stay open, so that another worker takes them over.
      std::vector<WireClient> open;
      for (int i = 0; i < 250; ++i) {
        const auto id = "c" + std::to_string((i * 7 + worker) % 25);
        WireClient client(running.port());
        if (!client.send(Packets().connect(id, i % 2 == 0).subscribe("t/" + id).publish("t/" + id, "x", Qos::at_least_once))) {
          continue;
        }
        if (client.read_type() == PacketType::connack) ++served;
        if (i % 3 == 0) open.push_back(std::move(client));
        if (open.size() > 10) open.erase(open.begin());
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(served.load(), 1000);
  EXPECT_TRUE(eventually([&] { return running.number("clients connected") == 0; })) << running.server().summary();
  EXPECT_TRUE(eventually([&] { return open_descriptors() == before; })) << open_descriptors() - before << " left";
  EXPECT_EQ(running.number("sessions away"), 0u);
  EXPECT_EQ(running.number("subscriptions,"), 0u);
  EXPECT_TRUE(eventually([&] { return running.number("bytes\ndropped") == 0; })) << running.server().summary();
}

TEST(Connection, ASubscriberThatDoesNotReadHoldsUpNeitherPublisherNorOthers) {
  auto options = RunningServer::options(2);
  options.limits.queue_messages_max = 100;
  RunningServer running(options);
  WireClient stuck(running.port());
  WireClient reader(running.port());
  WireClient publisher(running.port());
  for (auto* client : {&stuck, &reader, &publisher}) {
    ASSERT_TRUE(client->send(Packets(Version::v3_1_1).connect(client == &stuck ? "s" : client == &reader ? "r" : "p")));
    ASSERT_EQ(client->read_type(), PacketType::connack);
  }
  for (auto* client : {&stuck, &reader}) {
    ASSERT_TRUE(client->send(Packets(Version::v3_1_1).subscribe("t", Qos::at_least_once)));
    ASSERT_EQ(client->read_type(), PacketType::suback);
  }
  const std::string payload(100'000, 'x');
  for (int i = 0; i < 300; ++i) {
    ASSERT_TRUE(publisher.send(Packets(Version::v3_1_1).publish("t", payload, Qos::at_least_once)));
    ASSERT_EQ(publisher.read_type(), PacketType::puback);
    ASSERT_EQ(reader.read_type(), PacketType::publish);
    ASSERT_TRUE(reader.send(Packets().raw({0x40, 0x02, static_cast<std::uint8_t>((i + 1) >> 8), static_cast<std::uint8_t>(i + 1)})));
  }
  EXPECT_LE(running.number("bytes\ndropped"), 20'000'000u);
  EXPECT_EQ(running.number("clients connected"), 3u);
}

}  // namespace tombo::test
