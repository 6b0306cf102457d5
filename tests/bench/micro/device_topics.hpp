#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tombo::bench {

/// What a fleet of devices publishes: six levels, four topics a device.
inline std::string device_topic(std::uint32_t number) {
  static constexpr const char* kSensors[] = {"temperature", "humidity", "battery", "state"};
  const std::uint32_t device = number / 4;
  return "site/" + std::to_string(device % 50) + "/dev/" + std::to_string(1'000'000 + device) + "/sensor/" +
         kSensors[number % 4];
}

/// The same as filters: 70 % exact, 20 % with '+', 10 % with '#'.
inline std::string mixed_filter(std::uint32_t number) {
  const std::string topic = device_topic(number);
  const std::uint32_t kind = number % 10;
  if (kind < 7) return topic;
  if (kind == 7) return topic.substr(0, topic.rfind('/')) + "/+";
  if (kind == 8) return "+" + topic.substr(topic.find('/'));
  return topic.substr(0, topic.rfind("/sensor")) + "/#";
}

/// A walk over all numbers below `count` in an order that no cache foresees; `count` has neither 7919 nor 7907 as
/// a factor.
class Shuffled {
 public:
  explicit Shuffled(std::uint32_t count) : count_(count) {}
  std::uint32_t next() { return at_ = static_cast<std::uint32_t>((at_ + std::uint64_t{7919} * 7907) % count_); }

 private:
  std::uint32_t count_;
  std::uint32_t at_ = 0;
};

}  // namespace tombo::bench
