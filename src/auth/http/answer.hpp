#pragma once

#include "auth/backend.hpp"
#include "base/clock.hpp"

#include <cstdint>
#include <string_view>

namespace tombo::auth {

inline constexpr std::size_t kHttpAnswerBytesMax = 65'536;
inline constexpr std::size_t kHttpGroupsMax = 256;
inline constexpr std::size_t kHttpNameBytesMax = 1'024;  // of a user or group in an answer
inline constexpr std::int64_t kHttpTtlMax_s = 86'400;

/// What an HTTP server said of a login, and how long that may be remembered.
struct HttpVerdict {
  Verdict verdict;
  Seconds ttl{0};
};
/// What it said of an access.
struct HttpAccess {
  bool is_answer = false;  // false: it makes no sense; the access is denied
  AccessAnswer answer;
  Seconds ttl{0};
};

/// Reads the answer to a login: 200 with JSON ({"result": "allow", "deny" or "ignore", and, if it likes, "user", "groups",
/// "ttl" in seconds, "expires_at" in seconds of the Unix epoch), 204 for allow, 401 and 403 for deny.  Whatever else it
/// is, and whatever field does not have the form that it should, is an error, which refuses the client.
/// `user_name` is what the client said, `ttl` what holds unless the answer says another.
HttpVerdict read_login_answer(long status, std::string_view body, std::string_view user_name, Seconds ttl,
                              std::int64_t now_s);

/// The same for an access; "ignore" leaves it to others.
HttpAccess read_access_answer(long status, std::string_view body, Seconds ttl);

}  // namespace tombo::auth
