#include "auth/jwt/jwt_backend.hpp"

#include "auth/jwt/claims.hpp"
#include "auth/jwt/token.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace tombo::auth {

namespace jwt {

namespace {

Verdict denied(std::string why) {
  return {Verdict::Kind::deny, nullptr, mqtt::ReasonCode::bad_user_name_or_password, std::move(why)};
}

}  // namespace

struct JwtBackend::Rules {
  config::Jwt options;
  KeySet keys;
  const Clock& clock;

  bool accepts(Algorithm algorithm) const {
    const auto& list = options.algorithms;
    return list.empty() ||
           std::find(list.begin(), list.end(), kAlgorithmNames[static_cast<std::size_t>(algorithm)]) != list.end();
  }

  Verdict judge(const Login& login, const Header& header, const Key& key) const {
    const auto claims = verify(login.password, header, key);
    if (!claims) return denied(claims.error());
    return judge_claims(*claims, options, login, clock.unix_seconds());
  }
};

JwtBackend::JwtBackend(const config::Jwt& options, KeySet keys, Workers& workers, const Clock& clock)
    : rules_(std::make_shared<const Rules>(Rules{options, std::move(keys), clock})), workers_(workers) {}

void JwtBackend::ask(std::shared_ptr<const Login> login, std::function<void(Verdict)> done) {
  if (!login->has_password || !looks_like_token(login->password)) return done({});
  const auto header = read_header(login->password);
  if (!header) return done(denied(header.error()));
  if (!rules_->accepts(header->algorithm)) return done(denied("the token's algorithm is not accepted"));
  const Key* key = rules_->keys.find(header->kid);
  if (key == nullptr) return done(denied("there is no key for the token"));
  if (!key->fits(header->algorithm)) return done(denied("the token's algorithm is not what the key is for"));
  if (is_symmetric(header->algorithm) && login->password.size() <= kAtOnceBytesMax)
    return done(rules_->judge(*login, *header, *key));
  const bool runs = workers_.run([rules = rules_, login = std::move(login), header = *header, key, done] {
    done(rules->judge(*login, header, *key));
  });
  if (!runs) done({Verdict::Kind::error, nullptr, mqtt::ReasonCode::server_busy, "too many logins wait"});
}

}  // namespace jwt

MadeBackend make_jwt(const config::Options& options, Workers& workers, const Clock& clock) {
  const config::Jwt& wanted = options.jwt;
  Problems problems;
  if (wanted.key_file.empty() && wanted.key_directory.empty()) {
    return Failure{Problems{"backend jwt needs 'key_file' or 'key_directory' in [jwt]"}};
  }
  if (wanted.user_claim.empty()) problems.emplace_back("'user_claim' in [jwt] is empty, but a token must name its user");
  auto keys = jwt::KeySet::load(wanted.key_file, wanted.key_directory);
  if (!keys) problems.insert(problems.end(), keys.error().begin(), keys.error().end());
  for (const auto& name : wanted.algorithms) {
    const auto algorithm = jwt::algorithm_named(name);
    if (!algorithm) {
      problems.push_back(
          fmt::format("'algorithms' in [jwt] holds \"{}\", which is none of {}", name, fmt::join(jwt::kAlgorithmNames, ", ")));
    } else if (keys && !keys->any_fits(*algorithm)) {
      problems.push_back(fmt::format("'algorithms' in [jwt] holds \"{}\", but no key is for it", name));
    }
  }
  if (!problems.empty()) return Failure{std::move(problems)};
  return std::unique_ptr<Backend>(std::make_unique<jwt::JwtBackend>(wanted, std::move(*keys), workers, clock));
}

}  // namespace tombo::auth
