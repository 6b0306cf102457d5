#pragma once

#include "broker/core.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace tombo::broker {

/// The numbers below $SYS/broker, under the names that Mosquitto's users know, plus drops by reason and the load of
/// each shard.  Says only what has changed since it was last asked.
/// Lives on: the first shard.
class SysReport {
 public:
  explicit SysReport(const Core& core);

  using Say = std::function<void(std::string_view topic, std::string_view payload)>;
  void tell(MonoTime now, const Say& say);

 private:
  /// Averages per minute over 1, 5 and 15 minutes of a number that only grows.
  struct Load {
    std::string_view topic;
    std::uint64_t last = 0;
    std::array<double, 3> average{};
  };
  void number(std::string_view topic, std::uint64_t value, const Say& say);
  void text(std::string_view topic, std::string value, const Say& say);
  void tell_clients(const Say& say);
  void tell_traffic(const Say& say);
  void tell_store(const Say& say);
  void tell_loads(MonoTime now, const Say& say);
  void tell_shards(const Say& say);
  void tell_bridges(const Say& say);
  void forget_bridge(std::string_view name, const Say& say);

  const Core& core_;
  std::unordered_map<std::string, std::string> told_;
  std::vector<Load> loads_;
  std::vector<std::string> bridges_;  // that were told of
  std::uint64_t clients_maximum_ = 0;
  MonoTime last_;
};

}  // namespace tombo::broker
