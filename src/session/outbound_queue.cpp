#include "session/outbound_queue.hpp"

#include "base/assert.hpp"

#include <utility>

namespace tombo::session {

/// A queue grows by chunks: the first is small, since most queues hold a few messages or none.
struct OutboundQueue::Chunk {
  static constexpr std::uint16_t kFirst = 4;
  static constexpr std::uint16_t kNext = 20;

  static Chunk* create(std::uint16_t capacity) {
    void* memory = ::operator new(sizeof(Chunk) + capacity * sizeof(Delivery));
    auto* chunk = new (memory) Chunk;
    chunk->capacity = capacity;
    return chunk;
  }
  static void destroy(Chunk* chunk) {
    for (std::uint16_t i = chunk->begin; i < chunk->end; ++i) chunk->at(i).~Delivery();
    chunk->~Chunk();
    ::operator delete(chunk);
  }
  Delivery& at(std::uint16_t index) { return reinterpret_cast<Delivery*>(this + 1)[index]; }

  Chunk* next = nullptr;
  std::uint16_t begin = 0;
  std::uint16_t end = 0;
  std::uint16_t capacity = 0;
};

void OutboundQueue::push(Delivery delivery) {
  if (tail_ == nullptr || tail_->end == tail_->capacity) {
    Chunk* chunk = Chunk::create(tail_ == nullptr ? Chunk::kFirst : Chunk::kNext);
    (tail_ == nullptr ? head_ : tail_->next) = chunk;
    tail_ = chunk;
  }
  bytes_ += delivery.message->footprint();
  if (delivery.qos == mqtt::Qos::at_most_once) ++qos0_;
  new (&tail_->at(tail_->end++)) Delivery(std::move(delivery));
  ++size_;
}

Delivery& OutboundQueue::front() {
  TOMBO_ASSERT(size_ != 0);
  return head_->at(head_->begin);
}

const Delivery& OutboundQueue::front() const {
  TOMBO_ASSERT(size_ != 0);
  return head_->at(head_->begin);
}

void OutboundQueue::look_at_first(std::size_t count, const std::function<bool(const Delivery&)>& visit) const {
  for (Chunk* chunk = head_; chunk != nullptr; chunk = chunk->next) {
    for (std::uint16_t i = chunk->begin; i < chunk->end; ++i) {
      if (count-- == 0 || !visit(chunk->at(i))) return;
    }
  }
}

Delivery OutboundQueue::pop() {
  Delivery& first = front();
  Delivery delivery = std::move(first);
  first.~Delivery();
  if (++head_->begin == head_->end) {
    Chunk* spent = head_;
    head_ = spent->next;
    if (head_ == nullptr) tail_ = nullptr;
    Chunk::destroy(spent);
  }
  --size_;
  bytes_ -= delivery.message->footprint();
  if (delivery.qos == mqtt::Qos::at_most_once) --qos0_;
  return delivery;
}

void OutboundQueue::clear() {
  while (head_ != nullptr) Chunk::destroy(std::exchange(head_, head_->next));
  tail_ = nullptr;
  bytes_ = 0;
  size_ = qos0_ = 0;
}

bool OutboundQueue::drop_oldest_qos0() {
  if (qos0_ == 0) return false;
  // The usual case: the oldest of all is one, and the others need not be touched.
  if (front().qos == mqtt::Qos::at_most_once) {
    static_cast<void>(pop());
    return true;
  }
  bool dropped = false;
  remove_if(
      [&](const Delivery& delivery) {
        if (dropped || delivery.qos != mqtt::Qos::at_most_once) return false;
        return dropped = true;
      },
      [](Delivery) {});
  return true;
}

void OutboundQueue::swap(OutboundQueue& other) noexcept {
  std::swap(head_, other.head_);
  std::swap(tail_, other.tail_);
  std::swap(bytes_, other.bytes_);
  std::swap(size_, other.size_);
  std::swap(qos0_, other.qos0_);
}

}  // namespace tombo::session
