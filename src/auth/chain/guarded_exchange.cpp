#include "auth/chain/guarded_exchange.hpp"

#include "auth/chain/identity.hpp"
#include "auth/chain/reply.hpp"

#include <utility>

namespace tombo::auth {

namespace {

using Step = ExchangeAnswer::Step;

ExchangeAnswer denied(mqtt::ReasonCode reason, std::string why) { return {Step::deny, {}, reason, nullptr, std::move(why)}; }

}  // namespace

struct GuardedExchange::Terms {
  std::shared_ptr<const Snapshot> snapshot;
  std::shared_ptr<const Login> login;
  std::shared_ptr<Gate> gate;
  std::string backend;

  ExchangeAnswer judged(ExchangeAnswer answer) const {
    std::string claimed = answer.user_name;
    answer = allowed_by_door(std::move(answer));
    answer.user_name = std::move(claimed);
    return answer;
  }

 private:
  ExchangeAnswer allowed_by_door(ExchangeAnswer answer) const {
    if (answer.step == Step::deny) answer.why = backend + ": " + answer.why;
    if (answer.step != Step::allow) return answer;
    if (!answer.principal) return denied(mqtt::ReasonCode::server_unavailable, backend + ": allowed nobody");
    if (snapshot->doors[login->listener].takes_transport() && answer.principal->user_name != login->peer->user_name) {
      return denied(mqtt::ReasonCode::not_authorized, backend + ": not the user that the transport has proved");
    }
    answer.principal = with_attributes_of(*login->peer, std::move(answer.principal));
    return answer;
  }
};

GuardedExchange::GuardedExchange(std::shared_ptr<const Snapshot> snapshot, std::shared_ptr<const Login> login,
                                 std::shared_ptr<Gate> gate, std::string backend, std::unique_ptr<Exchange> inner)
    : terms_(std::make_shared<const Terms>(Terms{std::move(snapshot), std::move(login), std::move(gate), std::move(backend)})),
      inner_(std::move(inner)) {}

ExchangeAnswer GuardedExchange::step(std::string_view data, std::function<void(ExchangeAnswer)> later) {
  const auto reply = std::make_shared<Reply<ExchangeAnswer>>(denied(mqtt::ReasonCode::server_unavailable, "no answer"));
  ExchangeAnswer answer = inner_->step(data, reply->callback());
  if (answer.step != Step::pending) return terms_->judged(std::move(answer));
  auto late = reply->take_or([terms = terms_, later = std::move(later)](ExchangeAnswer came) {
    if (came.step == Step::pending) came = denied(mqtt::ReasonCode::server_unavailable, "no answer");
    terms->gate->pass([&] { later(terms->judged(std::move(came))); });
  });
  return late ? terms_->judged(std::move(*late)) : std::move(answer);
}

}  // namespace tombo::auth
