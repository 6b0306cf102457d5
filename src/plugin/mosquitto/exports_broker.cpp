// Callbacks, clients, messages, the log.
#include "mqtt/topic.hpp"
#include "mqtt/utf8.hpp"
#include "plugin/host/limits.hpp"
#include "plugin/mosquitto/exports.hpp"
#include "plugin/mosquitto/module.hpp"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <string>

using namespace tombo;
using namespace tombo::plugin;
using namespace tombo::plugin::mosquitto;

namespace {

/// A message that was checked; nothing: it is none.
std::optional<OwnMessage> own_message(const char* topic, int payload_size, const void* payload, int qos, bool retain,
                                      const ::mqtt5__property* properties) {
  if (topic == nullptr || payload_size < 0 || (payload_size > 0 && payload == nullptr) || qos < 0 || qos > 2) return {};
  OwnMessage message;
  message.topic.assign(topic, ::strnlen(topic, kTextMax + 1));
  if (message.topic.size() > kTextMax || !mqtt::is_valid_text(message.topic) ||
      !mqtt::is_valid_topic_name(message.topic))
    return {};
  if (mqtt::count_levels(message.topic) > mqtt::kTopicLevelsMax) return {};
  if (static_cast<std::size_t>(payload_size) > kPayloadMax) return {};
  const auto raw = raw_of(properties, mqtt::PropertySet::publish);
  if (!raw) return {};
  message.payload.assign(static_cast<const char*>(payload), static_cast<std::size_t>(payload_size));
  message.properties.assign(raw->raw.begin(), raw->raw.end());
  message.qos = static_cast<mqtt::Qos>(qos);
  message.retain = retain;
  return message;
}

}  // namespace

TOMBO_FOR_MOSQUITTO int mosquitto_callback_register(mosquitto_plugin_id_t* id, int event, Callback callback,
                                                    const void* event_data, void* user_data) {
  return id == nullptr ? int{kInvalid} : id->module->add_callback(event, callback, event_data, user_data);
}
TOMBO_FOR_MOSQUITTO int mosquitto_callback_unregister(mosquitto_plugin_id_t* id, int event, Callback callback,
                                                      const void* event_data) {
  return id == nullptr ? int{kInvalid} : id->module->remove_callback(event, callback, event_data);
}
TOMBO_FOR_MOSQUITTO int mosquitto_plugin_set_info(mosquitto_plugin_id_t* id, const char* name, const char* version) {
  if (id == nullptr || name == nullptr) return kInvalid;
  id->module->log(kLogInfo,
                  std::string{"is "} + printable(name) + (version != nullptr ? " " + printable(version) : ""));
  return kSuccess;
}

TOMBO_FOR_MOSQUITTO void mosquitto_log_vprintf(int level, const char* format, va_list arguments) {
  const Module* module = Module::here();
  if (module == nullptr || format == nullptr) return;
  char line[kLogLineMax + 1];
  std::vsnprintf(line, sizeof line, format, arguments);
  module->log(static_cast<unsigned>(level), printable(line));
}
TOMBO_FOR_MOSQUITTO __attribute__((format(printf, 2, 3))) void mosquitto_log_printf(int level, const char* format,
                                                                                    ...) {
  va_list arguments;
  va_start(arguments, format);
  mosquitto_log_vprintf(level, format, arguments);
  va_end(arguments);
}

