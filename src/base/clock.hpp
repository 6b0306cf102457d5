#pragma once

#include <chrono>
#include <cstdint>

namespace tombo {

using Milliseconds = std::chrono::duration<std::int64_t, std::milli>;
using Seconds = std::chrono::duration<std::int64_t>;

/// A point on the broker's monotonic clock.  All protocol deadlines are such points.
struct MonoClock {
  using rep = std::int64_t;
  using period = std::milli;
  using duration = Milliseconds;
  using time_point = std::chrono::time_point<MonoClock>;
};
using MonoTime = MonoClock::time_point;
inline constexpr MonoTime kNever = MonoTime::max();

/// Where time comes from.  A shard reads it once per loop turn; tests and the simulation turn it by hand.
/// Lives on: any thread (implementations are immutable or turned between the turns).
class Clock {
 public:
  virtual ~Clock() = default;
  /// Monotonic, milliseconds since an arbitrary start.
  virtual MonoTime mono() const = 0;
  /// Seconds since the Unix epoch, for logs and for what must survive a restart.
  virtual std::int64_t unix_seconds() const = 0;
};

/// The clocks of the operating system.
class SystemClock final : public Clock {
 public:
  MonoTime mono() const override;
  std::int64_t unix_seconds() const override;
};

/// A clock that stands still until somebody turns it.
class ManualClock final : public Clock {
 public:
  MonoTime mono() const override { return now_; }
  std::int64_t unix_seconds() const override {
    return 1'700'000'000 + std::chrono::duration_cast<Seconds>(now_.time_since_epoch() + wall_ahead_).count();
  }
  void advance(Milliseconds by) { now_ += by; }
  /// The wall clock shows so much more than the monotonic one, which begins anew with every start of a machine.
  void set_wall_ahead(Milliseconds ahead) { wall_ahead_ = ahead; }

 private:
  MonoTime now_{Milliseconds{1'000'000}};
  Milliseconds wall_ahead_{0};
};

}  // namespace tombo
