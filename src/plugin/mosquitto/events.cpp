// What a plugin of Mosquitto's interface is told, and what it asks the broker to do.
#include "mqtt/utf8.hpp"
#include "plugin/host/limits.hpp"
#include "plugin/mosquitto/module.hpp"

#include <chrono>
#include <utility>

namespace tombo::plugin::mosquitto {

void Module::tell(Event event, void* data) {
  for (const Registered& each : std::vector<Registered>{callbacks_[event]}) each.call(event, data, each.user_data);
}

void Module::connected(const ClientFacts& facts) {
  const Entered entered{*this};
  EvtConnect event{};
  event.client = &clients_.arrives(facts);
  tell(kConnect, &event);
}

void Module::disconnected(const ClientFacts& facts, int reason) {
  const Entered entered{*this};
  EvtDisconnect event{};
  event.client = &clients_.now(facts);
  event.reason = reason;
  tell(kDisconnect, &event);
  if (!facts.clean_session) tell(kClientOffline, &event);
  clients_.leaves(facts.client_id);
}

void Module::subscription(Event kind, const ClientFacts& facts, std::string filter, std::uint8_t options,
                          std::uint32_t identifier) {
  const Entered entered{*this};
  std::string client_id = facts.client_id;
  EvtSubscription event{};
  event.client = &clients_.now(facts);
  event.data.client_id = client_id.data();
  event.data.topic_filter = filter.data();
  event.data.options = options;
  event.data.identifier = identifier;
  tell(kind, &event);
}

void Module::tick() {
  if (!has(kTick)) return;
  const Entered entered{*this};
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now);
  EvtTick event{};
  event.now_s = seconds.count();
  event.now_ns = static_cast<long>(std::chrono::duration_cast<std::chrono::nanoseconds>(now - seconds).count());
  tell(kTick, &event);
}

int Module::publish(const char* client_id, OwnMessage message) {
  bool taken = false;
  if (client_id == nullptr) {
    taken = parts_.actions.publish(std::move(message));
  } else {
    message.retain = false;
    taken = parts_.actions.publish_to(client_id, std::move(message));
  }
  if (taken) return kSuccess;
  parts_.logger.warning(
      "plugin {}: a message that it publishes is lost: the broker has too much to do, or is not ready", parts_.name);
  return kNoMemory;
}

int Module::kick(const char* client_id, bool with_will) {
  const bool taken =
      client_id == nullptr ? parts_.actions.kick_all(with_will) : parts_.actions.kick_client(client_id, with_will);
  return taken ? kSuccess : kNoMemory;
}

int Module::kick_user(const char* user_name, bool with_will) {
  return parts_.actions.kick_user(user_name == nullptr ? "" : user_name, with_will) ? kSuccess : kNoMemory;
}

int Module::rename(::mosquitto& client, const char* user_name) {
  const std::string wanted = user_name == nullptr ? "" : user_name;
  if (user_name != nullptr && (wanted.empty() || wanted.size() > 65'535 || !mqtt::is_valid_text(wanted)))
    return kInvalid;
  if (clients_.find(client.client_id) == &client) {
    if (!parts_.actions.rename(client.client_id, wanted)) return kNoMemory;
    if (!std::exchange(client.renamed, true)) client.name_before = client.user_name;
  } else if (&client != judged_ && !delayed_.holds(client) && !clients_.logs_in(client)) {
    return kNotSupported;  // it was let in, or has gone: nobody would hear of it
  }
  client.user_name = wanted;
  client.has_user_name = user_name != nullptr;
  return kSuccess;
}

int Module::set_client_id(::mosquitto& client, const char* client_id) {
  const std::size_t size = ::strnlen(client_id, kTextMax + 1);
  const std::string_view wanted{client_id, size};
  if (wanted.empty() || size > kTextMax || !mqtt::is_valid_text(wanted)) return kInvalid;
  if (&client != judged_) {
    // A session's place depends on its client id, and a message for it may be on its way.
    if (!std::exchange(told_of_ids_, true))
      parts_.logger.warning("plugin {}: it wants to give client {} the client id {}, which can be done only while it judges its "
                          "login",
                          parts_.name, printable(client.client_id), printable(wanted));
    return kNotSupported;
  }
  client.client_id = wanted;
  return kSuccess;
}

void* Module::certificate(const ::mosquitto& client) const {
  return client.certificate == nullptr ? nullptr : parts_.actions.certificate(*client.certificate);
}

}  // namespace tombo::plugin::mosquitto
