#include "net/byte_store.hpp"

#include <algorithm>
#include <new>

namespace tombo::net {

std::uint8_t* ByteStore::prepare(std::size_t room) {
  if (capacity_ - size_ < room) {
    const std::size_t wanted = std::max(size_ + room, capacity_ + capacity_ / 2);
    auto* larger = static_cast<std::uint8_t*>(std::realloc(data_, wanted));
    if (larger == nullptr) throw std::bad_alloc();
    data_ = larger;
    capacity_ = wanted;
  }
  return data_ + size_;
}

void ByteStore::assign(mqtt::Bytes bytes) {
  size_ = 0;
  if (bytes.empty()) return consume(0);
  std::memcpy(prepare(bytes.size()), bytes.data(), bytes.size());
  size_ = bytes.size();
}

void ByteStore::consume(std::size_t size) {
  size_ -= size;
  if (size_ != 0) {
    std::memmove(data_, data_ + size, size_);
    return;
  }
  std::free(std::exchange(data_, nullptr));
  capacity_ = 0;
}

}  // namespace tombo::net
