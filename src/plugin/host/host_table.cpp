// The functions of tombo_host: what a plugin calls, and where it goes.
#include "mqtt/topic.hpp"
#include "mqtt/utf8.hpp"
#include "plugin/host/c_forms.hpp"
#include "plugin/host/limits.hpp"
#include "plugin/host/loaded_plugin.hpp"

#include <cstring>

namespace tombo::plugin {

namespace {

LoadedPlugin& plugin_of(const tombo_host* host) { return *static_cast<LoadedPlugin*>(host->self); }

void log_line(const tombo_host* host, int level, const char* text) {
  if (text == nullptr) return;
  std::string line{text, ::strnlen(text, kLogLineMax)};
  // A client's name in it must not begin a line of its own.
  for (char& character : line) {
    if (static_cast<unsigned char>(character) < 0x20 || character == 0x7F) character = '?';
  }
  LoadedPlugin& plugin = plugin_of(host);
  const log::Logger& logger = plugin.parts().logger;
  switch (level) {
    case TOMBO_LOG_DEBUG: return logger.debug("plugin {}: {}", plugin.name(), line);
    case TOMBO_LOG_INFO: return logger.info("plugin {}: {}", plugin.name(), line);
    case TOMBO_LOG_WARNING: return logger.warning("plugin {}: {}", plugin.name(), line);
    default: return logger.error("plugin {}: {}", plugin.name(), line);
  }
}

int complete(const tombo_host* host, std::uint64_t ticket, const tombo_decision* decision) {
  return plugin_of(host).complete(ticket, decision);
}

/// A property whose value is a text or bytes.
bool append_property(std::vector<std::uint8_t>& out, std::uint8_t id, std::string_view value) {
  if (value.size() > kTextMax) return false;
  if (value.empty()) return true;
  out.push_back(id);
  out.push_back(static_cast<std::uint8_t>(value.size() >> 8));
  out.push_back(static_cast<std::uint8_t>(value.size()));
  out.insert(out.end(), value.begin(), value.end());
  return true;
}

bool valid_text(tombo_text text, std::string_view& out) {
  return text_from(text, out) && out.size() <= kTextMax && mqtt::is_valid_text(out);
}

/// The section of properties of a message of ours.
bool properties_of(const tombo_message& message, std::string& out) {
  std::string_view content_type, response_topic, correlation;
  if (!valid_text(message.content_type, content_type) || !valid_text(message.response_topic, response_topic)) return false;
  if (!response_topic.empty() && !mqtt::is_valid_topic_name(response_topic)) return false;
  const tombo_bytes& data = message.correlation_data;
  if (!text_from({static_cast<const char*>(data.data), data.size}, correlation)) return false;
  std::vector<std::pair<std::string, std::string>> pairs;
  if (!copy_pairs(message.user_properties, message.user_property_count, pairs)) return false;
  std::vector<std::uint8_t> head;
  if (!append_property(head, 0x03, content_type) || !append_property(head, 0x08, response_topic) ||
      !append_property(head, 0x09, correlation)) {
    return false;
  }
  const auto all = with_user_properties(head, pairs);
  out.assign(all.begin(), all.end());
  return true;
}

int publish(const tombo_host* host, const tombo_message* message) {
  if (message == nullptr || message->size < sizeof(tombo_message) || message->qos > 2) return TOMBO_INVALID;
  std::string_view topic, payload;
  if (!valid_text(message->topic, topic) || !mqtt::is_valid_topic_name(topic)) return TOMBO_INVALID;
  if (mqtt::count_levels(topic) > mqtt::kTopicLevelsMax || message->payload.size > kPayloadMax) return TOMBO_INVALID;
  if (!text_from({static_cast<const char*>(message->payload.data), message->payload.size}, payload)) return TOMBO_INVALID;
  OwnMessage own;
  if (!properties_of(*message, own.properties)) return TOMBO_INVALID;
  own.topic = topic;
  own.payload = payload;
  own.qos = static_cast<mqtt::Qos>(message->qos);
  own.retain = message->retain != 0;
  return plugin_of(host).parts().actions.publish(std::move(own)) ? TOMBO_OK : TOMBO_FULL;
}

int kick(const tombo_host* host, tombo_text client_id, std::uint32_t reason) {
  std::string_view id;
  if (!valid_text(client_id, id)) return TOMBO_INVALID;
  const auto code = static_cast<mqtt::ReasonCode>(reason == 0 ? 0x98 : reason);
  if (reason > 0xFF || !mqtt::is_error(code) || !mqtt::may_carry(mqtt::PacketType::disconnect, code, mqtt::Sender::server)) {
    return TOMBO_INVALID;
  }
  return plugin_of(host).parts().actions.kick(std::string{id}, code) ? TOMBO_OK : TOMBO_FULL;
}

int timer_add(const tombo_host* host, std::uint32_t delay_ms, std::uint32_t period_ms, void (*fire)(void*), void* arg,
              std::uint64_t* timer) {
  return plugin_of(host).add_timer(delay_ms, period_ms, fire, arg, timer);
}

int timer_remove(const tombo_host* host, std::uint64_t timer) {
  return plugin_of(host).timers().remove(timer) ? TOMBO_OK : TOMBO_GONE;
}

int client_data_set(const tombo_host* host, tombo_text client_id, void* data, void (*release)(void*)) {
  std::string_view id;
  if (!text_from(client_id, id)) return TOMBO_INVALID;
  return plugin_of(host).clients().set(id, data, release) ? TOMBO_OK : TOMBO_GONE;
}

void* client_data(const tombo_host* host, tombo_text client_id) {
  std::string_view id;
  return text_from(client_id, id) ? plugin_of(host).clients().get(id) : nullptr;
}

int replace_payload(const tombo_host*, tombo_delivery* delivery, tombo_bytes payload) {
  std::string_view bytes;
  if (delivery == nullptr || payload.size > kPayloadMax) return TOMBO_INVALID;
  if (!text_from({static_cast<const char*>(payload.data), payload.size}, bytes)) return TOMBO_INVALID;
  delivery->payload = bytes;
  delivery->replaced = true;
  return TOMBO_OK;
}

std::int64_t now_ms(const tombo_host* host) { return plugin_of(host).parts().timekeeper.now().time_since_epoch().count(); }

}  // namespace

tombo_host make_host_table(LoadedPlugin& plugin) {
  tombo_host host{};
  host.size = sizeof host;
  host.api = TOMBO_PLUGIN_API;
  host.self = &plugin;
  host.log = log_line;
  host.complete = complete;
  host.publish = publish;
  host.kick = kick;
  host.timer_add = timer_add;
  host.timer_remove = timer_remove;
  host.client_data_set = client_data_set;
  host.client_data = client_data;
  host.replace_payload = replace_payload;
  host.now_ms = now_ms;
  return host;
}

}  // namespace tombo::plugin
