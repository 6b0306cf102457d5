// The first byte chooses a status, the rest is the body of an HTTP server's answer to a login and to an access.
#include "auth/http/answer.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace tombo;
using namespace tombo::auth;

void check(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  constexpr long kStatuses[] = {200, 200, 200, 200, 204, 401, 403, 500, 0, 302};
  constexpr std::int64_t kNow = 1'700'000'000;
  const long status = kStatuses[data[0] % std::size(kStatuses)];
  const std::string_view body(reinterpret_cast<const char*>(data + 1), size - 1);
  const HttpVerdict login = read_login_answer(status, body, "alice", Seconds{60}, kNow);
  const HttpAccess access = read_access_answer(status, body, Seconds{60});
  const Verdict& verdict = login.verdict;
  check(login.ttl >= Seconds{0} && login.ttl.count() <= kHttpTtlMax_s);
  check((verdict.kind == Verdict::Kind::allow) == (verdict.principal != nullptr));
  check((verdict.kind == Verdict::Kind::error) == !access.is_answer);
  check(access.is_answer || access.answer.decision == Decision::deny);
  check(access.answer.decision != Decision::pending);
  if (verdict.principal != nullptr) {
    const Principal& principal = *verdict.principal;
    check(status == 204 || (status == 200 && body.find("allow") != std::string_view::npos) ||
          body.find("\\u") != std::string_view::npos);
    check(!principal.user_name.empty() && principal.user_name.find('\0') == std::string::npos);
    check(principal.user_name.size() <= kHttpNameBytesMax && principal.groups.size() <= kHttpGroupsMax);
    check(principal.ends_at_s == 0 || principal.ends_at_s > kNow);
    check(access.answer.decision == Decision::allow);
  }
  return 0;
}
