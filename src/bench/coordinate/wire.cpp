#include "bench/coordinate/wire.hpp"

#include "bench/report/output.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace tombo::bench::coordinate {

namespace {

using Json = nlohmann::json;

constexpr std::size_t kNameMax = 100;
constexpr std::size_t kProgressMax = 300;

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// What `read` makes of the object below `key`; nothing for every way in which the line can be something else.
template <class Read>
auto read_from(std::string_view line, const char* key, Read read) -> std::optional<decltype(read(Json{}))> {
  try {
    const Json json = Json::parse(line);
    return read(json.at(key));
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

/// Terminals obey control characters; what comes from elsewhere has none.
std::string printable(std::string text, std::size_t longest) {
  if (text.size() > longest) text.resize(longest);
  std::ranges::replace_if(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, '?');
  return text;
}

double not_negative(const Json& json) {
  const double value = json.get<double>();
  if (!std::isfinite(value) || value < 0) throw std::runtime_error("negative");
  return value;
}

Json json_of(const Share& s) {
  return {{"topology", static_cast<unsigned>(s.topology)},
          {"topic", s.topic},
          {"run_word", s.run_word},
          {"publishers", s.publishers},
          {"subscribers", s.subscribers},
          {"connections", s.connections},
          {"first_client", s.first_client},
          {"churn_per_s", s.churn_per_s},
          {"connects_per_s", s.connects_per_s},
          {"rate", s.rate},
          {"ramp_down_s", s.ramp_down_s}};
}

Share share_of(const Json& json) {
  Share s;
  const auto topology = json.at("topology").get<unsigned>();
  if (topology > static_cast<unsigned>(Topology::subscriptions)) throw std::runtime_error("topology");
  s.topology = static_cast<Topology>(topology);
  json.at("topic").get_to(s.topic);
  json.at("run_word").get_to(s.run_word);
  json.at("publishers").get_to(s.publishers);
  json.at("subscribers").get_to(s.subscribers);
  json.at("connections").get_to(s.connections);
  json.at("first_client").get_to(s.first_client);
  s.churn_per_s = not_negative(json.at("churn_per_s"));
  s.connects_per_s = not_negative(json.at("connects_per_s"));
  s.rate = not_negative(json.at("rate"));
  s.ramp_down_s = not_negative(json.at("ramp_down_s"));
  return s;
}

}  // namespace

std::string to_line(const Hello& hello) {
  return dump({{"hello", {{"tool", "tombo-bench"}, {"protocol", kProtocol}, {"name", hello.name}}}});
}

std::optional<Hello> hello_in(std::string_view line) {
  return read_from(line, "hello", [](const Json& json) {
    if (json.at("tool") != "tombo-bench" || json.at("protocol") != kProtocol) throw std::runtime_error("another tool");
    return Hello{printable(json.at("name").get<std::string>(), kNameMax)};
  });
}

std::string to_line(const ClockQuestion& question) {
  return dump({{"clock", {{"asked_us", question.asked_us}}}});
}

std::optional<ClockQuestion> clock_question_in(std::string_view line) {
  return read_from(line, "clock",
                   [](const Json& json) { return ClockQuestion{json.at("asked_us").get<std::int64_t>()}; });
}

std::string to_line(const ClockAnswer& answer) {
  return dump({{"answer", {{"asked_us", answer.asked_us}, {"got_us", answer.got_us}, {"sent_us", answer.sent_us}}}});
}

std::optional<ClockAnswer> clock_answer_in(std::string_view line) {
  return read_from(line, "answer", [](const Json& json) {
    return ClockAnswer{json.at("asked_us").get<std::int64_t>(), json.at("got_us").get<std::int64_t>(),
                       json.at("sent_us").get<std::int64_t>()};
  });
}

std::string to_line(const Order& order) {
  return dump({{"run",
                {{"scenario", order.scenario},
                 {"index", order.run},
                 {"share", json_of(order.share)},
                 {"clock_offset_us", order.clock_offset_us},
                 {"start_at_unix_us", order.start_at_unix_us}}}});
}

std::optional<Order> order_in(std::string_view line) {
  return read_from(line, "run", [](const Json& json) {
    Order order;
    json.at("scenario").get_to(order.scenario);
    json.at("index").get_to(order.run);
    order.share = share_of(json.at("share"));
    json.at("clock_offset_us").get_to(order.clock_offset_us);
    json.at("start_at_unix_us").get_to(order.start_at_unix_us);
    return order;
  });
}

std::string to_line(const Done& done) {
  Json errors = Json::array();
  for (const RunError& error : done.errors)
    errors.push_back({{"code", static_cast<int>(error.code)}, {"text", error.text}});
  // The report is a text within: its own reader checks it as a whole.
  return dump({{"done", {{"report", json_report(done.report)}, {"errors", std::move(errors)}}}});
}

std::optional<Done> done_in(std::string_view line) {
  return read_from(line, "done", [](const Json& json) {
    auto report = report_from_json(json.at("report").get_ref<const std::string&>());
    if (!report) throw std::runtime_error("report");
    Done done{std::move(*report), {}};
    for (const Json& error : json.at("errors").get_ref<const Json::array_t&>()) {
      const int code = error.at("code").get<int>();
      if (code < 1 || code > static_cast<int>(ExitCode::internal)) throw std::runtime_error("code");
      done.errors.push_back(
          {static_cast<ExitCode>(code), printable(error.at("text").get<std::string>(), kProgressMax)});
    }
    return done;
  });
}

std::string to_line(Word word) {
  return dump({{"say", word == Word::stop ? "stop" : "end"}});
}

std::optional<Word> word_in(std::string_view line) {
  return read_from(line, "say", [](const Json& json) {
    if (json == "stop") return Word::stop;
    if (json == "end") return Word::end;
    throw std::runtime_error("word");
  });
}

std::string progress_line(const std::string& text) {
  return dump({{"progress", text}});
}

std::optional<std::string> progress_in(std::string_view line) {
  return read_from(line, "progress", [](const Json& json) { return printable(json.get<std::string>(), kProgressMax); });
}

}  // namespace tombo::bench::coordinate
