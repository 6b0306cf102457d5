#include "support/wire_cases.hpp"
#include "support/wire_text.hpp"

#include <algorithm>

namespace tombo::test {
namespace {

using enum mqtt::ReasonCode;

/// A packet with room for one property section, and for what a packet cannot do without.
struct Carrier {
  std::string_view name;
  mqtt::Sender sender;
  std::string_view before;
  std::string_view after;
};

constexpr mqtt::Sender kClient = mqtt::Sender::client;
constexpr mqtt::Sender kServer = mqtt::Sender::server;

constexpr Carrier kCarriers[] = {
    {"CONNECT", kClient, "10 ## <MQTT> 05 02 00 00 [", "] <a>"},
    {"will", kClient, "10 ## <MQTT> 05 06 00 00 [ ] <a> [", "] <w> <x>"},
    {"CONNACK", kServer, "20 ## 00 00 [", "]"},
    {"PUBLISH", kClient, "30 ## <a> [", "]"},
    {"PUBLISH of a server", kServer, "30 ## <a> [", "]"},
    {"PUBACK", kClient, "40 ## 00 01 00 [", "]"},
    {"PUBREC", kClient, "50 ## 00 01 00 [", "]"},
    {"PUBREL", kClient, "62 ## 00 01 00 [", "]"},
    {"PUBCOMP", kClient, "70 ## 00 01 00 [", "]"},
    {"SUBSCRIBE", kClient, "82 ## 00 01 [", "] <a> 00"},
    {"SUBACK", kServer, "90 ## 00 01 [", "] 00"},
    {"UNSUBSCRIBE", kClient, "A2 ## 00 01 [", "] <a>"},
    {"UNSUBACK", kServer, "B0 ## 00 01 [", "] 00"},
    {"DISCONNECT", kClient, "E0 ## 00 [", "]"},
    {"DISCONNECT of a server", kServer, "E0 ## 00 [", "]"},
    {"AUTH", kClient, "F0 ## 18 [ 15 <m>", "]"},
};

/// Where a property may stand, as the standard's table has it; written down apart from the codec's own table.
struct Property {
  std::string_view name;
  std::string_view text;
  std::vector<std::string_view> allowed;
  std::vector<std::string_view> forbidden =
      {};  // the packet may carry it, this side must not: protocol error
  bool repeatable = false;
};

const std::vector<std::string_view> kMessage{"PUBLISH", "PUBLISH of a server", "will"};
const std::vector<std::string_view> kAnswers{
    "CONNACK", "PUBACK",   "PUBREC",     "PUBREL", "PUBCOMP",
    "SUBACK",  "UNSUBACK", "DISCONNECT", "AUTH",   "DISCONNECT of a server"};

std::vector<std::string_view> everywhere() {
  std::vector<std::string_view> names;
  for (const Carrier& carrier : kCarriers) names.push_back(carrier.name);
  return names;
}

std::vector<Property> properties() {
  return {
      {"payload format indicator", "01 01", kMessage},
      {"message expiry interval", "02 00 00 00 0A", kMessage},
      {"content type", "03 <t>", kMessage},
      {"response topic", "08 <r>", kMessage},
      {"correlation data", "09 <c>", kMessage},
      {"subscription identifier", "0B 01", {"SUBSCRIBE", "PUBLISH of a server"}, {"PUBLISH"}},
      {"session expiry interval",
       "11 00 00 00 0A",
       {"CONNECT", "CONNACK", "DISCONNECT"},
       {"DISCONNECT of a server"}},
      {"assigned client identifier", "12 <c>", {"CONNACK"}},
      {"server keep alive", "13 00 0A", {"CONNACK"}},
      // AUTH has one already: there it is a repetition.
      {"authentication method", "15 <m>", {"CONNECT", "CONNACK"}, {"AUTH"}},
      {"authentication data", "16 <d>", {"AUTH"}, {"CONNECT"}},
      {"request problem information", "17 01", {"CONNECT"}},
      {"will delay interval", "18 00 00 00 0A", {"will"}},
      {"request response information", "19 01", {"CONNECT"}},
      {"response information", "1A <r>", {"CONNACK"}},
      {"server reference", "1C <s>", {"CONNACK", "DISCONNECT of a server"}, {"DISCONNECT"}},
      {"reason string", "1F <r>", kAnswers},
      {"receive maximum", "21 00 0A", {"CONNECT", "CONNACK"}},
      {"topic alias maximum", "22 00 0A", {"CONNECT", "CONNACK"}},
      {"topic alias", "23 00 0A", {"PUBLISH", "PUBLISH of a server"}},
      {"maximum QoS", "24 01", {"CONNACK"}},
      {"retain available", "25 01", {"CONNACK"}},
      {"user property", "26 <n> <v>", everywhere(), {}, true},
      {"maximum packet size", "27 00 00 00 0A", {"CONNECT", "CONNACK"}},
      {"wildcard subscription available", "28 01", {"CONNACK"}},
      {"subscription identifier available", "29 01", {"CONNACK"}},
      {"shared subscription available", "2A 01", {"CONNACK"}},
  };
}

WireCase make(std::string name, const Carrier& carrier, std::string_view section, mqtt::ReasonCode reason) {
  const std::string text =
      std::string(carrier.before) + ' ' + std::string(section) + ' ' + std::string(carrier.after);
  WireCase result{std::move(name), "", mqtt::Version::v5, carrier.sender, wire(text), reason == success, {}};
  if (!result.ok) result.reason = reason;
  return result;
}

bool is_in(const std::vector<std::string_view>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

void add_matrix(std::vector<WireCase>& cases) {
  for (const Property& property : properties()) {
    for (const Carrier& carrier : kCarriers) {
      const std::string name = std::string(property.name) + " in " + std::string(carrier.name);
      // The server may leave the method out of a CONNACK that is no answer to one: data alone passes the
      // decoder.
      const bool lone_data = property.name == "authentication data" && carrier.name == "CONNACK";
      const bool allowed = is_in(property.allowed, carrier.name) || lone_data;
      const mqtt::ReasonCode once = allowed                                   ? success
                                    : is_in(property.forbidden, carrier.name) ? protocol_error
                                                                              : malformed_packet;
      cases.push_back(make(name, carrier, property.text, once));
      if (!allowed) continue;
      const bool repeatable = property.repeatable || (property.name == "subscription identifier" &&
                                                      carrier.name == "PUBLISH of a server");
      const std::string twice = std::string(property.text) + ' ' + std::string(property.text);
      cases.push_back(make(name + ", twice", carrier, twice, repeatable ? success : protocol_error));
      const std::string cut(property.text.substr(0, 2));
      cases.push_back(make(name + ", without value", carrier, cut, malformed_packet));
    }
  }
}

struct Edge {
  std::string_view name;
  std::size_t carrier;
  std::string_view text;
  mqtt::ReasonCode reason;
};

constexpr std::size_t kConnect = 0;
constexpr std::size_t kWill = 1;
constexpr std::size_t kConnack = 2;
constexpr std::size_t kPublish = 3;

constexpr Edge kEdges[] = {
    {"receive maximum 0", kConnect, "21 00 00", protocol_error},
    {"receive maximum 1", kConnect, "21 00 01", success},
    {"receive maximum 65535", kConnect, "21 FF FF", success},
    {"maximum packet size 0", kConnect, "27 00 00 00 00", protocol_error},
    {"maximum packet size 1", kConnect, "27 00 00 00 01", success},
    {"maximum packet size, largest", kConnect, "27 FF FF FF FF", success},
    {"topic alias maximum 0", kConnect, "22 00 00", success},
    {"session expiry, largest", kConnect, "11 FF FF FF FF", success},
    {"request problem information 0", kConnect, "17 00", success},
    {"request problem information 2", kConnect, "17 02", protocol_error},
    {"request response information 2", kConnect, "19 02", protocol_error},
    {"payload format 0", kPublish, "01 00", success},
    {"payload format 2", kPublish, "01 02", protocol_error},
    {"will payload format 2", kWill, "01 02", protocol_error},
    {"will response topic with a wildcard", kWill, "08 <#>", protocol_error},
    {"will delay, largest", kWill, "18 FF FF FF FF", success},
    {"message expiry 0", kPublish, "02 00 00 00 00", success},
    {"topic alias 0", kPublish, "23 00 00", topic_alias_invalid},
    {"topic alias 65535", kPublish, "23 FF FF", success},
    {"empty content type", kPublish, "03 <>", success},
    {"empty response topic", kPublish, "08 <>", protocol_error},
    {"empty correlation data", kPublish, "09 <>", success},
    {"empty user property", kPublish, "26 <> <>", success},
    {"user property without value", kPublish, "26 <a>", malformed_packet},
    {"user property with a bad value", kPublish, "26 <a> 00 01 FF", malformed_packet},
    {"user property with a bad name", kPublish, "26 00 01 FF <a>", malformed_packet},
    {"maximum QoS 0", kConnack, "24 00", success},
    {"maximum QoS 2", kConnack, "24 02", protocol_error},
    {"retain available 2", kConnack, "25 02", protocol_error},
    {"wildcard subscription available 2", kConnack, "28 02", protocol_error},
    {"subscription identifier available 2", kConnack, "29 02", protocol_error},
    {"shared subscription available 2", kConnack, "2A 02", protocol_error},
    {"CONNACK, receive maximum 0", kConnack, "21 00 00", protocol_error},
    {"CONNACK, maximum packet size 0", kConnack, "27 00 00 00 00", protocol_error},
    {"property identifier 0", kConnect, "00", malformed_packet},
    {"property identifier 0x04", kConnect, "04 00", malformed_packet},
    {"property identifier 0x2B", kConnect, "2B 00", malformed_packet},
    {"property identifier 0x7F", kPublish, "7F 00", malformed_packet},
};

}  // namespace

std::vector<WireCase> property_cases() {
  std::vector<WireCase> cases;
  add_matrix(cases);
  for (const Edge& edge : kEdges) {
    cases.push_back(make(std::string(edge.name), kCarriers[edge.carrier], edge.text, edge.reason));
  }
  return cases;
}

}  // namespace tombo::test
