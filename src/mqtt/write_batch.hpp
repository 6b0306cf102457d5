#pragma once

#include "base/ref.hpp"
#include "mqtt/message.hpp"
#include "mqtt/types.hpp"

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <sys/uio.h>

namespace tombo::mqtt {

/// Encoded packets on their way to one peer: headers and small payloads copied into one buffer, large
/// payloads gathered from their messages when the batch is written.  No copy of a payload above kGatherMin.
/// Lives on: one shard.
class WriteBatch {
 public:
  WriteBatch() = default;
  WriteBatch(WriteBatch&& other) noexcept { swap(other); }
  WriteBatch& operator=(WriteBatch&& other) noexcept {
    WriteBatch taken(std::move(other));
    swap(taken);
    return *this;
  }

  /// From this payload size on a reference is cheaper than a copy (measured: the crossover lies at 1-4 KiB).
  static constexpr std::size_t kGatherMin = 2048;

  /// Room for `size` more bytes at the end, which the caller fills at once.
  std::uint8_t* extend(std::size_t size) {
    if (capacity_ - used_ < size) [[unlikely]]
      make_room(size);
    std::uint8_t* const room = bytes_.get() + used_;
    used_ += size;
    size_ += size;
    return room;
  }
  void append(Bytes bytes);
  /// The message's payload, by reference.
  void append_payload(const Ref<Message>& message);

  /// Bytes not yet consumed, gathered ones included.
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  /// Describes up to `count` pieces from the front; returns how many were filled.
  std::size_t describe(iovec* pieces, std::size_t count) const;
  /// Drops `size` bytes from the front.
  void consume(std::size_t size);
  void clear();
  /// Bytes of memory held, gathered messages not counted.
  std::size_t capacity() const { return capacity_; }
  /// Gives memory back if more than `keep` bytes are held.  Call when empty.
  void shrink(std::size_t keep);

 private:
  struct Gathered {
    std::size_t at;  // position in bytes_ before which the payload goes
    Ref<Message> message;
  };

  void swap(WriteBatch& other) noexcept;
  void make_room(std::size_t size);
  void drop_consumed();

  // No vector: growing one by size would clear bytes that are overwritten at once.
  std::unique_ptr<std::uint8_t[]> bytes_;
  std::size_t capacity_ = 0;
  std::size_t used_ = 0;
  std::size_t head_ = 0;  // of bytes_: consumed so far
  std::vector<Gathered> gathered_;
  std::size_t gathered_head_ = 0;
  std::size_t gathered_done_ = 0;  // bytes consumed of the first gathered payload
  std::size_t size_ = 0;
};

}  // namespace tombo::mqtt
