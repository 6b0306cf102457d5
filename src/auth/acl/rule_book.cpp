#include "auth/acl/rule_book.hpp"

#include <utility>

#include <fmt/format.h>

namespace tombo::auth::acl {

ScopeId RuleBook::add_scope() {
  scopes.emplace_back();
  return static_cast<ScopeId>(scopes.size() - 1);
}

bool RuleBook::add(ScopeId id, Rule rule, const TemplateFilter& filter) {
  if (rules.size() >= kRulesMax) return false;
  const auto number = static_cast<RuleId>(rules.size());
  Scope& scope = scopes[id];
  const auto enter = [&](RuleForest::Root& root) {
    if (root == RuleForest::kNoTree) root = forest.plant();
    forest.add(root, filter, number);
  };
  if (rule.publish) enter(rule.allow ? scope.publish_allow : scope.publish_deny);
  if (rule.read) enter(rule.allow ? scope.read_allow : scope.read_deny);
  scope.rules.push_back(number);
  rules.push_back(std::move(rule));
  return true;
}

void Complaints::tell(config::Problem problem, std::size_t& told, std::size_t told_max) {
  if (told == told_max) return;
  if (++told == told_max) problem.message += "; there may be more";
  problem.file = file_;
  problems_.push_back(std::move(problem));
}

void Complaints::error(int line, int column, std::string message, std::string_view source) {
  tell({config::Problem::Severity::error, {}, line, column, std::move(message), shown(source)}, errors_, kErrorsMax);
}

void Complaints::warning(int line, int column, std::string message, std::string_view source) {
  tell({config::Problem::Severity::warning, {}, line, column, std::move(message), shown(source)}, warnings_, kWarningsMax);
}

std::string shown(std::string_view text) {
  constexpr std::size_t kShownMax = 200;
  std::string out;
  for (const char c : text.substr(0, kShownMax)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte == '\t') {
      out += ' ';
    } else if (byte < 0x20 || byte == 0x7F) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  if (text.size() > kShownMax) out += "...";
  return out;
}

bool is_below(std::string_view topic, std::string_view first_level) {
  return topic.starts_with(first_level) && (topic.size() == first_level.size() || topic[first_level.size()] == '/');
}

}  // namespace tombo::auth::acl
