#pragma once

#include "base/clock.hpp"
#include "base/ref.hpp"
#include "mqtt/message.hpp"
#include "store/rows.hpp"

namespace tombo::store {

/// One moment on both clocks: what lasts is kept in wall-clock time, what runs counts on the monotonic one.
struct Moment {
  MonoTime mono{};
  std::int64_t unix_s = 0;

  static Moment of(const Clock& clock) { return {clock.mono(), clock.unix_seconds()}; }
  /// Never earlier than the point itself, by less than a second.
  std::int64_t to_unix(MonoTime point) const {
    const std::int64_t ms = (point - mono).count();
    return unix_s + (ms > 0 ? (ms + 999) / 1000 : ms / 1000);
  }
  MonoTime to_mono(std::int64_t seconds) const { return mono + Seconds{seconds - unix_s}; }
};

MessageRow row_of(const mqtt::Message& message, const Moment& now);
Ref<mqtt::Message> message_of(const MessageRow& row, const Moment& now, mqtt::MemoryAccount* account);

}  // namespace tombo::store
