#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace tombo::control {

// The language of the control socket: a JSON object a line.  docs/operations.md describes it.

/// Keys in the order in which they were set, as people like to read them.
using Json = nlohmann::ordered_json;

inline constexpr int kProtocolVersion = 1;

/// What a program may do about an error.
enum class ErrorCode : std::uint8_t {
  bad_request,      // no JSON object, or not of this version
  too_large,        // longer than a request may be; the connection is closed
  unknown_command,
  bad_argument,
  not_found,
  refused,          // understood, and cannot be done
  busy,             // too many connections; the connection is closed
  timeout,          // a shard has not answered in time
};
std::string_view name_of(ErrorCode code);

struct Error {
  ErrorCode code = ErrorCode::bad_request;
  std::string text;
};

struct Request {
  Json id;  // as it came: null, a number or a text
  std::string command;
  Json arguments = Json::object();
};

/// Reads one line.  `id` is set as far as it could be read, for the answer.
Result<Request, Error> parse_request(std::string_view line, Json& id);

/// Lines, with their end.  `body` is an object with "rows" or "result".
std::string page_line(const Json& id, const Json& body, bool more);
std::string error_line(const Json& id, const Error& error);

/// What clients send may be no UTF-8, and long: cut for an answer.
std::string excerpt(std::string_view text);

/// The arguments of one request as a command reads them: each is asked for by its name and type; what was wrong, and
/// what nobody asked for, is told by problem().
class Arguments {
 public:
  explicit Arguments(const Json& object) : object_(object) {}

  /// Empty if it was not given.
  std::string text(std::string_view name);
  std::string needed_text(std::string_view name);
  std::optional<std::string> given_text(std::string_view name);
  /// A list of texts; empty if it was not given.
  std::vector<std::string> texts(std::string_view name);
  std::uint64_t number(std::string_view name, std::uint64_t usual, std::uint64_t min, std::uint64_t max);
  bool flag(std::string_view name);
  /// For what only the command itself can judge.
  void refuse(std::string problem);

  std::optional<std::string> problem();

 private:
  const Json* find(std::string_view name);

  const Json& object_;
  std::vector<std::string_view> known_;
  std::optional<std::string> problem_;
};

/// A place in a walk as a text that an answer hands out and a later request brings back; numbers, to be checked by who
/// reads them.
std::string to_token(const std::vector<std::uint32_t>& numbers);
std::optional<std::vector<std::uint32_t>> from_token(std::string_view token);

}  // namespace tombo::control
