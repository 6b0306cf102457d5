#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace tombo::auth {

/// One answer that somebody is asked for, whether it comes at once, later and from another thread, twice, or never: what
/// comes first counts, and a callback that is destroyed unused answers `lost`.
/// Made by std::make_shared.  give() and the callback: any thread; take_or(): who asked, once.
template <class Answer>
class Reply : public std::enable_shared_from_this<Reply<Answer>> {
 public:
  explicit Reply(Answer lost) : lost_(std::move(lost)) {}

  /// For whoever is asked.
  std::function<void(Answer)> callback() {
    auto token = std::make_shared<Token>(this->shared_from_this());
    return [token = std::move(token)](Answer answer) { token->reply->give(std::move(answer)); };
  }

  /// The answer, if it is there.  Otherwise `late` is called with it, from the thread that gives it.
  std::optional<Answer> take_or(std::function<void(Answer)> late) {
    late_ = std::move(late);
    State state = State::asked;
    if (state_.compare_exchange_strong(state, State::awaited)) return std::nullopt;
    late_ = nullptr;
    return std::move(answer_);
  }

 private:
  enum class State : std::uint8_t { asked, awaited, answered };
  struct Token {
    explicit Token(std::shared_ptr<Reply> to) : reply(std::move(to)) {}
    ~Token() { reply->give(std::move(reply->lost_)); }
    std::shared_ptr<Reply> reply;
  };

  void give(Answer answer) {
    if (given_.exchange(true)) return;
    answer_ = std::move(answer);
    if (state_.exchange(State::answered) != State::awaited) return;
    const auto late = std::move(late_);
    late(std::move(*answer_));
  }

  std::atomic<bool> given_{false};
  std::atomic<State> state_{State::asked};
  std::optional<Answer> answer_;
  std::function<void(Answer)> late_;
  Answer lost_;
};

}  // namespace tombo::auth
