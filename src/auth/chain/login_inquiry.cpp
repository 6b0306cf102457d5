#include "auth/chain/login_inquiry.hpp"

#include "auth/chain/identity.hpp"
#include "auth/chain/reply.hpp"

#include <fmt/format.h>

#include <utility>

namespace tombo::auth {

namespace {

using mqtt::ReasonCode;

LoginAnswer denied(ReasonCode reason, std::string why) { return {Decision::deny, reason, nullptr, std::move(why)}; }
LoginAnswer allowed(std::shared_ptr<const Principal> principal, std::string client_id = {}) {
  return {Decision::allow, ReasonCode::success, std::move(principal), {}, std::move(client_id)};
}

}  // namespace

LoginInquiry::LoginInquiry(std::shared_ptr<const Snapshot> snapshot, std::shared_ptr<const Login> login,
                           std::shared_ptr<Gate> gate, std::function<void(LoginAnswer)> later)
    : snapshot_(std::move(snapshot)),
      login_(std::move(login)),
      gate_(std::move(gate)),
      later_(std::move(later)),
      door_(snapshot_->doors[login_->listener]) {}

LoginAnswer LoginInquiry::begin() {
  if (auto proved = proved_by_transport(door_, *login_->peer)) return allowed(std::move(proved));
  if (door_.takes_transport()) return denied(ReasonCode::not_authorized, "the transport proved no user name");
  if (auto answer = ask_on()) return std::move(*answer);
  return {Decision::pending, ReasonCode::success, nullptr, {}};
}

std::optional<LoginAnswer> LoginInquiry::ask_on() {
  while (next_ < door_.backends.size()) {
    Backend& backend = *door_.backends[next_++];
    const auto reply =
        std::make_shared<Reply<Verdict>>(Verdict{Verdict::Kind::error, nullptr, ReasonCode::server_unavailable, "no answer"});
    backend.ask(login_, reply->callback());
    const auto verdict =
        reply->take_or([self = shared_from_this(), &backend](const Verdict& late) { self->go_on(backend, late); });
    if (!verdict) return std::nullopt;
    if (auto answer = judge(backend, *verdict)) return answer;
  }
  return nobody_knows();
}

void LoginInquiry::go_on(const Backend& backend, const Verdict& verdict) {
  auto answer = judge(backend, verdict);
  if (!answer) answer = ask_on();
  if (!answer) return;
  gate_->pass([&] { later_(std::move(*answer)); });
}

std::optional<LoginAnswer> LoginInquiry::judge(const Backend& backend, const Verdict& verdict) const {
  const auto why = [&](std::string_view what) { return fmt::format("{}: {}", backend.name(), what); };
  switch (verdict.kind) {
    case Verdict::Kind::unknown: return std::nullopt;
    case Verdict::Kind::allow:
      if (!verdict.principal) break;
      return allowed(with_attributes_of(*login_->peer, verdict.principal), verdict.client_id);
    case Verdict::Kind::deny: return denied(verdict.reason, why(verdict.why));
    case Verdict::Kind::error: {
      const bool busy = verdict.reason == ReasonCode::server_busy;
      return denied(busy ? ReasonCode::server_busy : ReasonCode::server_unavailable, why(verdict.why));
    }
  }
  return denied(ReasonCode::server_unavailable, why("allowed nobody"));
}

LoginAnswer LoginInquiry::nobody_knows() const {
  const bool nobody_is_asked = door_.backends.empty();
  // A name that nobody vouches for is no name where others are vouched for.
  if (door_.anonymous && nobody_is_asked) {
    return allowed(with_attributes_of(*login_->peer, snapshot_->knows_users() ? nobody() : somebody(login_->user_name)));
  }
  if (door_.anonymous && !login_->has_user_name) return allowed(with_attributes_of(*login_->peer, nobody()));
  if (login_->has_user_name) return denied(ReasonCode::bad_user_name_or_password, "no backend knows this user");
  return denied(ReasonCode::not_authorized, "anonymous clients are refused");
}

}  // namespace tombo::auth
