#include "mqtt/byte_store.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <cstring>
#include <new>

namespace tombo::mqtt {

ByteStore::ByteStore(ByteStore&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      capacity_(std::exchange(other.capacity_, 0)) {}

ByteStore& ByteStore::operator=(ByteStore&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(capacity_, other.capacity_);
  return *this;
}

std::uint8_t* ByteStore::prepare(std::size_t room) {
  if (capacity_ - size_ < room) move_to(std::max(size_ + room, capacity_ + capacity_ / 2));
  return data_ + size_;
}

std::uint8_t* ByteStore::prepare_exactly(std::size_t capacity) {
  TOMBO_ASSERT(capacity > size_);
  if (capacity_ != capacity) move_to(capacity);
  return data_ + size_;
}

void ByteStore::assign(Bytes bytes) {
  size_ = 0;
  if (bytes.empty()) return consume(0);
  std::memcpy(prepare(bytes.size()), bytes.data(), bytes.size());
  size_ = bytes.size();
}

void ByteStore::consume(std::size_t size) {
  if (size == 0 && size_ != 0) return;
  size_ -= size;
  if (size_ != 0) {
    std::memmove(data_, data_ + size, size_);
  } else {
    give_back();
  }
}

void* ByteStore::release() {
  size_ = capacity_ = 0;
  return std::exchange(data_, nullptr) - kFront;
}

void ByteStore::move_to(std::size_t capacity) {
  auto* memory = static_cast<std::uint8_t*>(::operator new(kFront + capacity)) + kFront;
  const std::size_t size = size_;
  if (size != 0) std::memcpy(memory, data_, size);
  give_back();
  data_ = memory;
  size_ = size;
  capacity_ = capacity;
}

void ByteStore::give_back() {
  if (data_ != nullptr) ::operator delete(data_ - kFront, kFront + capacity_);
  data_ = nullptr;
  size_ = capacity_ = 0;
}

}  // namespace tombo::mqtt
