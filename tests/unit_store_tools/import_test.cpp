#include "unit_store_tools/arrange.hpp"
#include "unit_store_tools/exported.hpp"
#include "tomboctl/store/check.hpp"

#include <gmock/gmock.h>

namespace tombo::tomboctl {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

const std::string kHead = R"({"kind":"tombo-store","version":1})" "\n";
const std::string kSession = R"({"kind":"session","session":1,"client_id":"one"})" "\n";

std::string with_end(std::string lines) {
  const auto count = std::count(lines.begin(), lines.end(), '\n') + 1;
  return lines + R"({"kind":"end","lines":)" + std::to_string(count) + "}\n";
}

std::string problem_with(const std::string& text) {
  std::istringstream lines(text);
  const auto checked = check_export(lines);
  return checked ? std::string{} : checked.error();
}

bool is_whole(const store::Engine& engine) {
  const auto totals = check_store(engine, [](const Finding& finding) { ADD_FAILURE() << finding.text; });
  return totals && totals->losses + totals->wastes == 0;
}

TEST(Import, GivesNumbersThatWereNeverUsed) {
  Shelf from;
  from.fill();
  const std::string text = exported(from.engine());
  Shelf to;
  to.session(500, session_row("other"));
  ASSERT_EQ(import_into(to.engine(), text), "");
  std::string epoch;
  ASSERT_TRUE(*to.engine().get(store::key_of_state("epoch"), epoch));
  EXPECT_EQ(store::decode_number(epoch), 4u);
  unsigned numbered = 0;
  for (const auto& [key, value] : rows_of(to.engine())) {
    if (std::string_view("suqimh").find(key.front()) == std::string_view::npos || key == store::session_key(kEpoch + 500)) continue;
    EXPECT_EQ(store::number_in_key(key) >> store::kEpochShift, 4u);
    ++numbered;
  }
  EXPECT_EQ(numbered, 9u);
  EXPECT_TRUE(is_whole(to.engine()));
}

TEST(Import, MergesAroundWhatTheStoreHasAlready) {
  Shelf from;
  from.fill();
  Shelf to;
  store::SessionRow mine = session_row("two");
  mine.user_name = "mine";
  to.session(500, mine);
  to.retained(message_row("r/1", "mine"));
  store::Imported imported;
  ASSERT_EQ(import_into(to.engine(), exported(from.engine()), store::StoreWriter::kAllAtOnce, &imported), "");
  EXPECT_EQ(imported.sessions, 1u);
  EXPECT_EQ(imported.known_sessions, 1u);
  EXPECT_EQ(imported.deliveries, 2u);
  EXPECT_EQ(imported.subscriptions, 1u);
  EXPECT_EQ(imported.received, 0u);
  EXPECT_EQ(imported.retained, 0u);
  EXPECT_EQ(imported.known_retained, 1u);
  std::string value;
  ASSERT_TRUE(*to.engine().get(store::retained_key("r/1"), value));
  EXPECT_EQ(store::decode_message(value)->payload, "mine");
  EXPECT_TRUE(is_whole(to.engine()));
}

TEST(Import, LeavesNoMessageBehindWhoseSessionsAreAllKnown) {
  Shelf from;
  from.fill();
  const std::string text = exported(from.engine());
  Shelf to;
  to.session(500, session_row("one"));
  to.session(501, session_row("two"));
  store::Imported imported;
  ASSERT_EQ(import_into(to.engine(), text, store::StoreWriter::kAllAtOnce, &imported), "");
  EXPECT_EQ(imported.messages, 0u);
  EXPECT_TRUE(is_whole(to.engine()));
}

TEST(Import, RefusesAStoreOfAnotherFormat) {
  Shelf to;
  to.put(store::key_of_state("format"), store::encode_number(store::kFormat + 1));
  const Rows before = rows_of(to.engine());
  EXPECT_THAT(import_into(to.engine(), with_end(kHead)), HasSubstr("format 2"));
  EXPECT_EQ(rows_of(to.engine()), before);
}

TEST(Import, RaisesTheEpochAboveEverySessionsAndNeedsToKnowIt) {
  Shelf to;
  to.session(1, session_row("other"));
  to.put(store::key_of_state("epoch"), store::encode_number(1));
  ASSERT_EQ(import_into(to.engine(), with_end(kHead + kSession)), "");
  std::string epoch;
  ASSERT_TRUE(*to.engine().get(store::key_of_state("epoch"), epoch));
  EXPECT_EQ(store::decode_number(epoch), 4u);
  to.put(store::key_of_state("epoch"), "?");
  EXPECT_THAT(import_into(to.engine(), with_end(kHead)), HasSubstr("epoch cannot be read"));
}

TEST(Import, NoticesAFileThatWasCutOffAnywhere) {
  Shelf from;
  from.fill();
  const std::string text = exported(from.engine());
  ASSERT_EQ(problem_with(text), "");
  // Without its last line's end it is whole.
  for (std::size_t size = 0; size + 1 < text.size(); ++size) EXPECT_NE(problem_with(text.substr(0, size)), "") << size;
  EXPECT_EQ(problem_with(text.substr(0, text.size() - 1)), "");
}

TEST(Import, NoticesAMissingLine) {
  Shelf from;
  from.fill();
  const std::string text = exported(from.engine());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at) + 1;
    EXPECT_NE(problem_with(text.substr(0, at) + text.substr(end)), "") << text.substr(at, end - at);
    at = end;
  }
}

