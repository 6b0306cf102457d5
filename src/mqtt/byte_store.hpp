#pragma once

#include "mqtt/types.hpp"

#include <cstdint>
#include <utility>

namespace tombo::mqtt {

/// Received bytes of a packet that is not whole yet.  Grows with what has come, never by what a peer claims; holds no
/// memory while empty.  In front of the bytes there is room for a Message, so that a large PUBLISH which fills the
/// store becomes one where it lies (Message::create).
/// Lives on: one shard.
class ByteStore {
 public:
  ByteStore() = default;
  ByteStore(ByteStore&& other) noexcept;
  ByteStore& operator=(ByteStore&& other) noexcept;
  ~ByteStore() { give_back(); }

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  /// Every byte that there is memory for has come.
  bool full() const { return size_ != 0 && size_ == capacity_; }
  Bytes bytes() const { return {data_, size_}; }

  /// At least `room` free bytes behind the content; commit() makes them part of it.
  std::uint8_t* prepare(std::size_t room);
  /// As prepare(), with memory for `capacity` bytes in all and not one more.  Needs capacity > size().
  std::uint8_t* prepare_exactly(std::size_t capacity);
  void commit(std::size_t size) { size_ += size; }
  std::size_t room() const { return capacity_ - size_; }
  /// Bytes of memory for content, used or not.
  std::size_t capacity() const { return capacity_; }

  void assign(Bytes bytes);
  /// Drops bytes from the front; an empty store gives its memory back.
  void consume(std::size_t size);

  /// Bytes of memory in front of the content.
  static constexpr std::size_t kFront = 56;
  /// Hands the memory over, kFront bytes before bytes().data(), to be freed by ::operator delete; the store is empty
  /// then.
  void* release();

 private:
  void move_to(std::size_t capacity);
  void give_back();

  std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace tombo::mqtt
