#include "auth/backends.hpp"
#include "auth/scram/credentials.hpp"
#include "auth/scram/saslprep.hpp"
#include "auth/scram/scram_exchange.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace tombo::auth {

namespace {

Verdict verdict(Verdict::Kind kind, std::string_view why) {
  Verdict made;
  made.kind = kind;
  made.why = why;
  return made;
}

class ScramBackend final : public Backend {
 public:
  ScramBackend(ScramCredentials credentials, std::vector<ScramHash> offered, Workers& workers)
      : server_(std::make_shared<ScramServer>(std::move(credentials))), offered_(std::move(offered)), workers_(workers) {}

  std::string_view name() const override { return "scram"; }

  /// A password in CONNECT, as 3.x clients send it, is checked with the same credentials.
  void ask(std::shared_ptr<const Login> login, std::function<void(Verdict)> done) override {
    if (!login->has_user_name || login->user_name.empty()) return done(verdict(Verdict::Kind::unknown, "no user name"));
    const auto user = saslprep(login->user_name);
    const ScramSecret* secret = user ? server_->credentials().find(*user) : nullptr;
    if (secret == nullptr) return done(verdict(Verdict::Kind::unknown, "unknown user"));
    if (!login->has_password) return done(verdict(Verdict::Kind::deny, "no password"));
    auto check = [server = server_, secret, login, user = *user, done] {
      const auto password = saslprep(login->password);
      if (!password || !opens(*secret, *password)) return done(verdict(Verdict::Kind::deny, "wrong password"));
      auto principal = std::make_shared<Principal>();
      principal->user_name = user;
      principal->backend = "scram";
      Verdict allowed = verdict(Verdict::Kind::allow, {});
      allowed.principal = std::move(principal);
      done(std::move(allowed));
    };
    if (workers_.run(std::move(check))) return;
    Verdict busy = verdict(Verdict::Kind::error, "too many logins wait");
    busy.reason = mqtt::ReasonCode::server_busy;
    done(std::move(busy));
  }

  std::unique_ptr<Exchange> begin(std::string_view method, std::shared_ptr<const Login> login) override {
    const auto hash = scram_hash(method);
    if (!hash || std::find(offered_.begin(), offered_.end(), *hash) == offered_.end()) return nullptr;
    return std::make_unique<ScramExchange>(server_, *hash, std::move(login));
  }

 private:
  std::shared_ptr<const ScramServer> server_;
  std::vector<ScramHash> offered_;
  Workers& workers_;
};

}  // namespace

Result<std::unique_ptr<Backend>, std::vector<std::string>> make_scram(const config::Options& options, Workers& workers,
                                                                      const Clock&) {
  const config::Scram& scram = options.scram;
  std::vector<std::string> problems;
  std::vector<ScramHash> offered;
  for (const std::string& mechanism : scram.mechanisms) {
    const auto hash = scram_hash(mechanism);
    if (hash) {
      offered.push_back(*hash);
    } else {
      problems.push_back(fmt::format(
          "'mechanisms' in [scram] holds \"{}\", but mechanisms are SCRAM-SHA-256 and SCRAM-SHA-1", mechanism));
    }
  }
  if (scram.file.empty()) {
    problems.emplace_back("backend scram needs 'file' in [scram]");
    return Failure{std::move(problems)};
  }
  auto credentials = ScramCredentials::load(scram.file);
  if (!credentials) problems.insert(problems.end(), credentials.error().begin(), credentials.error().end());
  if (!problems.empty()) return Failure{std::move(problems)};
  return std::unique_ptr<Backend>(
      std::make_unique<ScramBackend>(std::move(*credentials), std::move(offered), workers));
}

}  // namespace tombo::auth
