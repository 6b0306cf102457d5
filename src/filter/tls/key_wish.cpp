#include "filter/tls/key_wish.hpp"

#include "filter/tls/limits.hpp"
#include "mqtt/utf8.hpp"

#include <utility>

namespace tombo::filter {

bool KeyWish::want(std::string_view identity) {
  if (identity.empty() || identity.size() > kPskIdentityBytesMax || !mqtt::is_valid_text(identity)) return false;
  if (identity == identity_ || questions_ == kPskQuestionsMax) return false;
  identity_ = identity;
  key_ = nullptr;
  ++questions_;
  state_ = State::wanted;
  return true;
}

void KeyWish::asked(std::shared_ptr<void> by) {
  asker_ = std::move(by);
  state_ = State::asked;
}

void KeyWish::answer(std::shared_ptr<const auth::PskKey> key) {
  if (!waits()) return;
  key_ = std::move(key);
  asker_ = nullptr;
  state_ = State::answered;
}

const std::string* KeyWish::key_of(std::string_view identity) const {
  return key_ != nullptr && identity == identity_ ? &key_->bytes() : nullptr;
}

}  // namespace tombo::filter
