#include "auth/scram/scram_line.hpp"

#include "auth/scram/credentials.hpp"
#include "auth/scram/saslprep.hpp"
#include "auth/scram_secret.hpp"

#include <fmt/format.h>
#include <openssl/rand.h>

#include <algorithm>

namespace tombo::auth {

Result<std::string, std::string> scram_line(std::string_view user, std::string_view password,
                                            std::string_view mechanism) {
  const auto wrong = [](std::string_view what) { return Failure{std::string(what)}; };
  const auto hash = scram_hash(mechanism);
  if (!hash) return wrong("mechanisms are SCRAM-SHA-256 and SCRAM-SHA-1");
  const auto name = saslprep(user);
  if (!name || name->empty()) return wrong("the user name is empty or holds what no name may (RFC 4013)");
  if (name->find_first_of(":\n\r") != std::string::npos || name->starts_with('#')) {
    return wrong("a user name holds no ':' and does not begin with '#'");
  }
  const auto prepared = saslprep(password);
  if (!prepared || prepared->empty()) return wrong("the password is empty or holds what no password may (RFC 4013)");
  std::string salt(kScramSaltBytesNew, '\0');
  TOMBO_ASSERT(RAND_bytes(reinterpret_cast<unsigned char*>(salt.data()), static_cast<int>(salt.size())) == 1);
  return *name + ":" + format_scram_secret(derive_scram_secret(*hash, *prepared, salt, kScramIterationsNew));
}

Result<std::string, std::string> edit_scram_lines(std::string_view text, std::string_view file, std::string_view user,
                                                  const std::string* password) {
  if (const auto old = ScramCredentials::parse(text, file); !old) return Failure{old.error().front()};
  const auto name = saslprep(user);
  std::string out;
  bool is_there = false;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const bool is_users = !line.starts_with('#') && line.find(':') != std::string_view::npos && name &&
                          saslprep(line.substr(0, line.find(':'))) == name;
    is_there = is_there || is_users;
    if (!is_users) out.append(line).push_back('\n');
  }
  if (password == nullptr) {
    if (!is_there) return Failure{fmt::format("{}: there is no user {}", file, user)};
    return out;
  }
  for (const ScramHash hash : {ScramHash::sha256, ScramHash::sha1}) {
    const auto line = scram_line(user, *password, mechanism_of(hash));
    if (!line) return line;
    out += *line + "\n";
  }
  return out;
}

}  // namespace tombo::auth
