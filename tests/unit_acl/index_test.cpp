// The index against a reference that walks over a list: thousands of seeded random rules, names and topics.
#include "auth/acl/filter_algebra.hpp"
#include "mqtt/topic.hpp"
#include "unit_acl/arrange.hpp"

#include <optional>
#include <random>
#include <set>

namespace tombo::test {
namespace {

using auth::acl::covers;
using auth::acl::overlaps;

/// A rule as plain data.
struct Plain {
  std::string user;  // of a Mosquitto rule; "*": a pattern
  std::string filter;
  bool allow = true, publish = true, read = true;
};

class Dice {
 public:
  explicit Dice(unsigned seed) : engine_(seed) {}
  std::size_t below(std::size_t n) { return engine_() % n; }
  template <class T>
  const T& of(const std::vector<T>& all) {
    return all[below(all.size())];
  }

 private:
  std::mt19937 engine_;
};

const std::vector<std::string> kWords{"a", "b", "c", "", "d e", "$SYS", "$x", "alice", "c1"};
const std::vector<std::string> kUsers{"", "alice", "bob", "a", "+", "#", "a/b", "$SYS", "c1", "stranger"};
const std::vector<std::string> kClients{"c1", "a", "b", "+", "a/b", "#x", "$x"};

std::string text_of(Dice& dice, const std::vector<std::string>& words, bool wild) {
  std::string text;
  const std::size_t levels = 1 + dice.below(4);
  for (std::size_t i = 0; i < levels; ++i) {
    if (i != 0) text += '/';
    const std::size_t roll = wild ? dice.below(10) : 9;
    if (roll == 0 && i + 1 == levels) {
      text += '#';
    } else if (roll == 1 || roll == 2) {
      text += '+';
    } else {
      text += dice.of(words);
    }
  }
  return text.empty() ? "/" : text;
}

bool fits(const std::string& value) {
  return value.find_first_of("+#/") == std::string::npos;
}

/// The rule's filter for this client as plain text.  A value that does not fit: nothing of a rule that allows; of one that
/// denies, everything from there on.
std::optional<std::string> filled(const Plain& rule, const std::string& user, const std::string& client) {
  if (rule.user != "*") return rule.filter;
  if (user.empty() && ("/" + rule.filter + "/").find("/%u/") != std::string::npos) return std::nullopt;
  std::string text;
  auth::acl::LevelReader reader{rule.filter};
  for (bool first = true; !reader.done; first = false) {
    if (!first) text += '/';
    const std::string level(reader.next());
    if (level != "%u" && level != "%c") {
      text += level;
      continue;
    }
    const std::string& value = level == "%u" ? user : client;
    if (first && rule.allow && value.starts_with('$')) return std::nullopt;
    if (!fits(value)) return rule.allow ? std::nullopt : std::optional(text + "+/#");
    text += value;
  }
  return text;
}

bool hits(const Plain& rule, Action action, const std::string& user, const std::string& client, const std::string& topic) {
  if (!(action == Action::publish ? rule.publish : rule.read)) return false;
  const auto filter = filled(rule, user, client);
  if (!filter) return false;
  if (action != Action::subscribe) return mqtt::matches(*filter, topic);
  return rule.allow ? overlaps(*filter, topic) : covers(*filter, topic);
}

bool reference(const std::vector<Plain>& rules, Action action, const std::string& user, const std::string& client,
               const std::string& topic) {
  if (action == Action::publish && (topic == "$SYS" || topic.starts_with("$SYS/"))) return false;
  const bool wild = (user + client).find_first_of("+#") != std::string::npos;
  for (const std::string& whose : {user, std::string("*")}) {
    for (const bool allow : {false, true}) {
      if (allow && wild && whose == "*") break;
      for (const Plain& rule : rules) {
        if (rule.user == whose && rule.allow == allow && hits(rule, action, user, client, topic)) return allow;
      }
    }
  }
  return false;
}

std::string line_of(const Plain& rule) {
  const std::string access = !rule.allow ? "deny" : rule.publish && rule.read ? "readwrite" : rule.publish ? "write" : "read";
  return (rule.user == "*" ? "pattern " : "topic ") + access + " " + rule.filter + "\n";
}

std::vector<Plain> random_rules(Dice& dice, std::size_t count) {
  std::vector<std::string> pattern_words = kWords;
  pattern_words.insert(pattern_words.end(), {"%u", "%c", "%u", "%c"});
  std::vector<Plain> rules;
  while (rules.size() < count) {
    Plain rule;
    rule.user = dice.below(3) == 0 ? "*" : kUsers[dice.below(5)];
    rule.filter = text_of(dice, rule.user == "*" ? pattern_words : kWords, true);
    if (rule.filter.ends_with("d e ") || !mqtt::is_valid_topic_filter(rule.filter)) continue;
    const std::size_t roll = dice.below(5);
    rule.allow = roll != 0;
    rule.publish = roll != 1;
    rule.read = roll != 2;
    rules.push_back(rule);
  }
  return rules;
}

std::string file_of(const std::vector<Plain>& rules) {
  std::string text = "# random\n";
  for (const Plain& rule : rules) {
    if (rule.user.empty() || rule.user == "*") text += line_of(rule);
  }
  for (const std::string& user : std::set<std::string>(kUsers.begin(), kUsers.end())) {
    if (user.empty()) continue;
    text += "user " + user + "\n";
    for (const Plain& rule : rules) {
      if (rule.user == user) text += line_of(rule);
    }
  }
  return text;
}

class Index : public ::testing::TestWithParam<std::size_t> {};

TEST_P(Index, SaysWhatTheReferenceSays) {
  std::size_t allowed = 0, denied = 0;
  for (unsigned seed = 0; seed < 400; ++seed) {
    Dice dice(seed * 1'000 + static_cast<unsigned>(GetParam()));
    const auto rules = random_rules(dice, GetParam());
    const auto policy = policy_of(file_of(rules));
    for (int i = 0; i < 400; ++i) {
      const auto action = static_cast<Action>(dice.below(3));
      const std::string &user = dice.of(kUsers), &client = dice.of(kClients);
      std::string topic = text_of(dice, kWords, action == Action::subscribe);
      if (action == Action::subscribe && !mqtt::is_valid_topic_filter(topic)) topic = "#";
      const bool expected = reference(rules, action, user, client, topic);
      const Asker asker(user, client);
      const auto answer = asker.ask(policy, action, topic);
      ++(expected ? allowed : denied);
      // For a name that fits into no level the index may refuse a subscription that the reference grants, never the reverse.
      const bool odd = !fits(user) || !fits(client);
      const bool said = answer.decision == Decision::allow;
      if (odd && action == Action::subscribe && !said) continue;
      ASSERT_EQ(said, expected) << "seed " << seed << " action " << static_cast<int>(action) << " user " << user << " client "
                                << client << " topic " << topic << " rule " << *answer.rule << "\n"
                                << file_of(rules);
    }
  }
  EXPECT_GT(allowed, 500u);
  EXPECT_GT(denied, 500u);
}
INSTANTIATE_TEST_SUITE_P(Sizes, Index, ::testing::Values(3, 20, 200));

/// Roles: denials by overlap, allowances by covering.
TEST(IndexOfRoles, SaysWhatTheReferenceSays) {
  std::size_t allowed = 0, denied = 0;
  for (unsigned seed = 0; seed < 200; ++seed) {
    Dice dice(seed);
    std::vector<std::string> allow, deny;
    for (int i = 0; i < 12; ++i) {
      const std::string filter = text_of(dice, {"a", "b", "$x"}, true);
      if (mqtt::is_valid_topic_filter(filter)) (dice.below(5) == 0 ? deny : allow).push_back(filter);
    }
    const auto list = [](const std::vector<std::string>& filters) {
      std::string text = "[";
      for (const auto& filter : filters) text += "'" + filter + "',";
      return text + "]\n";
    };
    const auto policy =
        roles_of("[[role]]\nname='r'\nsubscribe=" + list(allow) + "deny_subscribe=" + list(deny) + "[default]\nroles=['r']\n");
    for (int i = 0; i < 100; ++i) {
      const std::string wanted = text_of(dice, {"a", "b", "$x"}, true);
      if (!mqtt::is_valid_topic_filter(wanted)) continue;
      bool expected = false;
      for (const auto& filter : allow) expected = expected || covers(filter, wanted);
      for (const auto& filter : deny) expected = expected && !overlaps(filter, wanted);
      ++(expected ? allowed : denied);
      ASSERT_EQ(Asker("").subscribes(policy, wanted), expected) << "seed " << seed << " wanted " << wanted;
    }
  }
  EXPECT_GT(allowed, 1'000u);
  EXPECT_GT(denied, 1'000u);
}

}  // namespace
}  // namespace tombo::test
