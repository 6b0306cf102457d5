#pragma once

#include "auth/acl/mosquitto_acl.hpp"
#include "auth/acl/roles_file.hpp"
#include "auth/acl/rule_book.hpp"
#include "auth/authenticator.hpp"
#include "base/result.hpp"
#include "config/problem.hpp"
#include "config/security_options.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tombo::auth::acl {

/// A verdict with what an operator wants to know of it.
struct Explanation {
  AccessAnswer answer;
  std::string text;  // of the rule that decided; empty: none did
  std::string why;   // "no rule allows it"
};

/// A right that somebody has or is denied, for comparing policies.
struct Right {
  bool publish = false;  // else subscribe and receive
  bool allow = true;
  std::string filter;  // with the subject's values put in
  bool retain = true;  // of one that allows
  mqtt::Qos qos_max = mqtt::Qos::exactly_once;
  auto operator<=>(const Right&) const = default;
};

/// What clients may do: Mosquitto's acl_file, roles in TOML, both, or neither, and what came with a login.
///
/// Whatever the files say, nobody publishes below $SYS.  $CONTROL is closed unless a rule opens it; so is reading either
/// once there are rules.  Rights that came with the login (Principal::grants) decide instead of the files.  Where both
/// files are there, a rule of either that denies wins, then one of either that allows; what none allows is denied.
/// Immutable.  Lives on: any thread.
class Policy {
 public:
  /// All problems of all files; a file that is missing, unreadable or broken is never an open policy.
  static Result<std::shared_ptr<const Policy>, std::vector<config::Problem>> load(const config::Acl& options);
  /// The same from memory: `name` stands for the file in rules and problems.  Null pointers: there is no such file.
  struct Source {
    std::string name;
    std::string text;
  };
  static Result<std::shared_ptr<const Policy>, std::vector<config::Problem>> parse(const Source* acl, const Source* roles);

  AccessAnswer judge(const Access& access) const;
  Explanation explain(const Access& access) const;
  /// The rules that concern somebody, sorted, without those whose variables have no value for him.
  std::vector<Right> rights_of(std::string_view client_id, const Principal& principal) const;

  /// False: whoever has no grants may do everything but publish below $SYS and $CONTROL.
  bool restricts() const { return mosquitto_.has_value() || roles_.has_value(); }
  bool restricts_receiving() const { return restricts(); }
  std::vector<std::string> files() const { return files_; }
  std::size_t rules() const { return book_.rules.size(); }
  /// What is suspicious, and was loaded all the same: an empty file, a rule without effect.
  const std::vector<config::Problem>& warnings() const { return warnings_; }

 private:
  struct Question;
  struct Finding;
  class Best;

  Policy() = default;
  Finding decide(const Access& access) const;
  Finding by_grants(const Access& access) const;
  Finding by_files(const Access& access) const;
  Finding by_mosquitto(const Question& question) const;
  Finding by_roles(const Question& question) const;
  void look(ScopeId scope, Relation relation, Best& best, const Question& question) const;
  std::optional<ScopeId> user_scope(std::string_view user_name) const;
  template <class Use>
  void each_role(const Principal& principal, Use use) const;

  RuleBook book_;
  std::optional<MosquittoAcl> mosquitto_;
  std::optional<Roles> roles_;
  std::vector<std::string> files_;
  std::vector<config::Problem> warnings_;
  std::shared_ptr<const std::string> closed_;
  std::shared_ptr<const std::string> no_rule_;
  std::shared_ptr<const std::string> no_grant_;
};

/// Who can say what the rules that hold at the moment make of an access: the guard of a running broker.
/// Lives on: any thread.
class Explainer {
 public:
  virtual ~Explainer() = default;
  virtual Explanation explain(const Access& access) const = 0;
  /// The files that they were read from.
  virtual config::Acl sources() const = 0;
};

}  // namespace tombo::auth::acl
