#include "auth/backends.hpp"
#include "auth/breaker.hpp"
#include "auth/ca_file.hpp"
#include "auth/connection_pool.hpp"
#include "auth/ldap/connection.hpp"
#include "auth/ldap/escape.hpp"
#include "auth/verdict_cache.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

namespace tombo::auth {

namespace {

Verdict verdict(Verdict::Kind kind, std::string why) {
  Verdict made;
  made.kind = kind;
  made.why = std::move(why);
  if (kind == Verdict::Kind::error) made.reason = mqtt::ReasonCode::server_unavailable;
  return made;
}

/// What workers share; it lives as long as one of them uses it.
class LdapUsers {
 public:
  LdapUsers(const config::Options& options, const Clock& clock, std::string bind_password)
      : options_(options.ldap),
        bind_password_(std::move(bind_password)),
        named_by_(named_by(options_.user_dn.empty() ? options_.filter : options_.user_dn)),
        breaker_(clock, kBreakerFailures, kBreakerPause),
        cache_(clock, options.auth.cache_entries_max) {
    for (const NamedBy& name : named_by_) attributes_.push_back(name.attribute);
    if (!options_.group_attribute.empty()) attributes_.push_back(options_.group_attribute);
  }

  std::optional<Verdict> remembered(const Login& login) { return cache_.find(key_of(login)); }

  /// Asks the directory.  Blocks for some times timeout_ms at most.
  Verdict judge(const Login& login) {
    if (!breaker_.may_ask()) return verdict(Verdict::Kind::error, "the server failed too often and is left alone");
    auto found = find(login);
    if (!found) {
      breaker_.failed();
      return verdict(Verdict::Kind::error, found.error().what);
    }
    breaker_.succeeded();
    if (found->kind == Verdict::Kind::allow) cache_.keep(key_of(login), *found, Seconds{options_.cache_ttl_s});
    return std::move(*found);
  }

 private:
  using Answer = Result<Verdict, LdapError>;

  KeyedHash::Digest key_of(const Login& login) const { return cache_.hash().of({login.user_name, login.password}); }

  /// With a connection that was used before, or, if that one broke meanwhile, with a new one.
  Answer find(const Login& login) {
    if (auto connection = pool_.take()) {
      Answer answer = find(*connection, login);
      if (connection->is_good()) pool_.give(std::move(connection));
      if (answer || !answer.error().is_lost) return answer;
    }
    auto made = LdapConnection::connect(options_);
    if (!made) return Failure{made.error()};
    Answer answer = find(**made, login);
    if ((*made)->is_good()) pool_.give(std::move(*made));
    return answer;
  }

  Answer find(LdapConnection& connection, const Login& login) {
    if (!options_.user_dn.empty()) return bind_directly(connection, login);
    if (auto searcher = become_searcher(connection); !searcher) return Failure{searcher.error()};
    auto entry = connection.find_one(options_.base, fill_in(options_.filter, escape_for_filter(login.user_name)), attributes_);
    if (!entry) return Failure{entry.error()};
    if (!*entry) return verdict(Verdict::Kind::unknown, "unknown user");
    const auto bound = connection.bind((*entry)->dn, login.password);
    if (!bound) return Failure{bound.error()};
    if (!*bound) return verdict(Verdict::Kind::deny, "wrong password");
    return allowed(login, **entry);
  }

  /// The server does not tell a user who is not there from a wrong password.
  Answer bind_directly(LdapConnection& connection, const Login& login) {
    const std::string dn = fill_in(options_.user_dn, escape_for_dn(login.user_name));
    const auto bound = connection.bind(dn, login.password);
    if (!bound) return Failure{bound.error()};
    if (!*bound) return verdict(Verdict::Kind::deny, "wrong password or unknown user");
    if (attributes_.empty()) return allowed(login, {});
    auto entry = connection.read(dn, attributes_);
    if (!entry) return Failure{entry.error()};
    if (!*entry) return Failure{LdapError{"users may not read their own entries", false}};
    return allowed(login, **entry);
  }

  Result<void, LdapError> become_searcher(LdapConnection& connection) {
    if (options_.bind_dn.empty()) return connection.bind_anonymously();
    const auto bound = connection.bind(options_.bind_dn, bind_password_);
    if (!bound) return Failure{bound.error()};
    if (!*bound) return Failure{LdapError{"bind_dn or its password is wrong", false}};
    return {};
  }

  /// Whether the entry has the name exactly as the client wrote it.
  bool is_named(const LdapConnection::Entry& entry, const std::string& user) const {
    if (named_by_.empty()) return true;  // "%u@example.com", which Active Directory takes for a name
    for (const NamedBy& name : named_by_) {
      const auto values = entry.attributes.find(name.attribute);
      if (values == entry.attributes.end()) continue;
      const std::string wanted = fill_in(name.value_form, user);
      if (std::find(values->second.begin(), values->second.end(), wanted) != values->second.end()) return true;
    }
    return false;
  }

