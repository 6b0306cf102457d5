#pragma once

#include "auth/backends.hpp"
#include "auth/password_file.hpp"

namespace tombo::auth {

/// Backend passwords: a file of users and hashes.
///
/// A client without a user name is unknown.  A user of the file without a password, or with an empty one, is refused.
/// [CVE-2016-9877]  Users that are not in the file cost the same time, and are unknown after it.
/// Hashes are computed by Workers.
class Passwords final : public Backend {
 public:
  Passwords(PasswordFile file, Workers& workers);
  std::string_view name() const override { return "passwords"; }
  void ask(std::shared_ptr<const Login> login, std::function<void(Verdict)> done) override;

 private:
  std::shared_ptr<const PasswordFile> file_;  // shared with tasks, which may outlive the backend
  Workers& workers_;
};

}  // namespace tombo::auth
