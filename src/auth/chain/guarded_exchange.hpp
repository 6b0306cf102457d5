#pragma once

#include "auth/chain/gate.hpp"
#include "auth/chain/snapshot.hpp"

#include <memory>
#include <string>

namespace tombo::auth {

/// An exchange with a backend, which it keeps alive.  Who is let in must be whom the transport has proved, where the door
/// takes user names from there.
class GuardedExchange final : public Exchange {
 public:
  GuardedExchange(std::shared_ptr<const Snapshot> snapshot, std::shared_ptr<const Login> login, std::shared_ptr<Gate> gate,
                  std::string backend, std::unique_ptr<Exchange> inner);
  ExchangeAnswer step(std::string_view data, std::function<void(ExchangeAnswer)> later) override;

 private:
  struct Terms;  // shared with answers that come late
  std::shared_ptr<const Terms> terms_;
  std::unique_ptr<Exchange> inner_;
};

}  // namespace tombo::auth
