#include "unit_broker/arrange.hpp"
#include "unit_broker/rulebook.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tombo::test {

using auth::Action;
using mqtt::PacketType;
using mqtt::Qos;
using mqtt::ReasonCode;
using mqtt::Version;
using testing::HasSubstr;

namespace {
constexpr std::string_view kRequests = "$CONTROL/broker/v1";
constexpr std::string_view kAnswers = "$CONTROL/broker/v1/response";

struct ControlTopics : testing::Test {
  ControlTopics() {
    setup.options.mqtt.control_api = true;
    setup.options.listeners.resize(3);
    setup.options.listeners[1].port = 8080;
    setup.options.listeners[1].protocol = config::Protocol::websocket;
    setup.options.listeners[1].psk_file = "psk";
    setup.options.listeners[2].address = "unix:/run/tombo.sock";
    setup.options.plugins.resize(1);
    setup.options.plugins[0].name = "dynsec";
    setup.authenticator = &book;
  }
  void begin() {
    broker = std::make_unique<VirtualBroker>(setup);
    client = connected(*broker, "c");
  }
  std::string ask(std::string_view request) {
    if (!broker) begin();
    client->publish(kRequests, request);
    return answer();
  }
  std::string answer() {
    const auto publishes = client->publishes();
    if (publishes.empty()) return "";
    EXPECT_EQ(publishes.size(), 1U);
    EXPECT_EQ(publishes[0].topic, kAnswers);
    EXPECT_FALSE(publishes[0].retain);
    return publishes[0].payload;
  }

  Rulebook book;
  VirtualBroker::Setup setup;
  std::unique_ptr<VirtualBroker> broker;
  std::unique_ptr<TestClient> client;
};
}  // namespace

TEST_F(ControlTopics, TellListeners) {
  EXPECT_EQ(ask(R"({"commands":[{"command":"listListeners"}]})"),
            R"({"responses":[{"command":"listListeners","data":{"listeners":[)"
            R"({"port":1883,"protocol":"mqtt","tls":false},)"
            R"({"port":8080,"protocol":"websockets","tls":true},)"
            R"({"protocol":"mqtt","socket-path":"/run/tombo.sock","tls":false}]}}]})");
}

TEST_F(ControlTopics, TellPlugins) {
  EXPECT_EQ(ask(R"({"commands":[{"command":"listPlugins"}]})"),
            R"({"responses":[{"command":"listPlugins","data":{"plugins":[{"name":"dynsec"}]}}]})");
}

TEST_F(ControlTopics, AnswerEachCommandWithItsCorrelationData) {
  const std::string answer = ask(R"({"commands":[{"command":"listPlugins","correlationData":"one"},{"command":"x","correlationData":"two"}]})");
  EXPECT_THAT(answer, HasSubstr(R"({"command":"listPlugins","correlationData":"one","data":)"));
  EXPECT_THAT(answer, HasSubstr(R"({"command":"x","correlationData":"two","error":"Unknown command"})"));
}

TEST_F(ControlTopics, TellWhatIsWrongWithARequest) {
  EXPECT_EQ(ask("{"), R"({"responses":[{"error":"Payload not valid JSON"}]})");
  EXPECT_EQ(ask(""), R"({"responses":[{"error":"Payload not valid JSON"}]})");
  EXPECT_EQ(ask("[]"), R"({"responses":[{"error":"Payload not valid JSON"}]})");
  EXPECT_EQ(ask("{}"), R"({"responses":[{"error":"Invalid/missing commands"}]})");
  EXPECT_EQ(ask(R"({"commands":{}})"), R"({"responses":[{"error":"Invalid/missing commands"}]})");
  EXPECT_EQ(ask(R"({"commands":[1,{},{"command":2}]})"),
            R"({"responses":[{"error":"Command not an object"},{"error":"Missing command"},{"error":"Missing command"}]})");
  EXPECT_THAT(ask(R"({"commands":[{"command":"listPlugins","correlationData":1}]})"), HasSubstr("Invalid correlationData"));
}

TEST_F(ControlTopics, TakeNoMoreThanTheirLimits) {
  EXPECT_THAT(ask(std::string(65'537, ' ')), HasSubstr("Payload too long"));
  std::string many;
  for (int i = 0; i < 101; ++i) many += std::string(i == 0 ? "" : ",") + R"({"command":"x"})";
  EXPECT_THAT(ask(R"({"commands":[)" + many + "]}"), HasSubstr("Too many commands"));
  EXPECT_THAT(ask(R"({"commands":)" + std::string(32'000, '[') + std::string(32'000, ']') + "}"), HasSubstr("Command not an object"));
  EXPECT_THAT(ask(R"({"commands":[{"command":"x","correlationData":")" + std::string(1'025, 'x') + R"("}]})"), HasSubstr("Invalid correlationData"));
}

TEST_F(ControlTopics, AreAnsweredToWhoAskedAlone) {
  begin();
  auto other = connected(*broker, "other");
  other->subscribe("$CONTROL/#");
  client->subscribe("$CONTROL/#");
  EXPECT_NE(ask(R"({"commands":[]})"), "") << "and once, although there is a subscription";
  EXPECT_TRUE(other->publishes().empty()) << "neither the request nor the answer is anybody else's";
}

TEST_F(ControlTopics, AcknowledgeARequest) {
  begin();
  EXPECT_EQ(client->publish(kRequests, R"({"commands":[]})", Qos::at_least_once, true).reason, ReasonCode::success);
  EXPECT_NE(answer(), "");
  client->publish_exactly_once(kRequests, R"({"commands":[]})");
  EXPECT_NE(answer(), "");
  EXPECT_EQ(broker->core().retained.count(), 0U);
}

TEST_F(ControlTopics, AskForRightsLikeAnyOther) {
  begin();
  book.forbidden = {{Action::publish, std::string(kRequests)}};
  EXPECT_EQ(client->publish(kRequests, R"({"commands":[]})", Qos::at_least_once).reason, ReasonCode::not_authorized);
  EXPECT_EQ(answer(), "");
  book.forbidden = {{Action::receive, std::string(kAnswers)}};
  EXPECT_EQ(client->publish(kRequests, R"({"commands":[]})", Qos::at_least_once).reason, ReasonCode::success);
  EXPECT_EQ(answer(), "") << "who may not read there";
}

TEST_F(ControlTopics, AreClosedWhereNoRulesAre) {
  setup.authenticator = nullptr;
  begin();
  EXPECT_EQ(client->publish(kRequests, R"({"commands":[]})", Qos::at_least_once).reason, ReasonCode::not_authorized);
}

TEST_F(ControlTopics, AreOrdinaryWhereTheyAreOff) {
  setup.options.mqtt.control_api = false;
  begin();
  client->subscribe(kRequests);
  client->publish(kRequests, "x");
  EXPECT_EQ(payloads(*client), "x");
}

}  // namespace tombo::test
