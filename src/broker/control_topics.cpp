#include "broker/shard.hpp"

#include <optional>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

namespace tombo::broker {

using Json = nlohmann::json;
using mqtt::ReasonCode;

// mqtt.control_api, as Mosquitto 2.1 has it: a client that may publish to $CONTROL/broker/v1 asks, and is answered on
// $CONTROL/broker/v1/response, whether it subscribed there or not, if it may read there.  Nobody else hears of either.

namespace {

constexpr std::string_view kRequests = "$CONTROL/broker/v1";
constexpr std::string_view kAnswers = "$CONTROL/broker/v1/response";
/// A request may be this long and hold so many commands.
constexpr std::size_t kRequestBytesMax = 65'536;
constexpr std::size_t kCommandsMax = 100;
/// One that is to be told again with its answer may be this long.
constexpr std::size_t kCorrelationBytesMax = 1'024;

Json list_of(const std::vector<config::Listener>& listeners) {
  Json list = Json::array();
  for (const auto& listener : listeners) {
    Json entry;
    if (listener.is_unix()) {
      entry["socket-path"] = listener.address.substr(std::string_view{"unix:"}.size());
    } else {
      entry["port"] = listener.port;
    }
    entry["protocol"] = listener.protocol == config::Protocol::websocket ? "websockets" : "mqtt";
    entry["tls"] = listener.has_tls();
    list.push_back(std::move(entry));
  }
  return list;
}

Json list_of(const std::vector<config::Plugin>& plugins) {
  Json list = Json::array();
  for (const auto& plugin : plugins) list.push_back({{"name", plugin.name}});
  return list;
}

/// The text of an object's member, or null.
const std::string* text_in(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() ? nullptr : found->get_ptr<const std::string*>();
}

Json answer_to(const Json& request, const config::Options& options) {
  if (!request.is_object()) return {{"error", "Command not an object"}};
  const std::string* command = text_in(request, "command");
  if (command == nullptr) return {{"error", "Missing command"}};
  Json answer{{"command", *command}};
  if (request.contains("correlationData")) {
    const std::string* correlation = text_in(request, "correlationData");
    if (correlation == nullptr || correlation->size() > kCorrelationBytesMax) {
      answer["error"] = "Invalid correlationData data type.";
      return answer;
    }
    answer["correlationData"] = *correlation;
  }
  if (*command == "listListeners") {
    answer["data"]["listeners"] = list_of(options.listeners);
  } else if (*command == "listPlugins") {
    answer["data"]["plugins"] = list_of(options.plugins);
  } else {
    answer["error"] = "Unknown command";
  }
  return answer;
}

Json answers_to(std::string_view request, const config::Options& options) {
  const auto wrong = [](const char* what) { return Json::array({Json{{"error", what}}}); };
  if (request.size() > kRequestBytesMax) return wrong("Payload too long");
  const Json parsed = Json::parse(request, nullptr, false);
  if (!parsed.is_object()) return wrong("Payload not valid JSON");
  const auto commands = parsed.find("commands");
  if (commands == parsed.end() || !commands->is_array()) return wrong("Invalid/missing commands");
  if (commands->size() > kCommandsMax) return wrong("Too many commands");
  Json answers = Json::array();
  for (const Json& command : *commands) answers.push_back(answer_to(command, options));
  return answers;
}

}  // namespace

bool Shard::is_control_request(std::string_view topic) const { return options_->mqtt.control_api && topic == kRequests; }

/// A request that its client may make.  It is not routed.
ReasonCode Shard::answer_control(Client& client, mqtt::Bytes request) {
  const Json answers{{"responses", answers_to(mqtt::text_of(request), *options_)}};
  // Paths in the options need not be text.
  const std::string payload = answers.dump(-1, ' ', false, Json::error_handler_t::replace);
  mqtt::MessageParts parts;
  parts.topic = kAnswers;
  parts.payload = mqtt::bytes_of(payload);
  parts.received_at = now_;
  parts.account = &counters_.messages;
  deliver(*client.session, mqtt::Message::create(parts), Terms{});
  return ReasonCode::success;
}

}  // namespace tombo::broker
