#include "control/protocol.hpp"

#include "control/limits.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <fmt/format.h>

namespace tombo::control {

std::string_view name_of(ErrorCode code) {
  static constexpr std::array<std::string_view, 8> kNames{"bad_request", "too_large", "unknown_command", "bad_argument",
                                                          "not_found",   "refused",   "busy",            "timeout"};
  return kNames[static_cast<std::size_t>(code)];
}

Result<Request, Error> parse_request(std::string_view line, Json& id) {
  const auto bad = [](std::string text) { return Failure{Error{ErrorCode::bad_request, std::move(text)}}; };
  Json json = Json::parse(line, nullptr, false);
  if (json.is_discarded()) return bad("a request is one line of JSON");
  if (!json.is_object()) return bad("a request is a JSON object");
  Request request;
  if (const auto at = json.find("id"); at != json.end()) {
    if (!at->is_number_integer() && !at->is_string() && !at->is_null()) return bad("'id' is a whole number or a text");
    id = request.id = *at;
  }
  const auto version = json.find("v");
  if (version == json.end() || !version->is_number_integer() || *version != kProtocolVersion) {
    return bad(fmt::format("'v' must be {}: this broker speaks no other version", kProtocolVersion));
  }
  const auto command = json.find("command");
  if (command == json.end() || !command->is_string()) return bad("'command' is missing");
  request.command = command->get<std::string>();
  if (const auto arguments = json.find("arguments"); arguments != json.end()) {
    if (!arguments->is_object()) return bad("'arguments' is an object");
    request.arguments = *arguments;
  }
  return request;
}

namespace {
std::string line_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"; }

Json answer_to(const Json& id) { return Json{{"v", kProtocolVersion}, {"id", id}}; }
}  // namespace

std::string page_line(const Json& id, const Json& body, bool more) {
  Json answer = answer_to(id);
  for (const auto& [key, value] : body.items()) answer[key] = value;
  answer["more"] = more;
  return line_of(answer);
}

std::string error_line(const Json& id, const Error& error) {
  Json answer = answer_to(id);
  answer["error"] = Json{{"code", name_of(error.code)}, {"text", error.text}};
  return line_of(answer);
}

std::string excerpt(std::string_view text) {
  return std::string(text.substr(0, kErrorTextMax)) + (text.size() > kErrorTextMax ? "..." : "");
}

const Json* Arguments::find(std::string_view name) {
  known_.push_back(name);
  const auto at = object_.find(name);
  return at == object_.end() || at->is_null() ? nullptr : &*at;
}

void Arguments::refuse(std::string problem) {
  if (!problem_) problem_ = std::move(problem);
}

std::optional<std::string> Arguments::given_text(std::string_view name) {
  const Json* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (value->is_string()) return value->get<std::string>();
  refuse(fmt::format("'{}' is a text", name));
  return std::nullopt;
}

std::string Arguments::text(std::string_view name) { return given_text(name).value_or(std::string{}); }

std::string Arguments::needed_text(std::string_view name) {
  auto value = given_text(name);
  if (!value || value->empty()) refuse(fmt::format("'{}' is missing", name));
  return value.value_or(std::string{});
}

std::vector<std::string> Arguments::texts(std::string_view name) {
  const Json* value = find(name);
  std::vector<std::string> texts;
  if (value == nullptr) return texts;
  if (!value->is_array()) refuse(fmt::format("'{}' is a list of texts", name));
  for (const Json& entry : value->is_array() ? *value : Json::array()) {
    if (entry.is_string()) {
      texts.push_back(entry.get<std::string>());
    } else {
      refuse(fmt::format("'{}' is a list of texts", name));
    }
  }
  return texts;
}

std::uint64_t Arguments::number(std::string_view name, std::uint64_t usual, std::uint64_t min, std::uint64_t max) {
  const Json* value = find(name);
  if (value == nullptr) return usual;
  if (value->is_number_unsigned()) {
    const auto number = value->get<std::uint64_t>();
    if (number >= min && number <= max) return number;
  }
  refuse(fmt::format("'{}' is a number between {} and {}", name, min, max));
  return usual;
}

bool Arguments::flag(std::string_view name) {
  const Json* value = find(name);
  if (value == nullptr) return false;
  if (value->is_boolean()) return value->get<bool>();
  refuse(fmt::format("'{}' is true or false", name));
  return false;
}

std::optional<std::string> Arguments::problem() {
  for (const auto& [key, value] : object_.items()) {
    if (std::find(known_.begin(), known_.end(), key) == known_.end()) {
      refuse(fmt::format("there is no argument '{}'", excerpt(key)));
    }
  }
  return problem_;
}

std::string to_token(const std::vector<std::uint32_t>& numbers) {
  std::string token;
  for (const std::uint32_t number : numbers) token += fmt::format("{}{:x}", token.empty() ? "" : ".", number);
  return token;
}

std::optional<std::vector<std::uint32_t>> from_token(std::string_view token) {
  std::vector<std::uint32_t> numbers;
  const char* const end = token.data() + token.size();
  for (const char* at = token.data();;) {
    std::uint32_t number = 0;
    const auto [rest, error] = std::from_chars(at, end, number, 16);
    if (error != std::errc{}) return std::nullopt;
    numbers.push_back(number);
    if (rest == end) return numbers;
    if (*rest != '.') return std::nullopt;
    at = rest + 1;
  }
}

}  // namespace tombo::control
