#pragma once

#include "base/clock.hpp"
#include "config/options.hpp"

#include <algorithm>
#include <cstdint>

namespace tombo::broker {

/// So much a second, with a second's worth in store.  May be overdrawn by one use; then it is empty until that is paid.
class Bucket {
 public:
  /// `rate` a second; 0: no limit.
  void use(double rate, double amount, MonoTime now) {
    if (rate == 0) return;
    fill(rate, now);
    left_ -= amount;
  }
  /// When there is something again; `now` or before: there is.
  MonoTime ready_at(double rate, MonoTime now) {
    if (rate == 0) return now;
    fill(rate, now);
    if (left_ > 0) return now;
    return now + Milliseconds{static_cast<std::int64_t>((1 - left_) * 1000.0 / rate) + 1};
  }

 private:
  void fill(double rate, MonoTime now) {
    if (!begun_) {
      begun_ = true;
      left_ = rate;
    } else {
      left_ = std::min(rate, left_ + rate * static_cast<double>((now - filled_at_).count()) / 1000.0);
    }
    filled_at_ = now;
  }

  double left_ = 0;
  MonoTime filled_at_{};
  bool begun_ = false;
};

/// What one client has used of its rates.  [defence]
/// Lives on: the client's shard; made when a rate is set.
struct Rates {
  Bucket messages_in;
  Bucket bytes_in;
  Bucket bytes_out;
  Bucket subscribes;
};

inline bool limits_rates(const config::Defence& options) {
  return options.client_messages_per_s != 0 || options.client_bytes_in_per_s != 0 || options.client_bytes_out_per_s != 0 ||
         options.client_subscribes_per_s != 0;
}

}  // namespace tombo::broker
