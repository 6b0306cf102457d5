#pragma once

#include "mqtt/types.hpp"

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace tombo::net {

/// Bytes of a packet that is not whole yet.  Grows with what has come, never by what a peer claims; holds no memory
/// while empty.
/// Lives on: one shard.
class ByteStore {
 public:
  ByteStore() = default;
  ByteStore(const ByteStore&) = delete;
  ByteStore& operator=(const ByteStore&) = delete;
  ~ByteStore() { std::free(data_); }

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  mqtt::Bytes bytes() const { return {data_, size_}; }

  /// At least `room` free bytes behind the content; commit() makes them part of it.
  std::uint8_t* prepare(std::size_t room);
  void commit(std::size_t size) { size_ += size; }
  std::size_t room() const { return capacity_ - size_; }

  void assign(mqtt::Bytes bytes);
  /// Drops bytes from the front; an empty store gives its memory back.
  void consume(std::size_t size);

 private:
  std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace tombo::net
