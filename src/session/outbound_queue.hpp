#pragma once

#include "session/delivery.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

namespace tombo::session {

/// Deliveries that wait for one client, oldest first.  Holds references, never bytes; 24 bytes when empty.
/// Bounded by its owner, who asks size() and bytes() before it pushes.
/// Lives on: the session's shard.
class OutboundQueue {
 public:
  OutboundQueue() = default;
  OutboundQueue(const OutboundQueue&) = delete;
  OutboundQueue& operator=(const OutboundQueue&) = delete;
  ~OutboundQueue() { clear(); }

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  /// Footprints of the messages that wait.
  std::size_t bytes() const { return bytes_; }

  void push(Delivery delivery);
  Delivery& front();
  const Delivery& front() const;
  Delivery pop();
  void clear();

  /// Shows up to so many of the oldest, in order, until `visit` says false.
  void look_at_first(std::size_t count, const std::function<bool(const Delivery&)>& visit) const;

  /// Removes the oldest QoS 0 delivery; false if there is none.
  bool drop_oldest_qos0();

  /// Removes the deliveries for which `unwanted(const Delivery&)` holds, keeping the order of the others, and hands
  /// them to `taken`.
  template <class Unwanted, class Taken>
  void remove_if(Unwanted&& unwanted, Taken&& taken) {
    OutboundQueue kept;
    while (!empty()) {
      Delivery delivery = pop();
      if (unwanted(std::as_const(delivery))) {
        taken(std::move(delivery));
      } else {
        kept.push(std::move(delivery));
      }
    }
    swap(kept);
  }
  void swap(OutboundQueue& other) noexcept;

 private:
  struct Chunk;

  Chunk* head_ = nullptr;
  Chunk* tail_ = nullptr;
  std::size_t bytes_ = 0;
  std::uint32_t size_ = 0;
  std::uint32_t qos0_ = 0;  // how many of them are QoS 0
};

}  // namespace tombo::session
