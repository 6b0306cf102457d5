#pragma once

#include "auth/chain/gate.hpp"
#include "auth/chain/snapshot.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>

namespace tombo::auth {

/// One login on its way along the backends of its door.  A backend is asked when the one before it does not know the
/// client; they are never asked at the same time.
/// Lives on: the shard until a backend answers late, then the thread that answers.
class LoginInquiry : public std::enable_shared_from_this<LoginInquiry> {
 public:
  LoginInquiry(std::shared_ptr<const Snapshot> snapshot, std::shared_ptr<const Login> login, std::shared_ptr<Gate> gate,
               std::function<void(LoginAnswer)> later);
  /// The answer, or `pending`: then `later` is called once, through the gate.
  LoginAnswer begin();

 private:
  std::optional<LoginAnswer> ask_on();
  std::optional<LoginAnswer> judge(const Backend& backend, const Verdict& verdict) const;
  LoginAnswer nobody_knows() const;
  void go_on(const Backend& backend, const Verdict& verdict);

  std::shared_ptr<const Snapshot> snapshot_;
  std::shared_ptr<const Login> login_;
  std::shared_ptr<Gate> gate_;
  std::function<void(LoginAnswer)> later_;
  const Door& door_;
  std::size_t next_ = 0;
};

}  // namespace tombo::auth