TEST(Import, SaysWhichLineIsWrongAndWhy) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "the file ends after line 0"},
      {"{}\n", "line 1: the first line"},
      {R"({"kind":"tombo-store","version":2})" "\n", "line 1: this is version 2"},
      {kHead, "the file ends after line 1"},
      {kHead + "\n", "line 2: is empty"},
      {kHead + "nonsense\n", "line 2: is no JSON object"},
      {kHead + "[]\n", "line 2: is no JSON object"},
      {kHead + R"({"kind":"other"})" "\n", "line 2: there is no kind 'other'"},
      {kHead + kHead, "line 2: the first line"},
      {kHead + R"({"kind":"session","session":2,"client_id":"one"})" "\n", "line 2: 'session' has to count up"},
      {kHead + R"({"kind":"session","session":1})" "\n", "line 2: 'client_id' is missing"},
      {kHead + R"({"kind":"session","session":1,"client_id":7})" "\n", "line 2: 'client_id' is no text"},
      {kHead + R"({"kind":"session","session":1,"client_id":"a\u0000"})" "\n", "line 2: client_id is no text of MQTT"},
      {kHead + R"({"kind":"session","session":1,"client_id_base64":"YQ=","left_at":1})" "\n", "line 2: 'client_id_base64' is no base64"},
      {kHead + R"({"kind":"session","session":1,"client_id":"a","client_id_base64":"YQ=="})" "\n", "line 2: 'client_id' is given twice"},
      {kHead + R"({"kind":"session","session":1,"client_id":"a","expiry_s":4294967296})" "\n", "line 2: 'expiry_s' is no number from 0"},
      {kHead + R"({"kind":"session","session":1,"client_id":"a","expiry_s":-1})" "\n", "line 2: 'expiry_s' is no number from 0"},
      {kHead + R"({"kind":"session","session":1,"client_id":"a","left_at":1.5})" "\n", "line 2: 'left_at' is no time"},
      {kHead + R"({"kind":"session","session":1,"client_id":"a","will":[]})" "\n", "line 2: 'will' is no object"},
      {kHead + R"({"kind":"session","session":1,"client_id":"a","will":{"topic":"#"}})" "\n", "line 2: 'will': 'topic' is no topic name"},
      {kHead + R"({"kind":"session","session":1,"client_id":"a","colour":"red"})" "\n", "line 2: 'colour' is no field of this"},
      {kHead + kSession + R"({"kind":"session","session":2,"client_id":"one"})" "\n", "line 3: there was a session"},
      {kHead + R"({"kind":"subscription","session":1,"filter":"a"})" "\n", "line 2: 'session' names none"},
      {kHead + kSession + R"({"kind":"subscription","session":1,"filter":"a/#/b"})" "\n", "line 3: 'filter' is no topic filter"},
      {kHead + kSession + R"({"kind":"subscription","session":1,"filter":"a","qos":3})" "\n", "line 3: 'qos' is no number from 0 to 2"},
      {kHead + kSession + R"({"kind":"subscription","session":1,"filter":"a","no_local":1})" "\n", "line 3: 'no_local' is neither"},
      {kHead + kSession + R"({"kind":"received","session":1})" "\n", "line 3: 'packet_id' is missing"},
      {kHead + kSession + R"({"kind":"delivery","session":1,"qos":1})" "\n", "line 3: there is one message"},
      {kHead + kSession + R"({"kind":"delivery","session":1,"qos":1,"message":1})" "\n", "line 3: 'message' names none"},
      {kHead + kSession + R"({"kind":"delivery","session":1,"qos":1,"released":true})" "\n", "line 3: 'released' needs QoS 2"},
      {kHead + kSession + R"({"kind":"delivery","session":1,"qos":1,"body":{"topic":"a","size":1}})" "\n", "line 3: 'body': 'size' is no field"},
      {kHead + kSession + R"({"kind":"delivery","session":1,"qos":1,"subscription_ids":[0,"1"],"body":{"topic":"a"}})" "\n", "line 3: 'subscription_ids' holds"},
      {kHead + R"({"kind":"retained","topic":"a","properties":"?"})" "\n", "line 2: 'properties' are no properties"},
      {kHead + R"({"kind":"message","message":2,"topic":"a"})" "\n", "line 2: 'message' has to count up"},
      {kHead + R"({"kind":"end","lines":3})" "\n", "line 2: lines are missing"},
      {with_end(kHead) + kSession, "line 3: comes after the end"},
  };
  for (const auto& [text, problem] : cases) EXPECT_THAT(problem_with(text), StartsWith(problem)) << text;
}

}  // namespace
}  // namespace tombo::tomboctl
