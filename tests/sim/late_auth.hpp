#pragma once

#include "auth/authenticator.hpp"
#include "sim/plan.hpp"
#include "sim/rng.hpp"

#include <functional>
#include <utility>
#include <vector>

namespace tombo::sim {

/// Lets everybody in and refuses what is_denied(); takes its time over about half of the answers, which come in any
/// order.
class LateAuth final : public auth::Authenticator {
 public:
  explicit LateAuth(std::uint64_t seed) : rng_(seed) {}

  auth::LoginAnswer login(const auth::Login& login, std::function<void(auth::LoginAnswer)> later) override {
    auth::LoginAnswer answer;
    answer.decision = auth::Decision::allow;
    answer.principal = auth::somebody(login.user_name);
    if (hurry_ || rng_.chance(50)) return answer;
    late_.push_back([later = std::move(later), answer] { later(answer); });
    answer.decision = auth::Decision::pending;
    return answer;
  }
  auth::AccessAnswer access(const auth::Access& access, std::function<void(auth::AccessAnswer)> later) override {
    auth::AccessAnswer answer;
    answer.decision = is_denied(access.topic) ? auth::Decision::deny : auth::Decision::allow;
    // A will's verdict comes at once: the model takes it to be published when its connection ends.
    if (hurry_ || access.topic.starts_with("w/") || rng_.chance(60)) return answer;
    late_.push_back([later = std::move(later), answer] { later(answer); });
    answer.decision = auth::Decision::pending;
    return answer;
  }
  bool restricts_access() const override { return true; }

  /// Gives one of the answers that are due.
  void release_one() {
    if (late_.empty()) return;
    const std::size_t which = rng_.below(late_.size());
    const auto answer = std::move(late_[which]);
    late_.erase(late_.begin() + static_cast<std::ptrdiff_t>(which));
    answer();
  }
  /// Nobody waits for its answers any more.
  void forget() { late_.clear(); }
  /// From now on every answer comes at once.
  void hurry() {
    hurry_ = true;
    while (!late_.empty()) release_one();
  }

 private:
  Rng rng_;
  bool hurry_ = false;
  std::vector<std::function<void()>> late_;
};

}  // namespace tombo::sim
