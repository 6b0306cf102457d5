#include "unit_broker/arrange.hpp"

#include <gtest/gtest.h>

#include <map>

namespace tombo::test {

using mqtt::Qos;
using mqtt::ReasonCode;
using mqtt::Version;

namespace {
VirtualBroker::Setup telling(unsigned shards = 1) {
  auto setup = setup_of(shards);
  setup.options.sys.interval_s = 10;
  return setup;
}
std::map<std::string, std::string> latest(TestClient& client) {
  std::map<std::string, std::string> values;
  for (const auto& publish : client.publishes()) values[publish.topic] = publish.payload;
  return values;
}
}  // namespace

TEST(Sys, TellsTheNamesThatMosquittoUsersKnow) {
  VirtualBroker broker(telling());
  auto client = connected(broker, "c");
  client->subscribe("$SYS/#");
  broker.advance(Seconds{21});
  const auto values = latest(*client);
  for (const std::string name :
       {"version", "uptime", "clients/total", "clients/maximum", "clients/connected", "clients/disconnected", "clients/active",
        "clients/inactive", "clients/expired", "messages/received", "messages/sent", "messages/stored",
        "store/messages/count", "store/messages/bytes", "subscriptions/count", "retained messages/count",
        "publish/messages/dropped", "publish/messages/received", "publish/messages/sent", "publish/bytes/received",
        "publish/bytes/sent", "bytes/received", "bytes/sent", "load/messages/received/1min", "load/messages/received/5min",
        "load/messages/received/15min", "load/messages/sent/1min", "load/publish/received/1min", "load/publish/sent/1min",
        "load/publish/dropped/1min", "load/bytes/received/1min", "load/bytes/sent/1min", "load/sockets/1min",
        "load/connections/1min"}) {
    EXPECT_TRUE(values.contains("$SYS/broker/" + name)) << name;
  }
  EXPECT_EQ(values.at("$SYS/broker/clients/connected"), "1");
  EXPECT_EQ(values.at("$SYS/broker/subscriptions/count"), "1");
}

TEST(Sys, TellsDropsByReasonAndEachShard) {
  VirtualBroker broker(telling(2));
  leave_session(broker, "away", "t", Qos::at_most_once);
  auto client = connected(broker, "c");
  client->subscribe("$SYS/#");
  for (int i = 0; i < 3; ++i) client->publish("t", "x");
  broker.core().counters(1).load_percent.store(42);
  broker.advance(Seconds{21});
  const auto values = latest(*client);
  EXPECT_EQ(values.at("$SYS/broker/publish/messages/dropped/offline_qos0"), "3");
  EXPECT_EQ(values.at("$SYS/broker/publish/messages/dropped"), "3");
  EXPECT_EQ(values.at("$SYS/broker/shards/1/load"), "42");
  EXPECT_TRUE(values.contains("$SYS/broker/shards/0/load"));
  EXPECT_EQ(values.at("$SYS/broker/clients/disconnected"), "1");
}

TEST(Sys, TellsEveryIntervalOnlyWhatHasChangedAndKeepsItForNewcomers) {
  VirtualBroker broker(telling());
  auto client = connected(broker, "c");
  client->subscribe("$SYS/broker/uptime");
  client->subscribe("$SYS/broker/version");
  broker.advance(Seconds{1});
  client->drop_received();
  broker.advance(Seconds{30});
  EXPECT_EQ(client->publishes().size(), 3u);  // uptime alone
  auto newcomer = connected(broker, "n");
  newcomer->subscribe("$SYS/broker/version");
  const auto got = newcomer->publishes();
  ASSERT_EQ(got.size(), 1u);
  EXPECT_TRUE(got[0].retain);
}

TEST(Sys, SaysNothingAtIntervalZeroAndBeginsWithAReload) {
  VirtualBroker broker;
  auto client = connected(broker, "c");
  client->subscribe("$SYS/#");
  broker.advance(Seconds{60});
  EXPECT_TRUE(client->publishes().empty());
  auto options = broker.options();
  options.sys.interval_s = 5;
  broker.reload(options);
  broker.advance(Seconds{6});
  EXPECT_FALSE(client->publishes().empty());
}

TEST(Sys, IsWrittenByTheBrokerAlone) {
  VirtualBroker broker(telling());
  auto client = connected(broker, "c");
  EXPECT_EQ(client->publish("$SYS/broker/version", "mine", Qos::at_least_once).reason, ReasonCode::not_authorized);
  EXPECT_EQ(broker.dropped(broker::Drop::refused), 1u);
}

}  // namespace tombo::test
