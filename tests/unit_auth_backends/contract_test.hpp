#pragma once

#include "asking.hpp"
#include "unit_auth/backend_contract.hpp"

#include <vector>

namespace tombo::test {

/// The contract of all backends, for one that knows "alice" with the password "pw" and nobody else.
/// `stranger`: what it says of others; `wrong`: of a wrong password.
inline void hold_contract(auth::BackendContract::Make make, auth::Verdict::Kind wrong = auth::Verdict::Kind::deny,
                          auth::Verdict::Kind stranger = auth::Verdict::Kind::unknown) {
  using Kind = auth::Verdict::Kind;
  std::vector<auth::BackendContract::Known> logins{{*login_of("alice", "pw"), Kind::allow},
                                                   {*login_of("alice", "pw2"), wrong},
                                                   {*login_of("mallory", "pw"), stranger},
                                                   {*login_of("alice", std::string("pw\0x", 4)), wrong}};
  auth::BackendContract(std::move(make), std::move(logins)).hold();
}

}  // namespace tombo::test
