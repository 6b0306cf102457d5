#include "control/protocol.hpp"

#include "control/commands.hpp"
#include "control/is_text.hpp"
#include "control/limits.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace tombo::control {
namespace {

using ::testing::HasSubstr;

std::string problem_with(std::string_view line) {
  Json id;
  const auto request = parse_request(line, id);
  return request ? std::string{} : request.error().text;
}

TEST(Request, IsAnObjectOfThisVersionWithACommand) {
  Json id;
  const auto request = parse_request(R"({"v":1,"id":"a","command":"status","arguments":{"x":1}})", id);
  ASSERT_TRUE(request);
  EXPECT_EQ(id, "a");
  EXPECT_EQ(request->command, "status");
  EXPECT_EQ(request->arguments["x"], 1);
}

TEST(Request, IsRefusedWithItsReason) {
  for (const auto* line : {"", "status", "{", "{\"v\":1,", "\"v\"", "[1]", "null", "1e999", "{\"v\":1}}", "\xff\xfe"}) {
    EXPECT_FALSE(problem_with(line).empty()) << line;
  }
  EXPECT_THAT(problem_with(R"({"command":"status"})"), HasSubstr("'v'"));
  EXPECT_THAT(problem_with(R"({"v":2,"command":"status"})"), HasSubstr("'v'"));
  EXPECT_THAT(problem_with(R"({"v":"1","command":"status"})"), HasSubstr("'v'"));
  EXPECT_THAT(problem_with(R"({"v":1.5,"command":"status"})"), HasSubstr("'v'"));
  EXPECT_THAT(problem_with(R"({"v":1})"), HasSubstr("'command'"));
  EXPECT_THAT(problem_with(R"({"v":1,"command":7})"), HasSubstr("'command'"));
  EXPECT_THAT(problem_with(R"({"v":1,"command":"status","arguments":[]})"), HasSubstr("'arguments'"));
  EXPECT_THAT(problem_with(R"({"v":1,"id":{},"command":"status"})"), HasSubstr("'id'"));
  EXPECT_THAT(problem_with(R"({"v":1,"id":1.5,"command":"status"})"), HasSubstr("'id'"));
}

TEST(Request, MayBeDeepWithoutHarm) {
  EXPECT_FALSE(problem_with(std::string(60'000, '[')).empty());
  EXPECT_FALSE(problem_with(R"({"v":1,"command":)" + std::string(30'000, '[') + std::string(30'000, ']') + "}").empty());
}

TEST(Arguments, AreCheckedByTypeAndBounds) {
  const Json object{{"text", 1}, {"number", -1}, {"flag", "yes"}};
  for (const auto* name : {"text", "number", "flag"}) {
    Arguments arguments(object);
    if (name == std::string("text")) arguments.text(name);
    if (name == std::string("number")) arguments.number(name, 0, 0, 10);
    if (name == std::string("flag")) arguments.flag(name);
    EXPECT_THAT(arguments.problem().value_or(""), HasSubstr(name));
  }
  const Json large{{"number", 11}};
  Arguments arguments(large);
  arguments.number("number", 0, 0, 10);
  EXPECT_TRUE(arguments.problem());
}

TEST(Arguments, ThatNobodyAskedForAreToldAndNullIsNotGiven) {
  const Json object{{"limt", 1}, {"id", nullptr}};
  Arguments arguments(object);
  EXPECT_FALSE(arguments.given_text("id"));
  EXPECT_EQ(arguments.number("limit", 5, 0, 10), 5u);
  EXPECT_THAT(arguments.problem().value_or(""), HasSubstr("'limt'"));
}

TEST(Answers, AreOneLineWhateverTheyHold) {
  const std::string line = page_line(3, Json{{"result", "a\nb\xff\x01"}}, false);
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
  const Json parsed = Json::parse(line, nullptr, false);
  EXPECT_EQ(parsed["v"], 1);
  EXPECT_EQ(parsed["id"], 3);
  EXPECT_EQ(parsed["more"], false);
}

TEST(Tokens, ComeBackAsTheyWereAndNothingElsePasses) {
  const std::vector<std::uint32_t> numbers{0, 1, 0xFFFF'FFFF, 42};
  EXPECT_EQ(from_token(to_token(numbers)), numbers);
  for (const auto* bad : {"", ".", "1.", ".1", "1..2", "x", "-1", "100000000", "1 2", "1.2 "}) {
    EXPECT_FALSE(from_token(bad)) << bad;
  }
  EXPECT_FALSE(from_token({}));
}

TEST(Text, IsWhatJsonCanCarry) {
  EXPECT_TRUE(is_text("grün\n"));
  EXPECT_TRUE(is_text(""));
  EXPECT_FALSE(is_text("\xff"));
  EXPECT_FALSE(is_text("a\x01"));
  EXPECT_FALSE(is_text(std::string_view("a\0b", 3)));
  EXPECT_FALSE(is_text("\xe2\x82"));
}

TEST(Commands, HaveNamesOfTheirOwn) {
  std::set<std::string_view> names;
  for (const auto& command : commands()) EXPECT_TRUE(names.insert(command.name).second) << command.name;
  EXPECT_EQ(find_command("clients"), nullptr);
  EXPECT_NE(find_command("clients.list"), nullptr);
}

}  // namespace
}  // namespace tombo::control
