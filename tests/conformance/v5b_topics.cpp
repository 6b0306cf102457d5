#include "conformance/v5b_cases.hpp"

namespace tombo::test {

using mqtt::PacketType;
using mqtt::Qos;
using mqtt::ReasonCode;
using mqtt::Version;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class Topics : public AtVersion {
 protected:
  void SetUp() override {
    subscriber.connect("s");
    publisher.connect("p");
  }
  /// The filter is refused: its code in SUBACK says so, and nothing is subscribed.
  void expect_refused(const std::string& filter) {
    SCOPED_TRACE(filter);
    const auto suback = subscriber.subscribe(filter);
    EXPECT_THAT(suback.codes, ElementsAre(v5() ? ReasonCode::topic_filter_invalid : ReasonCode::unspecified_error));
    EXPECT_FALSE(subscriber.closed());
  }
  TestClient subscriber{broker, GetParam()};
  TestClient publisher{broker, GetParam()};
};
INSTANTIATE_TEST_SUITE_P(Versions, Topics, ::testing::Values(Version::v3_1_1, Version::v5), version_name);

// covers: 5.0 MQTT-4.7.0-1, 3.1.1 MQTT-4.7.1-1, 3.1.1 MQTT-3.3.2-2
TEST_P(Topics, ATopicNameHasNoWildcard) {
  subscriber.subscribe("#");
  for (const std::string topic : {"a/#", "#", "+", "a/+/b", "a#", "+a"}) {
    for (const auto qos : kEveryQos) {
      SCOPED_TRACE(topic);
      auto wild = client();
      wild.connect("wild");
      wild.publish(topic, "x", qos);
      expect_cut(wild, {ReasonCode::topic_name_invalid, ReasonCode::malformed_packet, ReasonCode::protocol_error});
    }
  }
  EXPECT_TRUE(subscriber.nothing_received());
}

// covers: 5.0 MQTT-4.7.1-1, 3.1.1 MQTT-4.7.1-2
TEST_P(Topics, TheHashStandsAloneAndLast) {
  for (const std::string filter : {"a#", "a/#/b", "#/a", "#/", "##", "a/b#", "/#/", "a/##"}) expect_refused(filter);
  publisher.publish("a/b", "x");
  EXPECT_TRUE(subscriber.nothing_received());
  for (const std::string filter : {"#", "/#", "a/#", "a/b/#"}) {
    EXPECT_THAT(subscriber.subscribe(filter).codes, ElementsAre(ReasonCode::success));
  }
}

// covers: 5.0 MQTT-4.7.1-2, 3.1.1 MQTT-4.7.1-3
TEST_P(Topics, ThePlusFillsALevel) {
  for (const std::string filter : {"a+", "a/+b", "+a", "++", "a/b+/c", "+#", "#+"}) expect_refused(filter);
  publisher.publish("a/b", "x");
  EXPECT_TRUE(subscriber.nothing_received());
  for (const std::string filter : {"+", "+/+", "/+", "a/+/c", "+/a/#"}) {
    EXPECT_THAT(subscriber.subscribe(filter).codes, ElementsAre(ReasonCode::success));
  }
}

// covers: 5.0 MQTT-4.7.1-1, 5.0 MQTT-4.7.1-2, 3.1.1 MQTT-4.7.1-2, 3.1.1 MQTT-4.7.1-3, 3.1.1 MQTT-3.3.2-3
TEST_P(Topics, WhatIsDeliveredMatchesTheFilter) {
  const std::vector<std::string> names = {"a", "/a", "a/", "a/b", "a/b/c", "/", "//", "a//c", "b"};
  const std::vector<std::pair<std::string, std::vector<std::string>>> cases = {
      {"#", names},
      {"+", {"a", "b"}},
      {"+/+", {"/a", "a/", "a/b", "/"}},
      {"/+", {"/a", "/"}},
      {"a/#", {"a", "a/", "a/b", "a/b/c", "a//c"}},
      {"a/+", {"a/", "a/b"}},
      {"a/+/c", {"a/b/c", "a//c"}},
      {"/#", {"/a", "/", "//"}},
      {"a", {"a"}},
  };
  for (const auto& [filter, expected] : cases) {
    SCOPED_TRACE(filter);
    subscriber.subscribe(filter);
    for (const auto& name : names) publisher.publish(name, "x");
    EXPECT_EQ(topics(subscriber), expected);
    subscriber.unsubscribe(filter);
  }
}

// covers: 5.0 MQTT-4.7.3-1, 3.1.1 MQTT-4.7.3-1
TEST_P(Topics, AnEmptyTopicCutsTheClientOff) {
  subscriber.subscribe("#");
  publisher.send_wire("30 ## <>" + only_v5("[ ]") + "'x'");
  expect_cut(publisher, {ReasonCode::protocol_error, ReasonCode::topic_name_invalid});
  EXPECT_TRUE(subscriber.nothing_received());
  expect_refused("");
}

// covers: 5.0 MQTT-4.7.3-2, 3.1.1 MQTT-4.7.3-2, 3.1.1 MQTT-1.5.3-2
TEST_P(Topics, ANullCharacterCutsTheClientOff) {
  subscriber.subscribe("#");
  for (const auto& packet :
       {"30 ## 00 03 61 00 62" + only_v5("[ ]") + "'x'", "82 ## 00 01" + only_v5("[ ]") + "00 03 61 00 62 00",
        "A2 ## 00 01" + only_v5("[ ]") + "00 01 00"}) {
    SCOPED_TRACE(packet);
    publisher.connect("p");
    publisher.send_wire(packet);
    expect_cut(publisher, {ReasonCode::malformed_packet});
  }
  EXPECT_TRUE(subscriber.nothing_received());
}

// covers: 5.0 MQTT-4.7.3-3, 3.1.1 MQTT-4.7.3-3
TEST_P(Topics, TheLongestTopicsAndFiltersWork) {
  const std::string longest(65535, 'x');
  EXPECT_THAT(subscriber.subscribe(longest, Qos::at_least_once).codes, ElementsAre(ReasonCode::granted_qos_1));
  EXPECT_EQ(publisher.publish(longest, "1", Qos::at_least_once).type, PacketType::puback);
  publisher.publish(longest.substr(1), "2");
  EXPECT_THAT(payloads(subscriber), ElementsAre("1"));
  // So many levels are beyond a documented limit.
  std::string deep = "a";
  for (int i = 0; i < 200; ++i) deep += "/a";
  expect_refused(deep);
  publisher.publish(deep, "3");
  expect_cut(publisher, {ReasonCode::topic_name_invalid});
}

// covers: 5.0 MQTT-4.7.3-4, 3.1.1 MQTT-4.7.3-4, 3.1.1 MQTT-1.5.3-3
TEST_P(Topics, MatchingChangesNothingInTopics) {
  const std::vector<std::string> names = {"caf\xC3\xA9",
                                          "cafe\xCC\x81",
                                          "a",
                                          "A",
                                          "a/",
                                          "/a",
                                          "a//b",
                                          "a/b",
                                          "\xEF\xBB\xBF"
                                          "a",
                                          " a",
                                          "a ",
                                          "\xC3\x85",
                                          "\xE2\x84\xAB"};
  for (const auto& filter : names) {
    SCOPED_TRACE(filter);
    subscriber.subscribe(filter);
    for (const auto& name : names) publisher.publish(name, "x");
    EXPECT_THAT(topics(subscriber), ElementsAre(filter));
    subscriber.unsubscribe(filter);
  }
}

// covers: 5.0 MQTT-4.7.2-1, 3.1.1 MQTT-4.7.2-1
TEST_P(Topics, ALeadingWildcardDoesNotMatchDollarTopics) {
  VirtualBroker::Setup setup;
  setup.options.sys.interval_s = 1;
  VirtualBroker telling(std::move(setup));
  TestClient all(telling, GetParam());
  TestClient plus(telling, GetParam());
  TestClient sys(telling, GetParam());
  TestClient other(telling, GetParam());
  all.connect("all");
  plus.connect("plus");
  sys.connect("sys");
  other.connect("other");
  all.subscribe("#");
  plus.subscribe_all({{"+/broker/uptime", {}}, {"+/x", {}}, {"+/#", {}}});
  sys.subscribe("$SYS/#");
  other.subscribe("$other/+");
  telling.advance(Seconds{3});
  other.publish("$other/x", "x");
  other.publish("plain/x", "x");
  EXPECT_THAT(topics(all), ElementsAre("plain/x"));
  EXPECT_THAT(topics(plus), ElementsAre("plain/x"));
  const auto told = topics(sys);
  EXPECT_THAT(told, Contains("$SYS/broker/uptime"));
  EXPECT_THAT(told, ::testing::Each(StartsWith("$SYS/")));
  EXPECT_THAT(topics(other), ElementsAre("$other/x"));
}

// covers: 5.0 MQTT-4.8.2-1, 5.0 MQTT-4.8.2-2
TEST_P(Topics, ASharedFilterHasANameAndAFilter) {
  for (const std::string filter : {"$share//t", "$share/g+/t", "$share/g#/t", "$share/+/t", "$share/#", "$share/g",
                                   "$share/g/", "$share/", "$share/g/a#", "$share/g/#/a"}) {
    expect_refused(filter);
  }
  publisher.publish("t", "x");
  EXPECT_TRUE(subscriber.nothing_received());
  for (const std::string filter : {"$share/g/t", "$share/g/#", "$share/g/+/a", "$share/g//a"}) {
    EXPECT_THAT(subscriber.subscribe(filter).codes, ElementsAre(ReasonCode::success));
  }
}

}  // namespace tombo::test
