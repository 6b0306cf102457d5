// What one verdict costs with 10,000 rules: from the rules, and from a client's memory.
#include "auth/acl/client_verdicts.hpp"
#include "auth/acl/policy.hpp"

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

namespace tombo::auth::acl {
namespace {

constexpr int kRules = 10'000;
using PolicyPtr = std::shared_ptr<const Policy>;

PolicyPtr policy_of(const std::string& acl, const std::string& roles = {}) {
  const Policy::Source acl_source{"acl.conf", acl}, roles_source{"roles.toml", roles};
  auto parsed = Policy::parse(acl.empty() ? nullptr : &acl_source, roles.empty() ? nullptr : &roles_source);
  if (!parsed) std::abort();
  return *parsed;
}

/// One user with all the rules: exact topics, wildcards, and denials among them.
PolicyPtr one_user() {
  std::string text = "user alice\n";
  for (int i = 0; i < kRules; ++i) {
    const std::string place = "site/" + std::to_string(i % 100) + "/line/" + std::to_string(i);
    text += (i % 10 == 0 ? "topic deny " : "topic readwrite ") + place +
            (i % 3 == 0   ? "/+/temperature"
             : i % 3 == 1 ? "/#"
                          : "/state") +
            "\n";
  }
  return policy_of(text);
}

/// 1,000 users with ten rules each.
PolicyPtr many_users() {
  std::string text;
  for (int i = 0; i < kRules; ++i) {
    if (i % 10 == 0) text += "user user" + std::to_string(i / 10) + "\n";
    text += "topic readwrite site/" + std::to_string(i) + "/#\n";
  }
  return policy_of(text);
}

/// 10,000 patterns, which hold for everybody.
PolicyPtr patterns() {
  std::string text;
  for (int i = 0; i < kRules; ++i) text += "pattern readwrite app" + std::to_string(i) + "/%u/%c/#\n";
  return policy_of(text);
}

/// 500 roles with 20 filters each; the client has ten of them.
PolicyPtr roles() {
  std::string text;
  for (int role = 0; role < kRules / 20; ++role) {
    text += "[[role]]\nname='r" + std::to_string(role) + "'\npublish=[";
    for (int i = 0; i < 20; ++i) text += "'r" + std::to_string(role) + "/" + std::to_string(i) + "/%c/#',";
    text += "]\ndeny_publish=['r" + std::to_string(role) + "/secret/#']\n";
  }
  text += "[[user]]\nname='alice'\nroles=[";
  for (int role = 0; role < 10; ++role) text += "'r" + std::to_string(role * 7) + "',";
  return policy_of({}, text + "]\n");
}

std::shared_ptr<const Principal> user(const std::string& name) {
  auto principal = std::make_shared<Principal>();
  principal->user_name = name;
  principal->backend = "passwords";
  return principal;
}

void judge(benchmark::State& state, const PolicyPtr& policy, const std::string& name, const std::string& before,
           const std::string& behind, int topics, bool allowed) {
  const auto principal = user(name);
  std::vector<std::string> names;
  for (int i = 0; i < topics; ++i) names.push_back(before + std::to_string(i) + behind);
  std::size_t at = 0;
  for (auto _ : state) {
    const Access access{Action::publish, "client-1", principal, 0, names[at], mqtt::Qos::at_most_once, false};
    const AccessAnswer answer = policy->judge(access);
    if ((answer.decision == Decision::allow) != allowed) std::abort();
    at = at + 1 == names.size() ? 0 : at + 1;
  }
  state.counters["rules"] = static_cast<double>(policy->rules());
}

void RulesOfOneUser(benchmark::State& state) {
  // Every tenth rule denies; those that are asked for allow.
  const auto policy = one_user();
  const auto principal = user("alice");
  std::vector<std::string> names;
  for (int i = 0; i < kRules; ++i) {
    if (i % 10 != 0)
      names.push_back("site/" + std::to_string(i % 100) + "/line/" + std::to_string(i) +
                      (i % 3 == 0 ? "/4/temperature" : "/state"));
  }
  std::size_t at = 0;
  for (auto _ : state) {
    const AccessAnswer answer =
        policy->judge({Action::publish, "client-1", principal, 0, names[at], mqtt::Qos::at_most_once, false});
    if (answer.decision != Decision::allow) std::abort();
    at = at + 4'711 < names.size() ? at + 4'711 : at + 4'711 - names.size();
  }
}
BENCHMARK(RulesOfOneUser);

void NoRuleOfOneUser(benchmark::State& state) {
  judge(state, one_user(), "alice", "site/7/other/", "/thing", kRules, false);
}
BENCHMARK(NoRuleOfOneUser);
void RulesOfManyUsers(benchmark::State& state) {
  judge(state, many_users(), "user77", "site/77", "/line/4/temperature", 10, true);
}
BENCHMARK(RulesOfManyUsers);
void Patterns(benchmark::State& state) {
  judge(state, patterns(), "alice", "app", "/alice/client-1/temperature", kRules, true);
}
BENCHMARK(Patterns);
void TenRolesOf500(benchmark::State& state) {
  judge(state, roles(), "alice", "r63/", "/client-1/temperature", 20, true);
}
BENCHMARK(TenRolesOf500);
void NoRoleOf500(benchmark::State& state) {
  judge(state, roles(), "alice", "r64/", "/client-1/temperature", 20, false);
}
BENCHMARK(NoRoleOf500);

void RememberedVerdict(benchmark::State& state) {
  const auto policy = one_user();
  const auto principal = user("alice");
  ClientVerdicts verdicts(64, 4711);
  std::vector<std::string> names;
  for (int i = 0; i < 10; ++i) names.push_back("site/" + std::to_string(i) + "/line/" + std::to_string(i) + "/4/temperature");
  for (const auto& name : names) {
    const Access access{Action::publish, "client-1", principal, 0, name, mqtt::Qos::at_most_once, false};
    verdicts.remember(1, access, policy->judge(access));
  }
  std::size_t at = 0;
  for (auto _ : state) {
    const AccessAnswer* known =
        verdicts.find(1, {Action::publish, "client-1", principal, 0, names[at], mqtt::Qos::at_most_once, false});
    if (known == nullptr) std::abort();
    benchmark::DoNotOptimize(known);
    at = at + 1 == names.size() ? 0 : at + 1;
  }
}
BENCHMARK(RememberedVerdict);

void SubscribeToEverything(benchmark::State& state) {
  const auto policy = one_user();
  const auto principal = user("alice");
  for (auto _ : state) {
    const AccessAnswer answer =
        policy->judge({Action::subscribe, "client-1", principal, 0, "+/+/#", mqtt::Qos::at_most_once, false});
    benchmark::DoNotOptimize(answer.decision);
  }
}
BENCHMARK(SubscribeToEverything);

void Load(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(one_user());
}
BENCHMARK(Load)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tombo::auth::acl
