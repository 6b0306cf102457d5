#include "broker/look_ahead.hpp"

#include "mqtt/framer.hpp"

#include <utility>

namespace tombo::broker {

namespace {
/// Empty where there is an alias instead, or anything that the decoder will refuse.
std::string_view topic_of(const mqtt::Frame& frame) {
  if (frame.body.size() < 2) return {};
  const std::size_t size = std::size_t{frame.body[0]} << 8 | frame.body[1];
  if (size > frame.body.size() - 2) return {};
  return mqtt::text_of(frame.body.subspan(2, size));
}
}  // namespace

std::size_t LookAhead::prepare(const routing::TopicTree& tree, const routing::SubscriberTables& subscribers,
                               mqtt::Bytes bytes, std::size_t packet_max) {
  if (!batch_) batch_ = std::make_unique<routing::MatchBatch>();
  routing::MatchBatch& batch = *batch_;
  batch.clear();
  forget();
  std::size_t at = 0;
  for (std::size_t packets = 0; packets < routing::MatchBatch::kTopicsMax; ++packets) {
    const auto result = mqtt::next_frame(bytes.subspan(at), packet_max);
    if (result.status != mqtt::FrameStatus::complete || result.frame.type != mqtt::PacketType::publish) break;
    at += result.frame.size;
    const auto topic = topic_of(result.frame);
    if (!topic.empty()) batch.add(topic);
  }
  match(tree, subscribers);
  return at;
}

std::size_t LookAhead::prepare(const routing::TopicTree& tree, const routing::SubscriberTables& subscribers,
                               std::span<const Letter> letters) {
  if (!batch_) batch_ = std::make_unique<routing::MatchBatch>();
  batch_->clear();
  forget();
  std::size_t count = 0;
  std::string_view last;
  for (; count < letters.size() && !batch_->full(); ++count) {
    const auto* publish = std::get_if<PublishLetter>(&letters[count]);
    if (publish == nullptr) break;
    const auto topic = publish->message->topic();
    if (topic != last) batch_->add(topic);  // one that comes again at once is not asked for again
    last = topic;
  }
  match(tree, subscribers);
  return count;
}

void LookAhead::match(const routing::TopicTree& tree, const routing::SubscriberTables& subscribers) {
  if (batch_->size() < 2) return;
  tree.match_many(*batch_);
  count_ = batch_->size();
  for (std::size_t i = 0; i < count_; ++i) {
    for (const auto* filter : batch_->result(i).filters) subscribers.prefetch(filter->id);
  }
}

bool LookAhead::take_prepared(std::string_view topic, routing::MatchResult& result) {
  for (std::size_t i = next_; i < count_; ++i) {
    if (batch_->text(i).data() != topic.data()) continue;
    std::swap(result, batch_->result(i));
    next_ = i + 1;
    return true;
  }
  return false;
}

}  // namespace tombo::broker
