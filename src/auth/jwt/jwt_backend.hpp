#pragma once

#include "auth/backends.hpp"
#include "auth/jwt/jwt_key.hpp"
#include "config/security_options.hpp"

#include <vector>

namespace tombo::auth::jwt {

/// Small tokens that a secret has signed are checked at once; it takes some ten microseconds.  Others: Workers.
inline constexpr std::size_t kAtOnceBytesMax = 2 * 1024;

/// Backend jwt: a token in the password.  A password that is no token is unknown; a token that does not hold is refused.
///
/// The key decides which algorithms there are (KeySet, Key::fits), `algorithms` may allow fewer; the token's header only
/// says which of these it wants.
class JwtBackend final : public Backend {
 public:
  JwtBackend(const config::Jwt& options, KeySet keys, Workers& workers, const Clock& clock);
  std::string_view name() const override { return "jwt"; }
  void ask(std::shared_ptr<const Login> login, std::function<void(Verdict)> done) override;

 private:
  struct Rules;
  std::shared_ptr<const Rules> rules_;  // shared with tasks, which may outlive the backend
  Workers& workers_;
};

}  // namespace tombo::auth::jwt
