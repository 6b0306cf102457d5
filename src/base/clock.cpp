#include "base/clock.hpp"

namespace tombo {

MonoTime SystemClock::mono() const {
  const auto since_start = std::chrono::steady_clock::now().time_since_epoch();
  return MonoTime{std::chrono::duration_cast<Milliseconds>(since_start)};
}

std::int64_t SystemClock::unix_seconds() const {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<Seconds>(since_epoch).count();
}

}  // namespace tombo
