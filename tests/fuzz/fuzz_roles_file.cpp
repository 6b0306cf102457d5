// Reads the input as a file of roles, and what was loaded is asked: it must hold what holds whatever a file says.
#include "auth/acl/policy.hpp"

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

namespace {

using namespace tombo;

void check(bool holds) {
  if (!holds) std::abort();
}

void ask(const auth::acl::Policy& policy, const std::shared_ptr<const auth::Principal>& who, std::string_view client) {
  for (const std::string_view topic : {"a/b", "$SYS/x", "$CONTROL/x", "alice/c1", "/", "a"}) {
    const auto allowed = [&](auth::Action action, int qos, bool retain) {
      const auth::Access access{action, client, who, 0, topic, static_cast<mqtt::Qos>(qos), retain};
      return policy.judge(access).decision == auth::Decision::allow;
    };
    check(!(allowed(auth::Action::publish, 0, false) && topic.starts_with("$SYS")));
    check(allowed(auth::Action::subscribe, 0, false) == allowed(auth::Action::receive, 0, false));
    // Who may do more may do less.
    check(!allowed(auth::Action::publish, 2, true) || allowed(auth::Action::publish, 0, false));
  }
  const auto subscribes = [&](std::string_view filter) {
    return policy.judge({auth::Action::subscribe, client, who, 0, filter, mqtt::Qos::at_most_once, false}).decision ==
           auth::Decision::allow;
  };
  check(!subscribes("#") || subscribes("a/+/#"));
  policy.rights_of(client, *who);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auth::acl::Policy::Source source{"roles", std::string(reinterpret_cast<const char*>(data), size)};
  const auto policy = auth::acl::Policy::parse(nullptr, &source);
  if (!policy) {
    for (const auto& problem : policy.error()) check(!config::to_text(problem).empty());
    return 0;
  }
  check((*policy)->restricts());
  auto who = std::make_shared<auth::Principal>();
  who->groups = {"ops", "g"};
  who->attributes = {{"cn", "s7"}, {"san", "a/b"}, {"san", "#"}};
  ask(**policy, std::make_shared<auth::Principal>(*who), "c1");
  who->backend = "passwords";
  for (const char* user : {"alice", "u", "+"}) {
    who->user_name = user;
    ask(**policy, std::make_shared<auth::Principal>(*who), "c1");
  }
  return 0;
}
