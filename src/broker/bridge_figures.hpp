#pragma once

#include "broker/counters.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tombo::broker {

enum class BridgeState : std::uint8_t { waiting, connecting, connected, idle, ended };
std::string_view name_of(BridgeState state);

/// What one connection of a bridge has counted, for $SYS.
/// Lives on: written by its shard, read by any thread.
class BridgeFigures {
 public:
  explicit BridgeFigures(std::string name) : name_(std::move(name)) {}
  const std::string& name() const { return name_; }

  std::atomic<BridgeState> state{BridgeState::waiting};
  Counter sent;             // messages that went to the other broker
  Counter received;         // that came from it
  Counter dropped;          // given up: the queue was full, or the other broker does not take them
  Counter looped;           // had passed here before
  Counter reconnects;       // connections after the first one
  Counter queued_messages;  // present number, some in flight not counted
  Counter queued_bytes;
  Counter in_flight;

 private:
  std::string name_;
};
using BridgeList = std::vector<std::shared_ptr<const BridgeFigures>>;

}  // namespace tombo::broker
