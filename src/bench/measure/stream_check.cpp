#include "bench/measure/stream_check.hpp"

#include <algorithm>
#include <limits>

namespace tombo::bench {

namespace {

constexpr std::uint64_t kWordBits = 64;

}  // namespace

void Faults::add(const Faults& other) {
  lost += other.lost;
  duplicated += other.duplicated;
  reordered += other.reordered;
  corrupted += other.corrupted;
}

StreamCheck::Verdict StreamCheck::arrived_otherwise(std::uint64_t sequence) {
  if (sequence >= next_) return advance_to(sequence);
  if (received_ == next_) {  // none is missing, so it can only be a second one
    ++duplicated_;
    return Verdict::duplicate;
  }
  if (next_ - sequence <= kWindow && !mark(sequence)) {
    ++duplicated_;
    return Verdict::duplicate;
  }
  ++received_;
  if (ordered_) ++reordered_;
  return Verdict::late;
}

/// Sequence numbers from next_ up to this one were skipped; they may still come.
StreamCheck::Verdict StreamCheck::advance_to(std::uint64_t sequence) {
  // No publisher gets there; one past it would be 0.
  if (sequence == std::numeric_limits<std::uint64_t>::max()) return Verdict::late;
  if (seen_.empty()) seen_.assign(kWindow / kWordBits, std::numeric_limits<std::uint64_t>::max());
  const std::uint64_t from = std::max(next_, sequence < kWindow ? 0 : sequence - kWindow);
  for (std::uint64_t at = from; at <= sequence; ++at) {
    seen_[at % kWindow / kWordBits] &= ~(std::uint64_t{1} << (at % kWordBits));
  }
  mark(sequence);
  next_ = sequence + 1;
  ++received_;
  return Verdict::fresh;
}

/// Whether this one had not been seen.
bool StreamCheck::mark(std::uint64_t sequence) {
  std::uint64_t& word = seen_[sequence % kWindow / kWordBits];
  const std::uint64_t bit = std::uint64_t{1} << (sequence % kWordBits);
  const bool fresh = (word & bit) == 0;
  word |= bit;
  return fresh;
}

Faults StreamCheck::faults(std::uint64_t sent) const {
  return {.lost = sent > received_ ? sent - received_ : 0, .duplicated = duplicated_, .reordered = reordered_};
}

}  // namespace tombo::bench
