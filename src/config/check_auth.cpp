#include "config/draft.hpp"

#include "base/nearest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tombo::config {

namespace {

constexpr std::array<std::string_view, 6> kBackends{"passwords", "jwt", "http", "scram", "ldap", "sql"};
constexpr std::array<std::string_view, 9> kJwtAlgorithms{"HS256", "HS384", "HS512", "RS256", "RS384",
                                                         "RS512", "ES256", "ES384", "ES512"};
constexpr std::array<std::string_view, 2> kScramMechanisms{"SCRAM-SHA-256", "SCRAM-SHA-1"};

template <class Names>
bool is_one_of(std::string_view name, const Names& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> names) {
  const std::string_view near = nearest(word, names);
  return near.empty() ? std::string{} : fmt::format("; did you mean \"{}\"?", near);
}

/// Looks at a list of backends; `used` collects those that exist.
void check_chain(Draft& draft, const std::vector<std::string>& chain, Place place, std::string_view where,
                 std::set<std::string>& used) {
  std::set<std::string> seen;
  std::vector<std::string> plugins;
  for (const Plugin& plugin : draft.options.plugins) plugins.push_back("plugin:" + plugin.name);
  std::vector<std::string_view> names(kBackends.begin(), kBackends.end());
  names.insert(names.end(), plugins.begin(), plugins.end());
  for (const std::string& name : chain) {
    if (!is_one_of(name, names)) {
      draft.error(place, fmt::format("{} names \"{}\", but backends are {}, and plugin:NAME of each [[plugin]]{}", where, name,
                                     fmt::join(kBackends, ", "), did_you_mean(name, names)));
    } else if (!seen.insert(name).second) {
      draft.error(place, fmt::format("{} names \"{}\" twice", where, name));
    }
    used.insert(name);
  }
}

/// What a backend that is used cannot do without.
void check_needs(Draft& draft, const std::set<std::string>& used) {
  const Options& options = draft.options;
  const auto need = [&](const char* backend, Section section, std::string_view key, bool given, std::string_view what) {
    if (given || !used.contains(backend)) return;
    draft.error(draft.place_of(section, key),
                fmt::format("backend {} is asked, but there is no {} in [{}]", backend, what, backend));
  };
  need("passwords", Section::passwords, "file", !options.passwords.file.empty(), "'file'");
  need("jwt", Section::jwt, "key_file", !options.jwt.key_file.empty() || !options.jwt.key_directory.empty(),
       "'key_file' or 'key_directory'");
  need("jwt", Section::jwt, "user_claim", !options.jwt.user_claim.empty(), "'user_claim'");
  need("http", Section::http, "url", !options.http.url.empty(), "'url'");
  need("scram", Section::scram, "file", !options.scram.file.empty(), "'file'");
  need("ldap", Section::ldap, "url", !options.ldap.url.empty(), "'url'");
  need("ldap", Section::ldap, "base", !options.ldap.base.empty() || !options.ldap.user_dn.empty(), "'base' or 'user_dn'");
  need("sql", Section::sql, "database", !options.sql.database.empty(), "'database'");
  need("sql", Section::sql, "password_query", !options.sql.password_query.empty(), "'password_query'");
}

template <class Names>
void check_names(Draft& draft, Section section, std::string_view key, const std::vector<std::string>& given, const Names& names) {
  for (const std::string& name : given) {
    if (is_one_of(name, names)) continue;
    draft.error(draft.place_of(section, key),
                fmt::format("'{}' in [{}] holds \"{}\", but wants some of {}{}", key, info_of(section).name, name,
                            fmt::join(names, ", "), did_you_mean(name, names)));
  }
}

/// A listener that takes user names from where it has none would refuse everybody.
void check_user_name_from(Draft& draft, std::size_t index) {
  const Listener& listener = draft.options.listeners[index];
  const Place place = draft.place_of(Section::listener, "user_name_from", index);
  switch (listener.user_name_from) {
    case UserNameFrom::connect: return;
    case UserNameFrom::certificate_cn:
    case UserNameFrom::certificate_subject:
    case UserNameFrom::certificate_san:
      if (listener.certificates.empty() || listener.client_certificate == ClientCertificate::none) {
        draft.error(
            place,
            "'user_name_from' in [[listener]] wants names of client certificates: write client_certificate = \"required\" "
            "and the listener's own certificates");
      }
      return;
    case UserNameFrom::psk_identity:
      if (!listener.takes_psks()) {
        draft.error(place, "'user_name_from' in [[listener]] wants PSK identities, but there is neither psk_file nor psk_hint");
      }
      return;
    case UserNameFrom::unix_user:
      if (!listener.is_unix()) {
        draft.error(place, "'user_name_from' in [[listener]] wants Unix users, but only an address \"unix:PATH\" knows them");
      }
      return;
  }
}

/// Keys come from the file, or from plugins among the listener's backends; whether those give any is seen when they are loaded.
void check_psk_hint(Draft& draft, std::size_t index) {
  const Listener& listener = draft.options.listeners[index];
  if (!listener.asks_for_keys()) return;
  const auto& chain = listener.authentication.empty() ? draft.options.auth.backends : listener.authentication;
  if (std::any_of(chain.begin(), chain.end(), [](const std::string& name) { return name.starts_with("plugin:"); })) return;
  const Place place = draft.place_of(Section::listener, "psk_hint", index);
  if (draft.syntax == Syntax::mosquitto) {
    return draft.warning(place, "'psk_hint' makes this listener want pre-shared keys, but there is neither a psk_file nor a "
                                "plugin that could give any: nobody gets in");
  }
  draft.error(place, "'psk_hint' in [[listener]] wants pre-shared keys: write psk_file, or name a plugin that gives keys in "
                     "'authentication' or in 'backends' of [auth]");
}

/// A listener's own users are asked for by backend passwords: one that is not asked would let them in unseen.
void check_own_users(Draft& draft, std::size_t index) {
  const Listener& listener = draft.options.listeners[index];
  const auto& chain = listener.authentication.empty() ? draft.options.auth.backends : listener.authentication;
  if (listener.password_file.empty() || chain.empty() || is_one_of("passwords", chain)) return;
  draft.error(draft.place_of(Section::listener, "password_file", index),
              fmt::format("'password_file' in [[listener]] is not asked: its backends are {}; write authentication = [\"passwords\"]",
                          fmt::join(chain, ", ")));
}

void check_keys(Draft& draft, std::size_t index) {
  const Listener& listener = draft.options.listeners[index];
  if (listener.keys.empty() || listener.keys.size() == listener.certificates.size()) return;
  draft.error(
      draft.place_of(Section::listener, "keys", index),
      fmt::format(
          "'keys' in [[listener]] has {} entries and 'certificates' {}, but each certificate needs its key, in the same order",
          listener.keys.size(), listener.certificates.size()));
}

}  // namespace

