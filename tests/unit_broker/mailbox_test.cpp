#include "unit_broker/arrange.hpp"

#include <gtest/gtest.h>

namespace tombo::test {

using broker::Drop;
using mqtt::PacketType;
using mqtt::Qos;
using mqtt::Version;

namespace {
VirtualBroker::Setup small_mailboxes() {
  auto setup = setup_of(2);
  setup.options.limits.mailbox_bytes_max = 10'000;
  return setup;
}
std::vector<std::uint8_t> publish_bytes(const TestClient& client, std::string_view topic, const std::string& payload, Qos qos,
                                        mqtt::PacketId id) {
  mqtt::WriteBatch batch;
  mqtt::encode_client_publish(batch, client.version(), topic, mqtt::bytes_of(payload), qos, false, false, id, {});
  std::vector<std::uint8_t> bytes(batch.size());
  iovec piece{};
  while (!batch.empty()) {
    batch.describe(&piece, 1);
    const auto* from = static_cast<const std::uint8_t*>(piece.iov_base);
    std::copy(from, from + piece.iov_len, bytes.end() - static_cast<std::ptrdiff_t>(batch.size()));
    batch.consume(piece.iov_len);
  }
  return bytes;
}
std::size_t count(TestClient& client, PacketType type) {
  std::size_t number = 0;
  while (client.next(type).type == type) ++number;
  return number;
}
}  // namespace

TEST(Letters, GoOnlyToShardsThatHaveSubscribers) {
  VirtualBroker broker(setup_of(8));
  auto publisher = connected_on(broker, 0, "p");
  auto local = connected_on(broker, 0, "local");
  auto remote = connected_on(broker, 5, "remote");
  auto other = connected_on(broker, 6, "other");
  local->subscribe("t");
  remote->subscribe("t");
  other->subscribe("u");
  const auto before = broker.core().sum(&broker::ShardCounters::letters_sent);
  for (int i = 0; i < 100; ++i) publisher->publish("t", "x");
  EXPECT_EQ(broker.core().sum(&broker::ShardCounters::letters_sent) - before, 100u);
  for (int i = 0; i < 100; ++i) publisher->publish("nobody", "x");
  remote->unsubscribe("t");
  for (int i = 0; i < 100; ++i) publisher->publish("t", "x");
  EXPECT_EQ(broker.core().sum(&broker::ShardCounters::letters_sent) - before, 100u);
  EXPECT_EQ(local->publishes().size(), 200u);
  EXPECT_EQ(remote->publishes().size(), 100u);
}

TEST(Letters, AreOneForAllSubscribersOfAShard) {
  VirtualBroker broker(setup_of(2));
  std::vector<std::unique_ptr<TestClient>> subscribers;
  for (int i = 0; i < 20; ++i) {
    subscribers.push_back(connected_on(broker, 1, "s" + std::to_string(i)));
    subscribers.back()->subscribe("t");
    subscribers.back()->subscribe("+");
  }
  auto publisher = connected_on(broker, 0, "p");
  const auto before = broker.core().sum(&broker::ShardCounters::letters_sent);
  publisher->publish("t", "x");
  EXPECT_EQ(broker.core().sum(&broker::ShardCounters::letters_sent) - before, 1u);
  for (auto& subscriber : subscribers) EXPECT_EQ(subscriber->publishes().size(), 1u);
}

TEST(Letters, OfOneTurnReachTheSubscribersOfTheirOwnTopics) {
  VirtualBroker broker(setup_of(2));
  auto a = connected_on(broker, 1, "a");
  auto b = connected_on(broker, 1, "b");
  auto member = connected_on(broker, 1, "m");
  a->subscribe("t/a");
  b->subscribe("t/b");
  member->subscribe("$share/g/t/#");
  auto publisher = connected_on(broker, 0, "p");
  const std::string topics = "aabbbacabcaa";
  for (std::size_t i = 0; i < topics.size(); ++i) {
    const std::string payload{static_cast<char>('A' + i)};
    publisher->send_only(publish_bytes(*publisher, std::string("t/") + topics[i], payload, Qos::at_most_once, 0));
  }
  broker.settle();
  EXPECT_EQ(payloads(*a), "A B F H K L");
  EXPECT_EQ(payloads(*b), "C D E I");
  EXPECT_EQ(payloads(*member), "A B C D E F G H I J K L");
}

TEST(Letters, ThatAreTooManyForOneTurnKeepTheirOrder) {
  VirtualBroker broker(setup_of(2));
  auto subscriber = connected_on(broker, 1, "s");
  subscriber->subscribe("t/+");
  auto publisher = connected_on(broker, 0, "p");
  constexpr int kCount = 10'000;
  for (int i = 0; i < kCount; ++i) {
    publisher->send_only(
        publish_bytes(*publisher, "t/" + std::to_string(i / 7 % 3), std::to_string(i), Qos::at_most_once, 0));
  }
  while (broker.core().sum(&broker::ShardCounters::letters_sent) < kCount) broker.turn(0);
  broker.turn(1);
  EXPECT_TRUE(broker.shard(1).has_work());
  broker.settle();
  const auto got = subscriber->publishes();
  ASSERT_EQ(got.size(), std::size_t{kCount});
  for (int i = 0; i < kCount; ++i) ASSERT_EQ(got[static_cast<std::size_t>(i)].payload, std::to_string(i));
}

TEST(Letters, InGreatNumberMakeBothShardsExpectMore) {
  VirtualBroker broker(setup_of(2));
  auto subscriber = connected_on(broker, 1, "s");
  subscriber->subscribe("t");
  auto publisher = connected_on(broker, 0, "p");
  EXPECT_FALSE(broker.shard(0).expects_mail());
  for (int i = 0; i < 100; ++i) publisher->send_only(publish_bytes(*publisher, "t", "x", Qos::at_most_once, 0));
  broker.turn(0);
  broker.turn(1);
  EXPECT_TRUE(broker.shard(0).expects_mail());
  EXPECT_TRUE(broker.shard(1).expects_mail());
  broker.settle();
  publisher->publish("t", "x");
  EXPECT_FALSE(broker.shard(0).expects_mail());
  EXPECT_FALSE(broker.shard(1).expects_mail());
}

TEST(MailboxLimit, DropsQos0ForAShardThatDoesNotKeepUp) {
  VirtualBroker broker(small_mailboxes());
  auto subscriber = connected_on(broker, 1, "s");
  subscriber->subscribe("t");
  auto publisher = connected_on(broker, 0, "p");
  for (int i = 0; i < 100; ++i) publisher->send_only(publish_bytes(*publisher, "t", std::string(1000, 'x'), Qos::at_most_once, 0));
  broker.turn(0);  // shard 1 does not turn meanwhile
  EXPECT_LE(broker.core().mailbox(1).bytes(), 12'000u);
  EXPECT_GE(broker.dropped(Drop::mailbox_full), 88u);
  broker.settle();
  EXPECT_EQ(subscriber->publishes().size() + broker.dropped(Drop::mailbox_full), 100u);
}

TEST(MailboxLimit, StopsReadingQos1PublishersUntilTheOthersHaveCaughtUp) {
  VirtualBroker broker(small_mailboxes());
  auto subscriber = connected_on(broker, 1, "s");
  subscriber->subscribe("t", Qos::at_least_once);
  auto publisher = connected_on(broker, 0, "p", Version::v3_1_1);
  for (mqtt::PacketId id = 1; id <= 100; ++id) {
    publisher->send_only(publish_bytes(*publisher, "t", std::string(1000, 'x'), Qos::at_least_once, id));
  }
  for (int i = 0; i < 5; ++i) broker.turn(0);
  EXPECT_LE(broker.core().mailbox(1).bytes(), 12'000u);
  EXPECT_LE(count(*publisher, PacketType::puback), 12u);
  broker.settle();
  EXPECT_EQ(subscriber->publishes().size(), 100u);
  EXPECT_EQ(broker.dropped(Drop::mailbox_full), 0u);
}

TEST(MailboxLimit, StopsReadingPublishersToSharedGroupsToo) {
  VirtualBroker broker(small_mailboxes());
  auto member = connected_on(broker, 1, "m");
  member->subscribe("$share/g/t", Qos::at_least_once);
  auto publisher = connected_on(broker, 0, "p", Version::v3_1_1);
  for (mqtt::PacketId id = 1; id <= 100; ++id) {
    publisher->send_only(publish_bytes(*publisher, "t", std::string(1000, 'x'), Qos::at_least_once, id));
  }
  for (int i = 0; i < 5; ++i) broker.turn(0);
  EXPECT_LE(broker.core().mailbox(1).bytes(), 12'000u);
  broker.settle();
  EXPECT_EQ(member->publishes().size(), 100u);
}

TEST(MailboxLimit, DoesNotHoldUpPublishersToOtherShards) {
  VirtualBroker broker(small_mailboxes());
  auto subscriber = connected_on(broker, 1, "s");
  subscriber->subscribe("t", Qos::at_least_once);
  auto local = connected_on(broker, 0, "l");
  local->subscribe("u", Qos::at_least_once);
  auto flood = connected_on(broker, 0, "flood");
  auto other = connected_on(broker, 0, "other");
  for (mqtt::PacketId id = 1; id <= 100; ++id) {
    flood->send_only(publish_bytes(*flood, "t", std::string(1000, 'x'), Qos::at_least_once, id));
  }
  broker.turn(0);
  other->send_only(publish_bytes(*other, "u", "x", Qos::at_least_once, 1));
  broker.turn(0);
  EXPECT_EQ(count(*other, PacketType::puback), 1u);
  EXPECT_EQ(local->publishes().size(), 1u);
}

TEST(MailboxLimit, IsTheReloadedOne) {
  VirtualBroker broker(small_mailboxes());
  auto options = broker.options();
  options.limits.mailbox_bytes_max = 1'000'000;
  broker.reload(options);
  auto subscriber = connected_on(broker, 1, "s");
  subscriber->subscribe("t");
  auto publisher = connected_on(broker, 0, "p");
  for (int i = 0; i < 100; ++i) publisher->send_only(publish_bytes(*publisher, "t", std::string(1000, 'x'), Qos::at_most_once, 0));
  broker.turn(0);
  broker.settle();
  EXPECT_EQ(subscriber->publishes().size(), 100u);
}

}  // namespace tombo::test
