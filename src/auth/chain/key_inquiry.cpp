#include "auth/chain/key_inquiry.hpp"

#include "auth/chain/reply.hpp"

#include <utility>

namespace tombo::auth {

KeyInquiry::KeyInquiry(std::shared_ptr<const Snapshot> snapshot, std::shared_ptr<const KeyWanted> wanted,
                       std::shared_ptr<Gate> gate, Done done)
    : snapshot_(std::move(snapshot)),
      wanted_(std::move(wanted)),
      gate_(std::move(gate)),
      done_(std::move(done)),
      door_(snapshot_->doors[wanted_->listener]) {}

void KeyInquiry::ask_on() {
  while (next_ < door_.key_givers.size()) {
    KeyGiver& giver = *door_.key_givers[next_++];
    const auto reply = std::make_shared<Reply<KeyAnswer>>(KeyAnswer{KeyAnswer::Kind::refused, nullptr});
    giver.ask(wanted_, reply->callback());
    auto answer = reply->take_or([self = shared_from_this()](KeyAnswer late) {
      if (!self->judge(std::move(late))) self->ask_on();
    });
    if (!answer || judge(std::move(*answer))) return;
  }
  gate_->pass([&] { done_(nullptr); });
}

bool KeyInquiry::judge(KeyAnswer answer) {
  if (answer.kind == KeyAnswer::Kind::unknown) return false;
  if (answer.kind != KeyAnswer::Kind::given) answer.key = nullptr;
  gate_->pass([&] { done_(std::move(answer.key)); });
  return true;
}

}  // namespace tombo::auth
