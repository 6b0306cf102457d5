#pragma once

#include "plugin/events.hpp"
#include "plugin/host/loaded_plugin.hpp"

#include <vector>

namespace tombo::plugin {

/// Tells plugins what happens, each what it wants to know.
class PluginEvents final : public Events {
 public:
  /// In the order in which they are asked.
  void add(LoadedPlugin& plugin);
  /// Whether anybody listens.
  bool any() const;

  void connected(const ClientView& client) override;
  void disconnected(const ClientView& client, mqtt::ReasonCode reason) override;
  void subscribed(const ClientView& client, const SubscribedView& subscription) override;
  void unsubscribed(const ClientView& client, std::string_view filter) override;
  bool wants_certificates() const override { return !guests_.empty(); }
  bool watches_publish() const override { return !publish_.empty(); }
  PublishVerdict on_publish(const Publication& publication, std::function<void(PublishVerdict)> later) override;
  bool takes_control() const override { return !guests_.empty(); }
  PublishVerdict on_control(const Publication& publication, std::function<void(PublishVerdict)> later) override;
  bool watches_deliver_later() const override { return !out_.empty(); }
  PublishVerdict on_deliver_later(const DeliveryView& delivery, std::function<void(PublishVerdict)> later) override;
  bool watches_deliver() const override { return !deliver_.empty(); }
  DeliverVerdict on_deliver(const DeliveryView& delivery, std::string& payload) override;

 private:
  std::vector<LoadedPlugin*> clients_, subscribe_, unsubscribe_, publish_, deliver_;
  std::vector<LoadedPlugin*> out_;     // those of them that see messages go out
  std::vector<LoadedPlugin*> guests_;  // plugins of Mosquitto's interface, which hear of all clients
};

}  // namespace tombo::plugin
