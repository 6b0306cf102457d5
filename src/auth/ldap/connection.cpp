#include "auth/ldap/connection.hpp"

#include "base/assert.hpp"

#include <lber.h>

#include <algorithm>
#include <utility>

namespace tombo::auth {

namespace {

timeval timeval_of(std::uint32_t ms) {
  return {static_cast<time_t>(ms / 1000), static_cast<suseconds_t>(ms % 1000) * 1000};
}

struct FreeMessage {
  void operator()(LDAPMessage* message) const { ldap_msgfree(message); }
};
using Messages = std::unique_ptr<LDAPMessage, FreeMessage>;

}  // namespace

LdapError LdapConnection::error(int result) {
  // Whatever went wrong, an answer may still be on its way, which nobody would expect.
  is_good_ = false;
  if (patience_.is_over() || result == LDAP_TIMEOUT || result == LDAP_TIMELIMIT_EXCEEDED) return {"no answer in time", false};
  return {ldap_err2string(result), result == LDAP_SERVER_DOWN || result == LDAP_UNAVAILABLE};
}

void LdapConnection::begin_step() {
  patience_.set_deadline(std::chrono::steady_clock::now() + std::chrono::milliseconds(options_.timeout_ms));
}

Result<std::unique_ptr<LdapConnection>, LdapError> LdapConnection::connect(const config::Ldap& options) {
  LDAP* ldap = nullptr;
  const int result = ldap_initialize(&ldap, options.url.c_str());
  if (result != LDAP_SUCCESS) return Failure{LdapError{ldap_err2string(result), false}};
  std::unique_ptr<LdapConnection> made(new LdapConnection(ldap, options));
  if (auto wrong = made->set_up()) return Failure{std::move(*wrong)};
  return made;
}

/// Says everything itself that /etc/ldap/ldap.conf and the environment would say otherwise.
std::optional<LdapError> LdapConnection::set_up() {
  const int version = LDAP_VERSION3, demand = LDAP_OPT_X_TLS_DEMAND, here = 0;
  const int no_limit = LDAP_NO_LIMIT, never = LDAP_DEREF_NEVER;
  const timeval timeout = timeval_of(options_.timeout_ms);
  LDAP* ldap = ldap_.get();
  const auto set = [&](int option, const void* value) { return ldap_set_option(ldap, option, value) == LDAP_OPT_SUCCESS; };
  bool done = patience_.watch(ldap) && set(LDAP_OPT_PROTOCOL_VERSION, &version) && set(LDAP_OPT_NETWORK_TIMEOUT, &timeout) &&
              set(LDAP_OPT_TIMEOUT, &timeout) && set(LDAP_OPT_REFERRALS, LDAP_OPT_OFF) &&
              set(LDAP_OPT_RESTART, LDAP_OPT_ON) && set(LDAP_OPT_SIZELIMIT, &no_limit) &&
              set(LDAP_OPT_TIMELIMIT, &no_limit) && set(LDAP_OPT_DEREF, &never) &&
              set(LDAP_OPT_X_TLS_REQUIRE_CERT, &demand);
  if (!options_.ca_file.empty()) done = done && set(LDAP_OPT_X_TLS_CACERTFILE, options_.ca_file.c_str());
  // From here on these hold; without it libldap's common context would be used.
  done = done && set(LDAP_OPT_X_TLS_NEWCTX, &here);
  if (!done) return LdapError{"libldap does not take an option (is ca_file right?)", false};
  if (!options_.start_tls) return {};
  begin_step();
  const int result = ldap_start_tls_s(ldap, nullptr, nullptr);
  if (result == LDAP_SUCCESS) return {};
  return error(result);
}

Result<void, LdapError> LdapConnection::bind_anonymously() {
  berval none{0, nullptr};
  begin_step();
  const int result = ldap_sasl_bind_s(ldap_.get(), "", LDAP_SASL_SIMPLE, &none, nullptr, nullptr, nullptr);
  if (result != LDAP_SUCCESS) return Failure{error(result)};
  return {};
}

Result<bool, LdapError> LdapConnection::bind(const std::string& dn, const std::string& password) {
  if (password.empty() || dn.empty()) return Failure{LdapError{"a bind without name or password proves nothing", false}};
  std::string copy = password;
  berval credentials{copy.size(), copy.data()};
  begin_step();
  const int result =
      ldap_sasl_bind_s(ldap_.get(), dn.c_str(), LDAP_SASL_SIMPLE, &credentials, nullptr, nullptr, nullptr);
  switch (result) {
    case LDAP_SUCCESS: return true;
    case LDAP_INVALID_CREDENTIALS:
    case LDAP_NO_SUCH_OBJECT:
    case LDAP_INVALID_DN_SYNTAX:
    case LDAP_INAPPROPRIATE_AUTH:  // an entry without a password
      return false;
    default: return Failure{error(result)};
  }
}

std::vector<std::string> LdapConnection::values_of(LDAPMessage* entry, const std::string& attribute) {
  std::vector<std::string> found;
  berval** values = ldap_get_values_len(ldap_.get(), entry, attribute.c_str());
  for (berval** value = values; value != nullptr && *value != nullptr && found.size() < kLdapValuesMax; ++value) {
    found.emplace_back((*value)->bv_val, (*value)->bv_len);
  }
  ldap_value_free_len(values);
  return found;
}

Result<std::optional<LdapConnection::Entry>, LdapError> LdapConnection::search(const std::string& base, int scope,
                                                                               const std::string& filter,
                                                                               std::vector<std::string> attributes) {
  if (attributes.empty()) attributes.emplace_back(LDAP_NO_ATTRS);
  std::vector<char*> wanted;
  for (std::string& attribute : attributes) wanted.push_back(attribute.data());
  wanted.push_back(nullptr);
  timeval timeout = timeval_of(options_.timeout_ms);
  constexpr int kTwo = 2;  // one more than there may be
  LDAPMessage* found = nullptr;
  begin_step();
  const int result = ldap_search_ext_s(ldap_.get(), base.c_str(), scope, filter.c_str(), wanted.data(), 0, nullptr, nullptr,
                                       &timeout, kTwo, &found);
  const Messages messages(found);
  if (result == LDAP_SIZELIMIT_EXCEEDED) return Failure{LdapError{"the filter finds several users", false}};
  if (result == LDAP_NO_SUCH_OBJECT && scope == LDAP_SCOPE_BASE) return std::optional<Entry>{};
  if (result != LDAP_SUCCESS) return Failure{error(result)};
  const int entries = ldap_count_entries(ldap_.get(), found);
  if (entries == 0) return std::optional<Entry>{};
  if (entries != 1) return Failure{LdapError{"the filter finds several users", false}};
  LDAPMessage* entry = ldap_first_entry(ldap_.get(), found);
  char* dn = ldap_get_dn(ldap_.get(), entry);
  if (dn == nullptr) return Failure{LdapError{"an entry without a name", false}};
  Entry made{dn, {}};
  ldap_memfree(dn);
  for (const std::string& attribute : attributes) made.attributes[attribute] = values_of(entry, attribute);
  return std::optional<Entry>(std::move(made));
}

Result<std::optional<LdapConnection::Entry>, LdapError> LdapConnection::find_one(
    const std::string& base, const std::string& filter, const std::vector<std::string>& attributes) {
  return search(base, LDAP_SCOPE_SUBTREE, filter, attributes);
}

Result<std::optional<LdapConnection::Entry>, LdapError> LdapConnection::read(const std::string& dn,
                                                                             const std::vector<std::string>& attributes) {
  return search(dn, LDAP_SCOPE_BASE, "(objectClass=*)", attributes);
}

}  // namespace tombo::auth
