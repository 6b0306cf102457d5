// Reads the input as an acl_file, and what was loaded is asked: it must hold what holds whatever a file says.
#include "auth/acl/policy.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace tombo;

void check(bool holds) {
  if (!holds) std::abort();
}

void ask(const auth::acl::Policy& policy, const char* user, const char* client) {
  const auto principal = auth::somebody(user);
  for (const std::string_view topic : {"a/b", "$SYS/x", "$CONTROL/x", "alice/c1", "/", "a"}) {
    const auto allowed = [&](auth::Action action) {
      const auth::Access access{action, client, principal, 0, topic, mqtt::Qos::at_most_once, false};
      const auto said = policy.explain(access);
      check(said.answer.rule != nullptr);
      check(said.answer.decision == policy.judge(access).decision);
      return said.answer.decision == auth::Decision::allow;
    };
    check(!(allowed(auth::Action::publish) && topic.starts_with("$SYS")));
    // A topic is a filter that matches itself alone: where a delivery is allowed, so is the subscription.
    check(allowed(auth::Action::subscribe) == allowed(auth::Action::receive));
  }
  const auth::Access all{auth::Action::subscribe, client, principal, 0, "#", mqtt::Qos::at_most_once, false};
  policy.judge(all);
  policy.rights_of(client, *principal);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auth::acl::Policy::Source source{"acl", std::string(reinterpret_cast<const char*>(data), size)};
  const auto policy = auth::acl::Policy::parse(&source, nullptr);
  if (!policy) {
    for (const auto& problem : policy.error()) check(!config::to_text(problem).empty());
    return 0;
  }
  check((*policy)->restricts());
  for (const char* user : {"", "alice", "#", "a/b", "$SYS"}) {
    for (const char* client : {"c1", "+", "a/b"}) ask(**policy, user, client);
  }
  return 0;
}
