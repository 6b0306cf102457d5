#pragma once

#include "control/dialogue.hpp"
#include "unit_broker/arrange.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace tombo::test {

using control::Json;

/// A dialogue with a virtual broker: requests as JSON, shards turned and answers run until nothing moves.
class Talk {
 public:
  explicit Talk(VirtualBroker& broker, control::Limits limits = {})
      : broker_(broker),
        limits_(limits),
        context_{broker.core(), std::make_shared<control::Inbox>(), {}, &levels, {}},
        dialogue_(context_, limits_, "uid=0") {}

  control::Dialogue& dialogue() { return dialogue_; }
  control::Context& context() { return context_; }
  log::Logger::Levels levels;

  /// One step: the letters that are out are answered, and those answers worked on.  False if there were none.
  bool step() {
    broker_.settle();
    if (!context_.inbox->run()) return false;
    dialogue_.go_on();
    return true;
  }
  /// Sends bytes and returns the lines that come back, `between` being called between the steps.
  std::vector<Json> say(std::string_view bytes, const std::function<void()>& between = {}) {
    dialogue_.receive(bytes);
    std::vector<Json> lines;
    const auto read = [&] {
      for (auto& line : take_lines()) lines.push_back(std::move(line));
      dialogue_.go_on();
    };
    read();
    while (step()) {
      read();
      if (between) between();
    }
    read();
    return lines;
  }
  std::vector<Json> pages(const std::string& command, Json arguments = Json::object(), const std::function<void()>& between = {}) {
    return say(request(command, std::move(arguments)), between);
  }
  /// The rows of all pages.
  std::vector<Json> rows(const std::string& command, Json arguments = Json::object(), const std::function<void()>& between = {}) {
    std::vector<Json> all;
    for (const auto& page : pages(command, std::move(arguments), between)) {
      EXPECT_FALSE(page.contains("error")) << page;
      for (const auto& row : page.value("rows", Json::array())) all.push_back(row);
    }
    return all;
  }
  /// The one answer.
  Json answer(const std::string& command, Json arguments = Json::object()) {
    const auto lines = pages(command, std::move(arguments));
    EXPECT_EQ(lines.size(), 1u);
    return lines.empty() ? Json() : lines.back();
  }
  Json result(const std::string& command, Json arguments = Json::object()) {
    return answer(command, std::move(arguments)).value("result", Json());
  }
  /// "not_found"
  std::string error(const std::string& command, Json arguments = Json::object()) {
    return error_of(answer(command, std::move(arguments)));
  }
  static std::string error_of(const Json& line) {
    return line.contains("error") ? line["error"].value("code", "") : std::string("none");
  }
  static std::string request(const std::string& command, Json arguments = Json::object()) {
    return Json{{"v", 1}, {"id", 7}, {"command", command}, {"arguments", std::move(arguments)}}.dump() + "\n";
  }

 private:
  std::vector<Json> take_lines() {
    std::vector<Json> lines;
    const std::string text(dialogue_.out());
    if (!text.empty()) dialogue_.sent(text.size());
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = text.find('\n', at);
      lines.push_back(Json::parse(text.substr(at, end - at), nullptr, false));
      EXPECT_TRUE(lines.back().is_object()) << text;
      at = end + 1;
    }
    return lines;
  }

  VirtualBroker& broker_;
  control::Limits limits_;
  control::Context context_;
  control::Dialogue dialogue_;
};

inline std::vector<std::string> column(const std::vector<Json>& rows, const std::string& key) {
  std::vector<std::string> values;
  for (const auto& row : rows) values.push_back(row[key].is_string() ? row[key].get<std::string>() : row[key].dump());
  return values;
}

}  // namespace tombo::test
