#pragma once

#include "auth/ldap/patience.hpp"
#include "base/result.hpp"
#include "config/security_options.hpp"

#include <ldap.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tombo::auth {

inline constexpr std::size_t kLdapValuesMax = 1'000;  // of one attribute: groups of a user

struct LdapError {
  std::string what;
  bool is_lost = false;  // the connection broke: another one may do better
};

/// One connection to a directory server.  Whoever binds last is who asks.
/// Lives on: one worker at a time; each of its calls blocks for timeout_ms at most.
class LdapConnection {
 public:
  struct Entry {
    std::string dn;
    std::map<std::string, std::vector<std::string>> attributes;  // those that were asked for
  };

  /// With TLS, if the options say so.  Nobody is bound yet.
  static Result<std::unique_ptr<LdapConnection>, LdapError> connect(const config::Ldap& options);

  /// Whether the password is right.  An empty password is an error: servers take it for an anonymous bind, and say yes.
  Result<bool, LdapError> bind(const std::string& dn, const std::string& password);
  Result<void, LdapError> bind_anonymously();
  /// The only entry that `filter` finds below `base`; nothing if there is none, an error if there are several.
  Result<std::optional<Entry>, LdapError> find_one(const std::string& base, const std::string& filter,
                                                   const std::vector<std::string>& attributes);
  /// The entry of this name.
  Result<std::optional<Entry>, LdapError> read(const std::string& dn, const std::vector<std::string>& attributes);

  /// False after an error that leaves open what the server still says.
  bool is_good() const { return is_good_; }

 private:
  struct Unbind {
    void operator()(LDAP* ldap) const { ldap_unbind_ext_s(ldap, nullptr, nullptr); }
  };
  LdapConnection(LDAP* ldap, const config::Ldap& options) : options_(options), ldap_(ldap) {}
  std::optional<LdapError> set_up();
  LdapError error(int result);
  Result<std::optional<Entry>, LdapError> search(const std::string& base, int scope, const std::string& filter,
                                                 std::vector<std::string> attributes);
  std::vector<std::string> values_of(LDAPMessage* entry, const std::string& attribute);

  void begin_step();

  const config::Ldap& options_;  // the owner's, who outlives it
  bool is_good_ = true;
  Patience patience_;
  std::unique_ptr<LDAP, Unbind> ldap_;  // gone before its patience ends
};

}  // namespace tombo::auth
