#pragma once

#include "auth/authenticator.hpp"
#include "auth/backends.hpp"
#include "config/security_options.hpp"

#include <memory>

namespace tombo::auth {

/// What holds where there is no ACL: everything is allowed, but nobody publishes below $SYS and $CONTROL.
///
/// The place of the ACL, whose policy has the same functions: it refuses to load where a file is named, and denies whoever
/// comes with rights of his own, since it cannot judge them.
/// Immutable; any thread.
class OpenPolicy {
 public:
  static Result<std::shared_ptr<const OpenPolicy>, Problems> load(const config::Acl& options);
  AccessAnswer judge(const Access& access) const;
  bool restricts() const { return false; }
  bool restricts_receiving() const { return false; }

 private:
  std::shared_ptr<const std::string> closed_ = std::make_shared<const std::string>("closed to all");
  std::shared_ptr<const std::string> unjudged_ = std::make_shared<const std::string>("rights that cannot be judged");
};

}  // namespace tombo::auth
