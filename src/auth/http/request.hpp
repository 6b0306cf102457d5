#pragma once

#include "auth/authenticator.hpp"
#include "auth/verdict_cache.hpp"

#include <string>

namespace tombo::auth {

/// A question as JSON, and what an answer to it is remembered under: the keyed hash of all of it.
struct HttpQuestion {
  std::string body;
  KeyedHash::Digest key;
};

/// Who wants to come in.  A password that is no text, or holds NUL, is told as "password_base64".  The address has no port:
/// it would be another question each time.
HttpQuestion ask_login(const Login& login, const KeyedHash& hash);

/// What somebody wants to do.
HttpQuestion ask_access(const Access& access, const KeyedHash& hash);

}  // namespace tombo::auth
