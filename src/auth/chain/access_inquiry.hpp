#pragma once

#include "auth/chain/gate.hpp"
#include "auth/chain/snapshot.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tombo::auth {

/// One access on its way along the referees, after the policy has allowed it.  All must allow it: the first that denies
/// decides.
/// Lives on: as LoginInquiry.
class AccessInquiry : public std::enable_shared_from_this<AccessInquiry> {
 public:
  /// `so_far`: what the policy said.
  AccessInquiry(std::shared_ptr<const Snapshot> snapshot, const Access& access, AccessAnswer so_far, std::shared_ptr<Gate> gate,
                std::function<void(AccessAnswer)> later);
  /// The answer, or `pending`: then `later` is called once, through the gate.
  AccessAnswer begin();

 private:
  std::optional<AccessAnswer> ask_on();
  /// Whether this answer ends the inquiry.
  bool ends_with(const AccessAnswer& answer);
  void go_on(const AccessAnswer& answer);

  std::shared_ptr<const Snapshot> snapshot_;
  const std::string client_id_;
  const std::string topic_;
  const std::shared_ptr<const Principal> principal_;
  const std::vector<std::uint8_t> payload_;
  const Access access_;  // borrows from the four
  AccessAnswer so_far_;
  const bool for_all_;  // only those who want to be asked for it
  bool keeps_ = true;   // all answers so far may be remembered
  std::shared_ptr<Gate> gate_;
  std::function<void(AccessAnswer)> later_;
  std::size_t next_ = 0;
};

}  // namespace tombo::auth
