#include "auth/chain/access_inquiry.hpp"

#include "auth/chain/reply.hpp"

#include <utility>

namespace tombo::auth {

AccessInquiry::AccessInquiry(std::shared_ptr<const Snapshot> snapshot, const Access& access, AccessAnswer so_far,
                             std::shared_ptr<Gate> gate, std::function<void(AccessAnswer)> later)
    : snapshot_(std::move(snapshot)),
      client_id_(access.client_id),
      topic_(access.topic),
      principal_(access.principal),
      payload_(access.payload.begin(), access.payload.end()),
      access_{access.action, client_id_, principal_,    access.listener, topic_,
              access.qos,    access.retain, access.shared, payload_},
      so_far_(std::move(so_far)),
      for_all_(access.action == Action::receive || access.action == Action::unsubscribe),
      gate_(std::move(gate)),
      later_(std::move(later)) {}

AccessAnswer AccessInquiry::begin() {
  if (auto answer = ask_on()) return std::move(*answer);
  return {Decision::pending, {}, {}};
}

std::optional<AccessAnswer> AccessInquiry::ask_on() {
  while (next_ < snapshot_->referees.size()) {
    Referee& referee = *snapshot_->referees[next_++];
    if (for_all_ && !referee.asks_for_all()) continue;
    const auto reply =
        std::make_shared<Reply<AccessAnswer>>(AccessAnswer{Decision::deny, mqtt::ReasonCode::not_authorized, nullptr});
    AccessAnswer answer = referee.judge(access_, reply->callback());
    if (answer.decision == Decision::pending) {
      auto late = reply->take_or([self = shared_from_this()](const AccessAnswer& came) { self->go_on(came); });
      if (!late) return std::nullopt;
      answer = std::move(*late);
    }
    if (ends_with(answer)) return so_far_;
  }
  return so_far_;
}

bool AccessInquiry::ends_with(const AccessAnswer& answer) {
  const bool allows = answer.decision == Decision::allow;
  keeps_ = keeps_ && answer.keeps;
  if (!allows || !so_far_.rule) so_far_ = answer;
  so_far_.keeps = keeps_;
  if (!allows) so_far_.decision = Decision::deny;
  return !allows;
}

void AccessInquiry::go_on(const AccessAnswer& answer) {
  auto last = ends_with(answer) ? std::optional{so_far_} : ask_on();
  if (!last) return;
  gate_->pass([&] { later_(std::move(*last)); });
}

}  // namespace tombo::auth