TOMBO_FOR_MOSQUITTO const char* mosquitto_client_address(const ::mosquitto* client) {
  return client == nullptr || client->address.empty() ? nullptr : client->address.c_str();
}
TOMBO_FOR_MOSQUITTO bool mosquitto_client_clean_session(const ::mosquitto* client) {
  return client == nullptr || client->clean_session;
}
TOMBO_FOR_MOSQUITTO const char* mosquitto_client_id(const ::mosquitto* client) {
  return client == nullptr || client->client_id.empty() ? nullptr : client->client_id.c_str();
}
TOMBO_FOR_MOSQUITTO int mosquitto_client_keepalive(const ::mosquitto* client) {
  return client == nullptr ? -1 : client->keep_alive_s;
}
TOMBO_FOR_MOSQUITTO void* mosquitto_client_certificate(const ::mosquitto* client) {
  const Module* module = Module::here();
  return module == nullptr || client == nullptr ? nullptr : module->certificate(*client);
}
TOMBO_FOR_MOSQUITTO int mosquitto_client_protocol(const ::mosquitto* client) {
  return client != nullptr && client->websocket ? 2 : 0;
}
TOMBO_FOR_MOSQUITTO int mosquitto_client_protocol_version(const ::mosquitto* client) {
  return client == nullptr ? 0 : client->version;
}
TOMBO_FOR_MOSQUITTO int mosquitto_client_sub_count(const ::mosquitto* client) {
  return client == nullptr ? 0 : static_cast<int>(client->subscriptions);
}
TOMBO_FOR_MOSQUITTO const char* mosquitto_client_username(const ::mosquitto* client) {
  return client == nullptr || !client->has_user_name ? nullptr : client->user_name.c_str();
}
TOMBO_FOR_MOSQUITTO int mosquitto_client_port(const ::mosquitto* client) {
  return client == nullptr ? 0 : client->listener_port;
}
TOMBO_FOR_MOSQUITTO unsigned mosquitto_client_id_hashv(const ::mosquitto* client) {
  unsigned hash = 2'166'136'261U;
  if (client == nullptr) return hash;
  for (const char character : client->client_id) hash = (hash ^ static_cast<unsigned char>(character)) * 16'777'619U;
  return hash;
}
TOMBO_FOR_MOSQUITTO ::mosquitto* mosquitto_client(const char* client_id) {
  Module* module = Module::here();
  return module == nullptr || client_id == nullptr ? nullptr : module->clients().find(client_id);
}
TOMBO_FOR_MOSQUITTO int mosquitto_apply_on_all_clients(int (*use)(const ::mosquitto*, void*), void* context) {
  Module* module = Module::here();
  if (module == nullptr || use == nullptr) return kInvalid;
  int result = kSuccess;
  module->clients().for_each([&](const ::mosquitto& client) { return (result = use(&client, context)) == kSuccess; });
  return result;
}

TOMBO_FOR_MOSQUITTO int mosquitto_set_username(::mosquitto* client, const char* user_name) {
  Module* module = Module::here();
  return module == nullptr || client == nullptr ? int{kInvalid} : module->rename(*client, user_name);
}
TOMBO_FOR_MOSQUITTO int mosquitto_set_clientid(::mosquitto* client, const char* client_id) {
  Module* module = Module::here();
  if (module == nullptr || client == nullptr || client_id == nullptr) return kInvalid;
  return module->set_client_id(*client, client_id);
}
TOMBO_FOR_MOSQUITTO void mosquitto_complete_basic_auth(const char* client_id, int result) {
  Module* module = Module::of(__builtin_return_address(0));
  if (module != nullptr && client_id != nullptr) module->complete_login(client_id, result);
}

TOMBO_FOR_MOSQUITTO int mosquitto_kick_client_by_clientid(const char* client_id, bool with_will) {
  Module* module = Module::here();
  return module == nullptr ? int{kInvalid} : module->kick(client_id, with_will);
}
TOMBO_FOR_MOSQUITTO int mosquitto_kick_client_by_username(const char* user_name, bool with_will) {
  Module* module = Module::here();
  return module == nullptr ? int{kInvalid} : module->kick_user(user_name, with_will);
}

TOMBO_FOR_MOSQUITTO int mosquitto_broker_publish_copy(const char* client_id, const char* topic, int payload_size,
                                                      const void* payload, int qos, bool retain,
                                                      ::mqtt5__property* properties) {
  Module* module = Module::here();
  auto message = own_message(topic, payload_size, payload, qos, retain, properties);
  if (module == nullptr || !message) return kInvalid;
  const int result = module->publish(client_id, std::move(*message));
  if (result == kSuccess) FreeProperties{}(properties);  // it is the broker's then
  return result;
}
TOMBO_FOR_MOSQUITTO int mosquitto_broker_publish(const char* client_id, const char* topic, int payload_size,
                                                 void* payload, int qos, bool retain, ::mqtt5__property* properties) {
  const int result = mosquitto_broker_publish_copy(client_id, topic, payload_size, payload, qos, retain, properties);
  if (result == kSuccess) mosquitto_free(payload);
  return result;
}

namespace tombo::plugin::mosquitto {
void link_broker_functions() {}
}  // namespace tombo::plugin::mosquitto
