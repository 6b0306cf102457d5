#include "mqtt/write_batch.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <cstring>

namespace tombo::mqtt {
namespace {

constexpr std::size_t kCapacityMin = 512;
constexpr std::size_t kGatheredDropMin = 32;

void* writable(const std::uint8_t* bytes) {
  return const_cast<std::uint8_t*>(bytes);
}

}  // namespace

void WriteBatch::swap(WriteBatch& other) noexcept {
  std::swap(bytes_, other.bytes_);
  std::swap(capacity_, other.capacity_);
  std::swap(used_, other.used_);
  std::swap(head_, other.head_);
  std::swap(gathered_, other.gathered_);
  std::swap(gathered_head_, other.gathered_head_);
  std::swap(gathered_done_, other.gathered_done_);
  std::swap(size_, other.size_);
}

void WriteBatch::append(Bytes bytes) {
  if (!bytes.empty()) std::memcpy(extend(bytes.size()), bytes.data(), bytes.size());
}

void WriteBatch::append_payload(const Ref<Message>& message) {
  const std::size_t size = message->payload().size();
  if (size == 0) return;
  gathered_.push_back({used_, message});
  size_ += size;
}

std::size_t WriteBatch::describe(iovec* pieces, std::size_t count) const {
  std::size_t filled = 0;
  std::size_t position = head_;
  std::size_t done = gathered_done_;
  for (std::size_t i = gathered_head_; i < gathered_.size() && filled < count; ++i) {
    const Gathered& gathered = gathered_[i];
    if (gathered.at > position) {
      pieces[filled++] = {writable(bytes_.get() + position), gathered.at - position};
      position = gathered.at;
      if (filled == count) return filled;
    }
    const Bytes payload = gathered.message->payload().subspan(done);
    pieces[filled++] = {writable(payload.data()), payload.size()};
    done = 0;
  }
  if (filled < count && used_ > position) {
    pieces[filled++] = {writable(bytes_.get() + position), used_ - position};
  }
  return filled;
}

void WriteBatch::consume(std::size_t size) {
  TOMBO_ASSERT(size <= size_);
  if (size == size_) return clear();
  size_ -= size;
  while (size != 0) {
    const bool payload_waits = gathered_head_ < gathered_.size();
    const std::size_t until = payload_waits ? gathered_[gathered_head_].at : used_;
    const std::size_t copied = std::min(size, until - head_);
    head_ += copied;
    size -= copied;
    if (size == 0) break;
    Gathered& gathered = gathered_[gathered_head_];
    const std::size_t taken = std::min(size, gathered.message->payload().size() - gathered_done_);
    gathered_done_ += taken;
    size -= taken;
    if (gathered_done_ == gathered.message->payload().size()) {
      gathered.message = nullptr;
      ++gathered_head_;
      gathered_done_ = 0;
    }
  }
  if (gathered_head_ >= kGatheredDropMin && gathered_head_ * 2 >= gathered_.size()) {
    gathered_.erase(gathered_.begin(), gathered_.begin() + static_cast<std::ptrdiff_t>(gathered_head_));
    gathered_head_ = 0;
  }
}

void WriteBatch::clear() {
  used_ = head_ = size_ = 0;
  gathered_.clear();
  gathered_head_ = gathered_done_ = 0;
}

void WriteBatch::shrink(std::size_t keep) {
  TOMBO_ASSERT(empty());
  if (capacity_ > keep) {
    bytes_.reset();
    capacity_ = 0;
  }
  if (gathered_.capacity() * sizeof(Gathered) > keep) std::vector<Gathered>{}.swap(gathered_);
}

void WriteBatch::drop_consumed() {
  if (head_ == 0) return;
  std::memmove(bytes_.get(), bytes_.get() + head_, used_ - head_);
  for (std::size_t i = gathered_head_; i < gathered_.size(); ++i) gathered_[i].at -= head_;
  used_ -= head_;
  head_ = 0;
}

void WriteBatch::make_room(std::size_t size) {
  // Moving what waits pays only where at least as much was consumed.
  if (head_ >= used_ - head_) drop_consumed();
  if (capacity_ - used_ >= size) return;
  const std::size_t capacity = std::max({used_ + size, capacity_ * 2, kCapacityMin});
  std::unique_ptr<std::uint8_t[]> bytes(new std::uint8_t[capacity]);
  if (used_ != 0) std::memcpy(bytes.get(), bytes_.get(), used_);
  bytes_ = std::move(bytes);
  capacity_ = capacity;
}

}  // namespace tombo::mqtt
