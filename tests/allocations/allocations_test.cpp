#include "support/bare_shard.hpp"
#include "support/codec.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <new>
#include <string>

namespace {
std::size_t allocations = 0;  // one thread
}

void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace tombo::test {

using mqtt::Qos;
using mqtt::Version;

namespace {
std::vector<std::uint8_t> client_packets(Version version, const std::string& id, const std::string& filter, Qos qos = Qos::at_most_once) {
  mqtt::WriteBatch batch;
  mqtt::ConnectOut connect;
  connect.version = version;
  connect.client_id = id;
  mqtt::encode_connect(batch, connect);
  if (!filter.empty()) {
    mqtt::SubscriptionOut wanted;
    wanted.filter = filter;
    wanted.options.qos = qos;
    mqtt::encode_subscribe(batch, version, 1, std::vector{wanted}, {});
  }
  return bytes_of(batch);
}

std::vector<std::uint8_t> publishes(Version version, const std::string& topic, std::size_t payload_size, int count) {
  mqtt::WriteBatch batch;
  const std::string payload(payload_size, 'x');
  for (int i = 0; i < count; ++i) {
    mqtt::encode_client_publish(batch, version, topic, mqtt::bytes_of(payload), Qos::at_most_once, false, false, 0, {});
  }
  return bytes_of(batch);
}

/// Heap allocations for so many turns of these packets, after as many to warm up.
std::size_t allocations_of(BareShard& broker, BareTransport& publisher, mqtt::Bytes packets, int turns) {
  for (int i = 0; i < turns; ++i) broker.turn(publisher, packets);
  const std::size_t before = allocations;
  for (int i = 0; i < turns; ++i) broker.turn(publisher, packets);
  return allocations - before;
}
}  // namespace

TEST(Allocations, TheCounterCounts) {
  const std::size_t before = allocations;
  const auto number = std::make_unique<int>(1);
  EXPECT_EQ(allocations, before + 1);
  EXPECT_EQ(*number, 1);
}

TEST(Allocations, AQos0MessageCostsItsBlockAndNothingElse) {
  for (const auto version : {Version::v3_1_1, Version::v5}) {
    for (const std::size_t payload : {std::size_t{64}, std::size_t{16'384}}) {
      BareShard broker;
      for (int i = 0; i < 20; ++i) {
        broker.open(client_packets(version, "s" + std::to_string(i), i % 2 == 0 ? "site/+/t" : "site/1/t"));
      }
      auto& publisher = broker.open(client_packets(version, "p", ""));
      const auto packets = publishes(version, "site/1/t", payload, 10);
      EXPECT_EQ(allocations_of(broker, publisher, packets, 100), 1000u) << "payload " << payload;
    }
  }
}

TEST(Allocations, AQos0MessageThatNobodyWantsCostsNone) {
  BareShard broker;
  broker.open(client_packets(Version::v5, "s", "other/#"));
  auto& publisher = broker.open(client_packets(Version::v5, "p", ""));
  EXPECT_EQ(allocations_of(broker, publisher, publishes(Version::v5, "t", 64, 10), 100), 0u);
}

TEST(Allocations, APingCostsNone) {
  BareShard broker;
  auto& client = broker.open(client_packets(Version::v5, "c", ""));
  EXPECT_EQ(allocations_of(broker, client, std::vector<std::uint8_t>{0xC0, 0x00}, 100), 0u);
}

}  // namespace tombo::test
