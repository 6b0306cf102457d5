#include "app/log_topic.hpp"

#include "broker/core.hpp"
#include "broker/shard.hpp"

#include <array>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace tombo::app {

namespace {
/// What a letter holds besides its texts, for the limit of the mailbox.
constexpr std::size_t kLetterBytes = 256;
}  // namespace

std::string_view log_topic_of(log::Type type) {
  static constexpr std::array<std::string_view, log::kTypeCount> kTopics{
      "$SYS/broker/log/D", "$SYS/broker/log/I",           "$SYS/broker/log/N",            "$SYS/broker/log/W",
      "$SYS/broker/log/E", "$SYS/broker/log/M/subscribe", "$SYS/broker/log/M/unsubscribe"};
  return kTopics[static_cast<std::size_t>(type)];
}

void LogTopic::begin(broker::Core& core) {
  const std::lock_guard lock{mutex_};
  core_ = &core;
}

void LogTopic::end() {
  const std::lock_guard lock{mutex_};
  core_ = nullptr;
}

bool LogTopic::take_token() {
  const auto now = std::chrono::steady_clock::now();
  if (now - second_ >= std::chrono::seconds{1}) {
    second_ = now;
    lines_ = 0;
  }
  if (lines_ >= kLinesPerS) return false;
  ++lines_;
  return true;
}

void LogTopic::publish(log::Type type, std::string_view line) {
  const std::lock_guard lock{mutex_};  // held while posting: end() returns when nobody touches the core any more
  if (core_ == nullptr) return;
  auto message = std::make_shared<plugin::OwnMessage>();
  message->topic = log_topic_of(type);
  message->payload = line;
  const std::size_t bytes = message->topic.size() + line.size() + kLetterBytes;
  broker::Mailbox& mailbox = core_->mailbox(0);
  if (!take_token() || mailbox.full(bytes)) {
    ++dropped_;
    return;
  }
  std::vector<broker::Letter> letters;
  letters.emplace_back(broker::CallLetter{std::make_unique<std::function<void(broker::Shard&)>>(
      [message = std::move(message)](broker::Shard& shard) { shard.publish_own(*message); })});
  mailbox.post(letters, bytes);
}

std::uint64_t LogTopic::dropped() const {
  const std::lock_guard lock{mutex_};
  return dropped_;
}

}  // namespace tombo::app
