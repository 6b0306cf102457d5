#pragma once

#include "base/log.hpp"

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace tombo::broker {
class Core;
}  // namespace tombo::broker

namespace tombo::app {

/// "$SYS/broker/log/N": where a line of this type is published; the letters are Mosquitto's.
std::string_view log_topic_of(log::Type type);

/// Publishes lines of the log to subscribers of $SYS/broker/log, at QoS 0 and not retained, by a letter to a shard.  So many
/// in a second at most, and none while the shard's mailbox is full: the others are counted.  Nothing that is published here
/// makes a line, so none leads to another.
/// Lives on: publish() and dropped() any thread; begin() and end() main.
class LogTopic {
 public:
  static constexpr std::uint32_t kLinesPerS = 1'000;

  /// The shards run from now on; lines of before are heard by nobody.
  void begin(broker::Core& core);
  /// They are about to end.
  void end();

  void publish(log::Type type, std::string_view line);
  std::uint64_t dropped() const;

 private:
  /// Whether there may be one more in this second.
  bool take_token();

  mutable std::mutex mutex_;
  broker::Core* core_ = nullptr;
  std::chrono::steady_clock::time_point second_{};
  std::uint32_t lines_ = 0;  // in this second
  std::uint64_t dropped_ = 0;
};

}  // namespace tombo::app
