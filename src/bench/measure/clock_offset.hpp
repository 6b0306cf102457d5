#pragma once

#include <cstdint>

namespace tombo::bench {

/// How far another clock is ahead of ours, as NTP finds it: of several questions and answers the fastest counts,
/// because what the way there and the way back differ by cannot be more than the way took.
class ClockOffset {
 public:
  /// A question left at `asked` and its answer came at `answered` by our clock; the other side had it at
  /// `other_got` and answered at `other_sent` by its own.
  void add(std::int64_t asked, std::int64_t other_got, std::int64_t other_sent, std::int64_t answered) {
    const std::int64_t way = (answered - asked) - (other_sent - other_got);
    if (way < 0 || (known_ && way >= way_us_)) return;
    known_ = true;
    way_us_ = way;
    offset_us_ = ((other_got - asked) + (other_sent - answered)) / 2;
  }

  bool known() const { return known_; }
  std::int64_t offset_us() const { return offset_us_; }  // add it to our clock to have the other
  std::int64_t error_max_us() const { return way_us_ / 2; }

 private:
  bool known_ = false;
  std::int64_t offset_us_ = 0;
  std::int64_t way_us_ = 0;
};

}  // namespace tombo::bench
