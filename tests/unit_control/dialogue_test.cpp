#include "unit_control/talk.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tombo::test {

using ::testing::ElementsAre;

TEST(Dialogue, AnswersWithTheIdOfTheRequest) {
  VirtualBroker broker;
  Talk talk(broker);
  const Json answer = talk.answer("status");
  EXPECT_EQ(answer["id"], 7);
  EXPECT_EQ(answer["result"]["version"], "test");
  EXPECT_EQ(answer["more"], false);
}

TEST(Dialogue, TakesARequestThatComesInPieces) {
  VirtualBroker broker;
  Talk talk(broker);
  const std::string request = Talk::request("status");
  for (const char c : request.substr(0, request.size() - 1)) EXPECT_TRUE(talk.say({&c, 1}).empty());
  EXPECT_EQ(talk.say("\n").size(), 1u);
}

TEST(Dialogue, WorksOnSeveralRequestsInTheirOrder) {
  VirtualBroker broker;
  Talk talk(broker);
  const auto lines = talk.say(Talk::request("sessions.list") + "\r\n\n" + Talk::request("nonsense") + "{}\n" + Talk::request("status"));
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_TRUE(lines[0].contains("rows"));
  EXPECT_EQ(Talk::error_of(lines[1]), "unknown_command");
  EXPECT_EQ(lines[1]["id"], 7);
  EXPECT_EQ(Talk::error_of(lines[2]), "bad_request");
  EXPECT_TRUE(lines[2]["id"].is_null());
  EXPECT_TRUE(lines[3].contains("result"));
}

TEST(Dialogue, TellsWrongArguments) {
  VirtualBroker broker;
  Talk talk(broker);
  EXPECT_EQ(talk.error("clients.show"), "bad_argument");
  EXPECT_EQ(talk.error("clients.show", {{"id", 7}}), "bad_argument");
  EXPECT_EQ(talk.error("clients.list", {{"limit", -1}}), "bad_argument");
  EXPECT_EQ(talk.error("clients.list", {{"limit", "many"}}), "bad_argument");
  EXPECT_EQ(talk.error("clients.list", {{"after", "0"}}), "bad_argument");
  EXPECT_EQ(talk.error("clients.list", {{"after", "9.0.0.0.0"}}), "bad_argument");
  EXPECT_EQ(talk.error("clients.list", {{"listener", "1"}}), "bad_argument");
  EXPECT_EQ(talk.error("clients.kick", {{"id", "a"}, {"reason", "packet_identifier_in_use"}}), "bad_argument");
  EXPECT_EQ(talk.error("sessions.list", {{"away", true}, {"connected", true}}), "bad_argument");
  EXPECT_EQ(talk.error("retained.list", {{"filter", "a/#/b"}}), "bad_argument");
  EXPECT_EQ(talk.error("retained.list", {{"filter", "$share/g/a"}}), "bad_argument");
  EXPECT_EQ(talk.error("clients.top", {{"interval_ms", 1}}), "bad_argument");
  EXPECT_EQ(talk.error("drain.begin", {{"moved", true}}), "bad_argument");
  EXPECT_EQ(talk.error("log.level", {{"level", "loud"}}), "bad_argument");
  EXPECT_EQ(talk.error("log.level", {{"module", "engine"}, {"level", "info"}}), "bad_argument");
  EXPECT_EQ(talk.error("status", {{"verbose", true}}), "bad_argument");
}

TEST(Dialogue, EndsWithALineThatIsTooLong) {
  VirtualBroker broker;
  control::Limits limits;
  limits.request_bytes_max = 100;
  for (const std::string& text : {std::string(101, ' '), std::string(101, 'x') + "\n", Talk::request(std::string(200, 'x'))}) {
    Talk talk(broker, limits);
    const auto lines = talk.say(text);
    ASSERT_EQ(lines.size(), 1u);
    EXPECT_EQ(Talk::error_of(lines[0]), "too_large");
    EXPECT_TRUE(talk.dialogue().closing());
    EXPECT_TRUE(talk.say(Talk::request("status")).empty());
  }
}

