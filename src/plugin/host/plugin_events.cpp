#include "plugin/host/plugin_events.hpp"

#include "plugin/host/c_forms.hpp"
#include "plugin/host/guest_chain.hpp"
#include "plugin/host/publish_chain.hpp"
#include "plugin/mosquitto/module.hpp"

#include <memory>
#include <utility>

namespace tombo::plugin {

namespace {

/// Besides the texts that a call holds.
constexpr std::size_t kCallBytes = 512;

/// Keeps the client only where the call comes later.
template <class Make>
bool tell_of(LoadedPlugin& plugin, const ClientView& client, std::size_t bytes, Make make) {
  auto kept = std::make_shared<const KeptClient>(client);
  return plugin.tell(make(std::move(kept)), kCallBytes + client.client_id.size() + bytes);
}

}  // namespace

void PluginEvents::add(LoadedPlugin& plugin) {
  if (const mosquitto::Module* guest = plugin.guest()) {
    guests_.push_back(&plugin);
    if (guest->roles().message_in) publish_.push_back(&plugin);
    if (guest->roles().message_out) out_.push_back(&plugin);
    return;
  }
  const tombo_plugin& calls = plugin.calls();
  if (calls.on_connect != nullptr || calls.on_disconnect != nullptr) clients_.push_back(&plugin);
  if (calls.on_subscribe != nullptr) subscribe_.push_back(&plugin);
  if (calls.on_unsubscribe != nullptr) unsubscribe_.push_back(&plugin);
  if (calls.on_publish != nullptr) publish_.push_back(&plugin);
  if (calls.on_deliver != nullptr) deliver_.push_back(&plugin);
}

bool PluginEvents::any() const {
  return !guests_.empty() || !clients_.empty() || !subscribe_.empty() || !unsubscribe_.empty() || !publish_.empty() || !deliver_.empty();
}

namespace {

void tell_guest_subscription(LoadedPlugin& plugin, mosquitto::Event event, const ClientView& client, std::string_view filter,
                             std::uint8_t options, std::uint32_t identifier) {
  auto facts = std::make_shared<const mosquitto::ClientFacts>(client);
  plugin.tell([&plugin, event, facts, filter = std::string{filter}, options, identifier] {
    plugin.guest()->subscription(event, *facts, filter, options, identifier);
  }, kCallBytes + client.client_id.size() + filter.size());
}

std::uint8_t options_byte(const SubscribedView& subscription) {
  const mqtt::SubscribeOptions& options = subscription.options;
  return static_cast<std::uint8_t>(static_cast<unsigned>(subscription.granted) | (options.no_local ? 0x04U : 0U) |
                                   (options.retain_as_published ? 0x08U : 0U) |
                                   static_cast<unsigned>(options.retain_handling) << 4);
}

}  // namespace

void PluginEvents::connected(const ClientView& client) {
  for (LoadedPlugin* plugin : guests_) {
    const std::string id{client.client_id};
    plugin->clients().will_be_told_of(id);
    auto facts = std::make_shared<const mosquitto::ClientFacts>(client);
    const bool told = plugin->tell([plugin, facts] {
      plugin->clients().hears_of(facts->client_id);
      plugin->guest()->connected(*facts);
    }, kCallBytes + client.client_id.size());
    if (!told) plugin->clients().not_told_of(id);
  }
  for (LoadedPlugin* plugin : clients_) {
    const std::string id{client.client_id};
    plugin->clients().will_be_told_of(id);
    if (plugin->calls().on_connect == nullptr) {  // it hears of its end only
      plugin->clients().hears_of(id);
      continue;
    }
    const bool told = tell_of(*plugin, client, 0, [plugin](auto kept) {
      return [plugin, kept] {
        plugin->clients().hears_of(kept->client_id);
        const CClient form{kept->view()};
        plugin->calls().on_connect(plugin->self(), &form.form);
      };
    });
    if (!told) plugin->clients().not_told_of(id);
  }
}

void PluginEvents::disconnected(const ClientView& client, mqtt::ReasonCode reason) {
  for (LoadedPlugin* plugin : guests_) {
    if (!plugin->clients().will_be_told_gone(std::string{client.client_id})) continue;
    plugin->must_tell([plugin, reason, facts = std::make_shared<const mosquitto::ClientFacts>(client)] {
      if (plugin->clients().hears_gone(facts->client_id)) plugin->guest()->disconnected(*facts, static_cast<int>(reason));
      plugin->clients().told_gone(facts->client_id);
    });
  }
  for (LoadedPlugin* plugin : clients_) {
    if (!plugin->clients().will_be_told_gone(std::string{client.client_id})) continue;
    // Whoever heard that a client came hears that it went: as many as are connected can wait here.
    plugin->must_tell([plugin, reason, kept = std::make_shared<const KeptClient>(client)] {
      if (plugin->clients().hears_gone(kept->client_id) && plugin->calls().on_disconnect != nullptr) {
        const CClient form{kept->view()};
        plugin->calls().on_disconnect(plugin->self(), &form.form, static_cast<std::uint32_t>(reason));
      }
      plugin->clients().told_gone(kept->client_id);
    });
  }
}

void PluginEvents::subscribed(const ClientView& client, const SubscribedView& subscription) {
  for (LoadedPlugin* plugin : guests_) {
    if (!plugin->guest()->roles().subscribe) continue;
    tell_guest_subscription(*plugin, mosquitto::kSubscribe, client, subscription.filter, options_byte(subscription),
                            subscription.subscription_id);
  }
  for (LoadedPlugin* plugin : subscribe_) {
    tell_of(*plugin, client, subscription.filter.size(), [&](auto kept) {
      return [plugin, kept, filter = std::string{subscription.filter}, options = subscription.options,
              granted = subscription.granted, id = subscription.subscription_id] {
        const CClient of{kept->view()};
        tombo_subscription form{};
        form.size = sizeof form;
        form.filter = c_text(std::string_view{filter});
        form.qos = static_cast<std::uint32_t>(granted);
        form.no_local = options.no_local ? 1 : 0;
        form.retain_as_published = options.retain_as_published ? 1 : 0;
        form.subscription_id = id;
        plugin->calls().on_subscribe(plugin->self(), &of.form, &form);
      };
    });
  }
}

void PluginEvents::unsubscribed(const ClientView& client, std::string_view filter) {
  for (LoadedPlugin* plugin : guests_) {
    if (plugin->guest()->roles().unsubscribe) tell_guest_subscription(*plugin, mosquitto::kUnsubscribe, client, filter, 0, 0);
  }
  for (LoadedPlugin* plugin : unsubscribe_) {
    tell_of(*plugin, client, filter.size(), [&](auto kept) {
      return [plugin, kept, filter = std::string{filter}] {
        const CClient of{kept->view()};
        plugin->calls().on_unsubscribe(plugin->self(), &of.form, c_text(std::string_view{filter}));
      };
    });
  }
}

PublishVerdict PluginEvents::on_publish(const Publication& publication, std::function<void(PublishVerdict)> later) {
  if (publish_.empty()) return {};
  return std::make_shared<PublishChain>(publish_, std::move(later))->begin(publication);
}

PublishVerdict PluginEvents::on_control(const Publication& publication, std::function<void(PublishVerdict)> later) {
  struct Order {
    mosquitto::ClientFacts client;
    mosquitto::KeptMessage message;
  };
  const auto order = std::make_shared<const Order>(Order{mosquitto::ClientFacts{publication.client}, kept_message(publication)});
  auto call = [order](std::uint64_t, mosquitto::Module& guest) -> std::optional<Decision> {
    if (auto answer = guest.control(order->client, order->message)) return answer;
    Decision unknown;
    unknown.kind = Decision::Kind::unknown;
    return unknown;
  };
  auto done = [later = std::move(later)](const LoadedPlugin* plugin, const Decision& decision) {
    PublishVerdict verdict;
    if (plugin != nullptr && decision.kind != Decision::Kind::allow) {
      verdict.kind = PublishVerdict::Kind::refuse;
      verdict.reason = reason_of(decision, mqtt::PacketType::puback);
      verdict.rule = plugin->rule_of(decision);
    }
    later(std::move(verdict));
  };
  std::make_shared<GuestChain>(guests_, std::move(call), kCallBytes + order->message.bytes(), std::move(done))->begin();
  PublishVerdict pending;
  pending.kind = PublishVerdict::Kind::pending;
  return pending;
}

PublishVerdict PluginEvents::on_deliver_later(const DeliveryView& delivery, std::function<void(PublishVerdict)> later) {
  const Publication publication{delivery.to,     delivery.topic, delivery.payload,   delivery.qos,
                                delivery.retain, false,          delivery.properties};
  return std::make_shared<PublishChain>(out_, std::move(later), mosquitto::kMessageOut)->begin(publication);
}

DeliverVerdict PluginEvents::on_deliver(const DeliveryView& delivery, std::string& payload) {
  bool replaced = false;
  for (LoadedPlugin* plugin : deliver_) {
    const mqtt::Bytes now = replaced ? mqtt::bytes_of(payload) : delivery.payload;
    std::string next;
    tombo_delivery change{next};
    const CClient client{delivery.to};
    const CMessage message{delivery.topic, now, delivery.qos, delivery.retain, delivery.properties};
    const Decision decision = plugin->ask_now([&](std::uint64_t) {
      return plugin->calls().on_deliver(plugin->self(), &client.form, &message.form, &change);
    });
    if (decision.kind != Decision::Kind::allow && decision.kind != Decision::Kind::unknown) return DeliverVerdict::drop;
    if (!change.replaced) continue;
    payload = std::move(next);
    replaced = true;
  }
  return replaced ? DeliverVerdict::replace : DeliverVerdict::pass;
}

}  // namespace tombo::plugin
