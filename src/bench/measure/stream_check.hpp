#pragma once

#include <cstdint>
#include <vector>

namespace tombo::bench {

/// What went wrong, counted.
struct Faults {
  std::uint64_t lost = 0;
  std::uint64_t duplicated = 0;
  std::uint64_t reordered = 0;
  std::uint64_t corrupted = 0;

  void add(const Faults& other);
};

/// One stream (a publisher's messages) as one subscriber, or one shared group, sees it.  Sequence numbers arrive;
/// which are missing, came twice or came after a later one is counted.  Memory is bounded: a window of 65,536
/// sequence numbers behind the highest is remembered; an older one counts as reordered, never as duplicated, as long
/// as one is missing that it might be.
class StreamCheck {
 public:
  enum class Verdict : std::uint8_t { fresh, duplicate, late };

  /// `ordered` false (a shared group's members together): late ones are no fault.
  explicit StreamCheck(bool ordered = true) : ordered_(ordered) {}

  Verdict arrived(std::uint64_t sequence) {
    if (sequence == next_ && seen_.empty()) {  // nothing was ever missing: nearly always
      ++next_;
      ++received_;
      return Verdict::fresh;
    }
    return arrived_otherwise(sequence);
  }
  std::uint64_t received() const { return received_; }  // distinct ones
  /// The faults so far, given that `sent` messages, sequence 0 to sent - 1, should have arrived.
  Faults faults(std::uint64_t sent) const;

 private:
  static constexpr std::uint64_t kWindow = 65'536;

  Verdict arrived_otherwise(std::uint64_t sequence);
  Verdict advance_to(std::uint64_t sequence);
  bool mark(std::uint64_t sequence);

  std::vector<std::uint64_t> seen_;  // bits of the window, allocated at the first gap
  std::uint64_t next_ = 0;           // one past the highest seen
  std::uint64_t received_ = 0;
  std::uint64_t duplicated_ = 0;
  std::uint64_t reordered_ = 0;
  bool ordered_;
};

}  // namespace tombo::bench
