#include "auth/scram/scram_line.hpp"

#include "auth/scram/saslprep.hpp"
#include "auth/scram_secret.hpp"

#include <openssl/rand.h>

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

}  // namespace tombo::auth
