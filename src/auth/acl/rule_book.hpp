#pragma once

#include "auth/acl/rule_forest.hpp"
#include "auth/acl/template_filter.hpp"
#include "config/problem.hpp"
#include "mqtt/packet_views.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tombo::auth::acl {

inline constexpr std::size_t kRulesMax = 1'000'000;  // in all files together
inline constexpr std::size_t kFileBytesMax = 64 * 1024 * 1024;
inline constexpr std::size_t kErrorsMax = 100;    // told of one file
inline constexpr std::size_t kWarningsMax = 100;  // the same

/// One line that somebody wrote.
struct Rule {
  std::shared_ptr<const std::string> place;  // "acl.conf:12"
  std::string text;                          // the line
  std::string filter;                        // as written, variables and all
  Variables variables = Variables::none;     // how the filter writes them
  bool allow = true;
  bool publish = false;
  bool read = false;  // subscribe and receive
  // What a rule that allows allows of a publish, and the highest QoS of a subscription.
  bool retain = true;
  mqtt::Qos qos_max = mqtt::Qos::exactly_once;
};

/// The rules of one user, role or list, sorted by what they are asked for.
struct Scope {
  RuleForest::Root publish_allow = RuleForest::kNoTree;
  RuleForest::Root publish_deny = RuleForest::kNoTree;
  RuleForest::Root read_allow = RuleForest::kNoTree;
  RuleForest::Root read_deny = RuleForest::kNoTree;
  std::vector<RuleId> rules;

  RuleForest::Root root_for(bool publish, bool deny) const {
    return publish ? (deny ? publish_deny : publish_allow) : (deny ? read_deny : read_allow);
  }
};
using ScopeId = std::uint32_t;

/// All rules of all files.  Built by one thread, then immutable.
struct RuleBook {
  std::vector<Rule> rules;
  std::vector<Scope> scopes;
  RuleForest forest;

  ScopeId add_scope();
  /// False: there are kRulesMax already.
  bool add(ScopeId scope, Rule rule, const TemplateFilter& filter);
};

/// What is found wrong in one file, and where.
class Complaints {
 public:
  Complaints(std::string file, std::vector<config::Problem>& problems) : file_(std::move(file)), problems_(problems) {}

  void error(int line, int column, std::string message, std::string_view source = {});
  void warning(int line, int column, std::string message, std::string_view source = {});
  const std::string& file() const { return file_; }
  /// Enough errors were told, so that the file is refused in any case.  Warnings alone never end the reading.
  bool full() const { return errors_ >= kErrorsMax; }

 private:
  void tell(config::Problem problem, std::size_t& told, std::size_t told_max);

  std::string file_;
  std::vector<config::Problem>& problems_;
  std::size_t errors_ = 0;
  std::size_t warnings_ = 0;
};

/// Part of a line that a terminal and a log can bear: no control characters, not too long.
std::string shown(std::string_view text);

/// Whether a topic or filter is one of the broker's own: $SYS or $CONTROL.
bool is_below(std::string_view topic, std::string_view first_level);

}  // namespace tombo::auth::acl
