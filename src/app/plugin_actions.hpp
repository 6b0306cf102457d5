#pragma once

#include "plugin/host_actions.hpp"

#include <atomic>
#include <mutex>
#include <string>
#include <vector>

namespace tombo::broker {
class Core;
}  // namespace tombo::broker

namespace tombo::app {

/// What plugins ask of the broker, as letters to its shards.  What they publish about one topic stays in order.
/// Lives on: begin() and end() main; the rest any thread.
class PluginActions final : public plugin::HostActions {
 public:
  /// From now on there are shards to write to, whether they run already or not.
  void begin(broker::Core& core);
  /// Nothing is taken any more.  No other call may be going on: plugins have been stopped.
  void end() { core_.store(nullptr, std::memory_order_release); }

  bool publish(plugin::OwnMessage message) override;
  bool kick(std::string client_id, mqtt::ReasonCode reason) override;
  bool publish_to(std::string client_id, plugin::OwnMessage message) override;
  bool kick_client(std::string client_id, bool with_will) override;
  bool kick_user(std::string user_name, bool with_will) override;
  bool kick_all(bool with_will) override;
  bool rename(std::string client_id, std::string user_name) override;
  plugin::ListenerFacts listener(std::size_t index) const override;
  void* certificate(const std::string& der) const override;

 private:
  bool publish_early(plugin::OwnMessage& message);

  std::atomic<broker::Core*> core_{nullptr};
  std::mutex mutex_;
  bool begun_ = false;
  std::vector<plugin::OwnMessage> early_;  // what plugins published before there were shards
};

}  // namespace tombo::app
