#include "auth/passwords.hpp"

#include <utility>

namespace tombo::auth {

namespace {

Verdict judge(const PasswordFile& file, const Login& login) {
  const PasswordHash* known = file.find(login.user_name);
  const bool right = (known != nullptr ? *known : file.stand_in(login.user_name)).verify(login.password);
  Verdict verdict;
  if (known == nullptr) return verdict;
  verdict.kind = right ? Verdict::Kind::allow : Verdict::Kind::deny;
  if (!right) {
    verdict.why = "wrong password";
    return verdict;
  }
  auto principal = std::make_shared<Principal>();
  principal->user_name = login.user_name;
  principal->backend = "passwords";
  verdict.principal = std::move(principal);
  return verdict;
}

}  // namespace

Passwords::Passwords(PasswordFile file, Workers& workers)
    : file_(std::make_shared<const PasswordFile>(std::move(file))), workers_(workers) {}

void Passwords::ask(std::shared_ptr<const Login> login, std::function<void(Verdict)> done) {
  if (!login->has_user_name || login->user_name.empty()) return done({});
  if (!login->has_password || login->password.empty()) {
    if (file_->find(login->user_name) == nullptr) return done({});
    return done({Verdict::Kind::deny, nullptr, mqtt::ReasonCode::bad_user_name_or_password, "no password"});
  }
  const bool runs = workers_.run([file = file_, login = std::move(login), done] { done(judge(*file, *login)); });
  if (!runs) done({Verdict::Kind::error, nullptr, mqtt::ReasonCode::server_busy, "too many logins wait"});
}

MadeBackend make_passwords(const config::Options& options, Workers& workers, const Clock&) {
  if (options.passwords.file.empty()) return Failure{Problems{"backend passwords needs 'file' in [passwords]"}};
  auto file = PasswordFile::load(options.passwords.file);
  if (!file) return Failure{file.error()};
  return std::unique_ptr<Backend>(std::make_unique<Passwords>(std::move(*file), workers));
}

}  // namespace tombo::auth