  Verdict allowed(const Login& login, const LdapConnection::Entry& entry) const {
    if (!is_named(entry, login.user_name)) return verdict(Verdict::Kind::deny, "the directory writes the name in another way");
    auto principal = std::make_shared<Principal>();
    principal->user_name = login.user_name;
    principal->backend = "ldap";
    const auto groups = entry.attributes.find(options_.group_attribute);
    if (groups != entry.attributes.end()) principal->groups = groups->second;
    Verdict made = verdict(Verdict::Kind::allow, {});
    made.principal = std::move(principal);
    return made;
  }

  const config::Ldap options_;
  const std::string bind_password_;
  const std::vector<NamedBy> named_by_;
  std::vector<std::string> attributes_;  // that are asked for
  ConnectionPool<LdapConnection> pool_;
  Breaker breaker_;
  VerdictCache cache_;
};

class LdapBackend final : public Backend {
 public:
  LdapBackend(std::shared_ptr<LdapUsers> users, Workers& workers) : users_(std::move(users)), workers_(workers) {}

  std::string_view name() const override { return "ldap"; }

  void ask(std::shared_ptr<const Login> login, std::function<void(Verdict)> done) override {
    if (!login->has_user_name || login->user_name.empty()) return done(verdict(Verdict::Kind::unknown, "no user name"));
    if (login->user_name.find('\0') != std::string::npos) return done(verdict(Verdict::Kind::deny, "NUL in the user name"));
    // A bind with a name and no password is an anonymous one, to which servers say yes.  (RFC 4513, section 5.1.2)
    if (!login->has_password || login->password.empty()) return done(verdict(Verdict::Kind::deny, "no password"));
    if (const auto known = users_->remembered(*login)) return done(*known);
    if (workers_.run([users = users_, login, done] { done(users->judge(*login)); })) return;
    Verdict busy = verdict(Verdict::Kind::error, "too many logins wait");
    busy.reason = mqtt::ReasonCode::server_busy;
    done(std::move(busy));
  }

 private:
  std::shared_ptr<LdapUsers> users_;
  Workers& workers_;
};

/// The first line of a file.
std::string read_password(const std::string& file, Problems& problems) {
  std::ifstream in(file, std::ios::binary);
  std::string line;
  if (!in) {
    problems.push_back(fmt::format("{}: cannot be opened ('bind_password_file' in [ldap]): {}", file, std::strerror(errno)));
  } else if (!std::getline(in, line) || line.empty() || line == "\r") {
    problems.push_back(fmt::format("{}:1: holds no password ('bind_password_file' in [ldap])", file));
  }
  if (line.ends_with('\r')) line.pop_back();
  return line;
}

/// An attribute of the entry is the user's name; only a user_dn may be another form of it, without any attribute.
bool names_user(const std::string& form, bool is_filter) {
  return !named_by(form).empty() || (!is_filter && form.find('=') == std::string::npos && form.find("%u") != std::string::npos);
}

Problems problems_of(const config::Ldap& ldap) {
  Problems problems = problems_of_ca_file(ldap.ca_file, "'ca_file' in [ldap]");
  const bool is_tls = ldap.url.starts_with("ldaps://");
  if ((!is_tls && !ldap.url.starts_with("ldap://")) || ldap_is_ldap_url(ldap.url.c_str()) == 0) {
    problems.push_back(fmt::format("'url' in [ldap] is \"{}\", but wants ldap://host or ldaps://host", ldap.url));
  }
  if (is_tls && ldap.start_tls) problems.emplace_back("'start_tls' in [ldap] is for ldap://; ldaps:// has TLS already");
  const std::string& form = ldap.user_dn.empty() ? ldap.filter : ldap.user_dn;
  if (!names_user(form, ldap.user_dn.empty())) {
    problems.push_back(fmt::format("'{}' in [ldap] is \"{}\" and names nobody: it wants an attribute that is %u",
                                   ldap.user_dn.empty() ? "filter" : "user_dn", form));
  }
  if (ldap.user_dn.empty() && ldap.base.empty()) problems.emplace_back("backend ldap needs 'base' or 'user_dn' in [ldap]");
  return problems;
}

}  // namespace

MadeBackend make_ldap(const config::Options& options, Workers& workers, const Clock& clock) {
  const config::Ldap& ldap = options.ldap;
  Problems problems = problems_of(ldap);
  std::string password;
  if (!ldap.bind_dn.empty() && ldap.bind_password_file.empty()) {
    problems.emplace_back("'bind_dn' in [ldap] needs 'bind_password_file'");
  } else if (!ldap.bind_dn.empty()) {
    password = read_password(ldap.bind_password_file, problems);
  }
  if (!problems.empty()) return Failure{std::move(problems)};
  auto users = std::make_shared<LdapUsers>(options, clock, std::move(password));
  return std::unique_ptr<Backend>(std::make_unique<LdapBackend>(std::move(users), workers));
}

}  // namespace tombo::auth