void check_auth(Draft& draft) {
  const Options& options = draft.options;
  std::set<std::string> used, by_default;
  check_chain(draft, options.auth.backends, draft.place_of(Section::auth, "backends"), "'backends' in [auth]", by_default);
  // Where every listener has users of its own, nobody asks for those in [passwords].
  const bool all_own = !options.listeners.empty() && std::none_of(options.listeners.begin(), options.listeners.end(),
                                                                  [](const Listener& l) { return l.password_file.empty(); });
  if (all_own) by_default.erase("passwords");
  used.merge(by_default);
  for (std::size_t i = 0; i < options.listeners.size(); ++i) {
    std::set<std::string> here;
    check_chain(draft, options.listeners[i].authentication, draft.place_of(Section::listener, "authentication", i),
                "'authentication' in [[listener]]", here);
    if (!options.listeners[i].password_file.empty()) here.erase("passwords");
    used.merge(here);
    check_own_users(draft, i);
    check_user_name_from(draft, i);
    check_psk_hint(draft, i);
    check_keys(draft, i);
  }
  check_needs(draft, used);
  check_names(draft, Section::jwt, "algorithms", options.jwt.algorithms, kJwtAlgorithms);
  check_names(draft, Section::scram, "mechanisms", options.scram.mechanisms, kScramMechanisms);
}

bool somebody_may_connect(const Options& options) {
  return std::any_of(options.listeners.begin(), options.listeners.end(), [&](const Listener& listener) {
    const bool anonymous =
        listener.anonymous == Anonymous::allow || (listener.anonymous == Anonymous::as_broker && options.allow_anonymous);
    return anonymous || listener.user_name_from != UserNameFrom::connect || !listener.authentication.empty() ||
           !listener.password_file.empty() || !options.auth.backends.empty();
  });
}

}  // namespace tombo::config