TEST(Dialogue, ReadsNoMoreThanItKeepsWhileItWorks) {
  VirtualBroker broker;
  control::Limits limits;
  limits.request_bytes_max = 100;
  Talk talk(broker, limits);
  talk.dialogue().receive(Talk::request("sessions.list"));  // its answer is not run yet
  EXPECT_TRUE(talk.dialogue().wants_bytes());
  talk.dialogue().receive(Talk::request("status") + Talk::request("status") + Talk::request("status"));
  EXPECT_FALSE(talk.dialogue().wants_bytes());
  EXPECT_EQ(talk.say("").size(), 4u);
  EXPECT_TRUE(talk.dialogue().wants_bytes());
}

TEST(Dialogue, IsOverdueWhenThePeerIsSilentOrDoesNotRead) {
  VirtualBroker broker;
  control::Limits limits;
  limits.idle = Milliseconds{1000};
  limits.slow_reader = Milliseconds{300};
  Talk talk(broker, limits);
  talk.say("{\"v\":");
  broker.clock.advance(Milliseconds{999});
  EXPECT_FALSE(talk.dialogue().overdue());
  broker.clock.advance(Milliseconds{1});
  EXPECT_TRUE(talk.dialogue().overdue());

  Talk slow(broker, limits);
  slow.dialogue().receive(Talk::request("status"));
  EXPECT_FALSE(slow.dialogue().overdue());
  broker.clock.advance(Milliseconds{299});
  slow.dialogue().sent(1);
  broker.clock.advance(Milliseconds{299});
  EXPECT_FALSE(slow.dialogue().overdue());
  broker.clock.advance(Milliseconds{1});
  EXPECT_TRUE(slow.dialogue().overdue());
}

TEST(Dialogue, SaysWhenAShardDoesNotAnswerAndHearsItNoMore) {
  VirtualBroker broker;
  control::Limits limits;
  limits.answer = Milliseconds{500};
  Talk talk(broker, limits);
  talk.dialogue().receive(Talk::request("sessions.list"));
  EXPECT_EQ(talk.dialogue().next_due(), broker.clock.mono() + limits.answer);
  broker.clock.advance(Milliseconds{500});
  talk.dialogue().tick();
  const auto lines = talk.say("");
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(Talk::error_of(lines[0]), "timeout");
  EXPECT_TRUE(talk.answer("status").contains("result"));
}

TEST(Dialogue, MakesNoPageAheadOfAReaderThatIsSlow) {
  VirtualBroker broker;
  for (int i = 0; i < 1000; ++i) leave_session(broker, "client-" + std::to_string(i), "t");
  control::Limits limits;
  limits.output_bytes = 1000;
  Talk talk(broker, limits);
  talk.dialogue().receive(Talk::request("sessions.list"));
  while (talk.step()) {
  }
  const std::size_t one_page = talk.dialogue().out().size();
  EXPECT_GT(one_page, 1000u);
  EXPECT_LT(one_page, control::kSlotsPerStep * 400);
  EXPECT_EQ(talk.say("").size(), 1000 / control::kSlotsPerStep + 1);
}

TEST(Dialogue, AnswersWhatIsThereWhenThePeerWillSayNoMore) {
  VirtualBroker broker;
  Talk talk(broker);
  talk.dialogue().receive(Talk::request("sessions.list"));
  talk.dialogue().end_of_input();
  EXPECT_FALSE(talk.dialogue().closing());
  EXPECT_EQ(talk.say("").size(), 1u);
  EXPECT_TRUE(talk.dialogue().closing());
}

TEST(Dialogue, MayGoWhileShardsAreAsked) {
  VirtualBroker broker;
  leave_session(broker, "a", "t");
  auto talk = std::make_unique<Talk>(broker);
  const auto inbox = talk->context().inbox;
  talk->dialogue().receive(Talk::request("sessions.list") + Talk::request("retained.list"));
  broker.settle();
  talk->dialogue().receive(Talk::request("retained.list"));
  talk.reset();
  broker.settle();
  inbox->run();
}

}  // namespace tombo::test
