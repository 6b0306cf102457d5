#include "auth/http/answer.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tombo::auth {

namespace {

using Json = nlohmann::json;

enum class Said : std::uint8_t { allow, deny, ignore, nonsense };

/// The fields of an answer, each as it should be; `problem` names what is not.
struct Fields {
  Said said = Said::nonsense;
  std::string problem;
  std::optional<std::string> user;
  std::vector<std::string> groups;
  std::optional<std::int64_t> ttl_s;
  std::int64_t expires_at_s = 0;
};

Fields nonsense(std::string problem) {
  Fields fields;
  fields.problem = std::move(problem);
  return fields;
}

bool is_name(const Json& value) {
  const auto* text = value.get_ptr<const std::string*>();
  return text != nullptr && !text->empty() && text->size() <= kHttpNameBytesMax && text->find('\0') == std::string::npos;
}

/// A whole number from `low` to `high`.
std::optional<std::int64_t> number(const Json& value, std::int64_t low, std::int64_t high) {
  if (!value.is_number_integer()) return {};
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > static_cast<std::uint64_t>(high)) return {};
  const auto found = value.get<std::int64_t>();
  return found < low || found > high ? std::nullopt : std::optional(found);
}

Said said_by(const Json& result) {
  if (result == "allow") return Said::allow;
  if (result == "deny") return Said::deny;
  return result == "ignore" ? Said::ignore : Said::nonsense;
}

bool read_groups(const Json& value, std::vector<std::string>& groups) {
  if (!value.is_array() || value.size() > kHttpGroupsMax) return false;
  for (const Json& group : value) {
    if (!is_name(group)) return false;
    groups.push_back(group.get<std::string>());
  }
  return true;
}

Fields read_body(std::string_view body) {
  if (body.size() > kHttpAnswerBytesMax) return nonsense("the answer is too long");
  const Json json = Json::parse(body, nullptr, false);
  if (json.is_discarded() || !json.is_object()) return nonsense("the answer is no JSON object");
  Fields fields;
  const auto field = [&](const char* key) {
    const auto at = json.find(key);
    return at == json.end() || at->is_null() ? nullptr : &*at;
  };
  const Json* result = field("result");
  fields.said = result == nullptr ? Said::nonsense : said_by(*result);
  if (fields.said == Said::nonsense) return nonsense("the answer's result is not allow, deny or ignore");
  if (const Json* user = field("user")) {
    if (!is_name(*user)) return nonsense("the answer's user is no name");
    fields.user = user->get<std::string>();
  }
  if (const Json* groups = field("groups"); groups != nullptr && !read_groups(*groups, fields.groups)) {
    return nonsense("the answer's groups are no list of names");
  }
  if (const Json* ttl = field("ttl")) {
    fields.ttl_s = number(*ttl, 0, kHttpTtlMax_s);
    if (!fields.ttl_s) return nonsense("the answer's ttl is no number of seconds");
  }
  if (const Json* expires_at = field("expires_at")) {
    const auto at = number(*expires_at, 1, std::int64_t{1} << 40);
    if (!at) return nonsense("the answer's expires_at is no time");
    fields.expires_at_s = *at;
  }
  return fields;
}

Fields read(long status, std::string_view body) {
  Fields fields;
  switch (status) {
    case 200: return read_body(body);
    case 204: fields.said = Said::allow; return fields;
    case 401:
    case 403: fields.said = Said::deny; return fields;
    default: return nonsense(fmt::format("the server answers with status {}", status));
  }
}

}  // namespace

HttpVerdict read_login_answer(long status, std::string_view body, std::string_view user_name, Seconds ttl,
                              std::int64_t now_s) {
  Fields fields = read(status, body);
  HttpVerdict made;
  made.ttl = Seconds{fields.ttl_s.value_or(ttl.count())};
  Verdict& verdict = made.verdict;
  switch (fields.said) {
    case Said::nonsense:
      verdict.kind = Verdict::Kind::error;
      verdict.reason = mqtt::ReasonCode::server_unavailable;
      verdict.why = std::move(fields.problem);
      return made;
    case Said::ignore: verdict.kind = Verdict::Kind::unknown; return made;
    case Said::deny:
      verdict.kind = Verdict::Kind::deny;
      verdict.why = "the server says no";
      return made;
    case Said::allow: break;
  }
  if (fields.expires_at_s != 0 && fields.expires_at_s <= now_s) {
    verdict.kind = Verdict::Kind::deny;
    verdict.why = "expired";
    return made;
  }
  auto principal = std::make_shared<Principal>();
  principal->user_name = fields.user.value_or(std::string(user_name));
  principal->backend = "http";
  principal->groups = std::move(fields.groups);
  principal->ends_at_s = fields.expires_at_s;
  verdict.kind = Verdict::Kind::allow;
  verdict.principal = std::move(principal);
  return made;
}

HttpAccess read_access_answer(long status, std::string_view body, Seconds ttl) {
  Fields fields = read(status, body);
  HttpAccess made;
  made.is_answer = fields.said != Said::nonsense;
  made.ttl = Seconds{fields.ttl_s.value_or(ttl.count())};
  made.answer.decision = fields.said == Said::allow || fields.said == Said::ignore ? Decision::allow : Decision::deny;
  if (fields.said == Said::ignore) return made;
  made.answer.rule = std::make_shared<const std::string>(made.is_answer ? "http" : "http: " + fields.problem);
  return made;
}

}  // namespace tombo::auth
