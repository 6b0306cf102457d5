// Topics, texts, and what numbers are called.
#include "mqtt/topic.hpp"
#include "mqtt/utf8.hpp"
#include "plugin/mosquitto/exports.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <string>
#include <string_view>

using namespace tombo;
using namespace tombo::plugin::mosquitto;

namespace {

constexpr std::size_t kTextMax = 65'535;

int check_topic(std::string_view topic) {
  if (topic.size() > kTextMax || !mqtt::is_valid_topic_name(topic)) return kInvalid;
  return mqtt::count_levels(topic) > mqtt::kTopicLevelsMax ? kInvalid : kSuccess;
}

int check_filter(std::string_view filter) {
  if (filter.empty() || filter.size() > kTextMax || !mqtt::is_valid_topic_filter(filter)) return kInvalid;
  return mqtt::count_levels(filter) > mqtt::kTopicLevelsMax ? kInvalid : kSuccess;
}

int match(std::string_view filter, std::string_view topic, bool* result) {
  *result = false;
  if (filter.empty() || topic.empty() || check_filter(filter) != kSuccess || topic.find_first_of("+#") != std::string_view::npos) {
    return kInvalid;
  }
  *result = mqtt::matches(filter, topic);
  return kSuccess;
}

/// With %c and %u, alone in their levels, filled in; empty where one has no value or one with a wildcard or level in it.
std::string filled(std::string_view pattern, const char* client_id, const char* user_name) {
  std::string out;
  while (true) {
    const std::size_t end = std::min(pattern.find('/'), pattern.size());
    const std::string_view level = pattern.substr(0, end);
    if (level == "%c" || level == "%u") {
      const char* value = level == "%c" ? client_id : user_name;
      if (value == nullptr || std::strpbrk(value, "+#/") != nullptr) return {};
      out += value;
    } else {
      out += level;
    }
    if (end == pattern.size()) return out;
    out += '/';
    pattern.remove_prefix(end + 1);
  }
}

/// Whether everything that `filter` matches is matched by `acl`.
bool covers(std::string_view acl, std::string_view filter) {
  if (!acl.empty() && !filter.empty() && (acl[0] == '$') != (filter[0] == '$')) return false;
  while (true) {
    const std::string_view wanted = acl.substr(0, acl.find('/'));
    const std::string_view level = filter.substr(0, filter.find('/'));
    if (wanted == "#") return true;
    if (level == "#" || (wanted != "+" && wanted != level)) return false;
    const bool acl_ends = wanted.size() == acl.size();
    const bool filter_ends = level.size() == filter.size();
    if (filter_ends) return acl_ends || acl.substr(wanted.size()) == "/#";
    if (acl_ends) return false;
    acl.remove_prefix(wanted.size() + 1);
    filter.remove_prefix(level.size() + 1);
  }
}

struct Named {
  int number;
  const char* text;
};

const char* name_of(const Named* from, std::size_t count, int number, const char* unknown) {
  for (std::size_t i = 0; i < count; ++i) {
    if (from[i].number == number) return from[i].text;
  }
  return unknown;
}

constexpr Named kErrors[] = {
    {kAuthDelayed, "Authentication is delayed"},  {kAuthContinue, "Authentication goes on"},
    {-3, "Nobody has subscribed"},                {-2, "The subscription exists"},
    {-1, "The connection is being made"},         {kSuccess, "No error"},
    {kNoMemory, "Out of memory"},                 {kProtocol, "The peer breaks the protocol"},
    {kInvalid, "Invalid arguments"},              {4, "Not connected"},
    {5, "The connection was refused"},            {kNotFound, "Not found"},
    {7, "The connection was lost"},               {8, "A TLS error"},
    {kPayloadSize, "The payload is too large"},   {kNotSupported, "Not supported"},
    {kAuth, "Authentication failed"},             {kAclDenied, "Access denied"},
    {kUnknown, "Unknown error"},                  {15, "The name cannot be looked up"},
    {16, "A proxy error"},                        {kPluginDefer, "The plugin leaves it to others"},
    {kMalformedUtf8, "Malformed UTF-8"},          {19, "The keep alive has run out"},
    {20, "The name cannot be looked up"},         {kMalformedPacket, "Malformed packet"},
    {kDuplicateProperty, "A property is there twice"}, {23, "The TLS handshake failed"},
    {24, "The QoS is not supported"},             {25, "The packet is too large"},
    {26, "The OCSP check failed"},                {27, "Timeout"},
    {28, "Retain is not supported"},              {29, "The topic alias is invalid"},
    {30, "Administrative action"},                {kAlreadyExists, "It exists already"},
    {kPluginIgnore, "The plugin has no opinion"}};

constexpr Named kReasons[] = {
    {0x00, "Success"}, {0x01, "Granted QoS 1"}, {0x02, "Granted QoS 2"}, {0x04, "Disconnect with Will Message"},
    {0x10, "No matching subscribers"}, {0x11, "No subscription existed"}, {0x18, "Continue authentication"},
    {0x19, "Re-authenticate"}, {0x80, "Unspecified error"}, {0x81, "Malformed packet"}, {0x82, "Protocol error"},
    {0x83, "Implementation specific error"}, {0x84, "Unsupported protocol version"}, {0x85, "Client identifier not valid"},
    {0x86, "Bad user name or password"}, {0x87, "Not authorized"}, {0x88, "Server unavailable"}, {0x89, "Server busy"},
    {0x8A, "Banned"}, {0x8B, "Server shutting down"}, {0x8C, "Bad authentication method"}, {0x8D, "Keep alive timeout"},
    {0x8E, "Session taken over"}, {0x8F, "Topic filter invalid"}, {0x90, "Topic name invalid"},
    {0x91, "Packet identifier in use"}, {0x92, "Packet identifier not found"}, {0x93, "Receive maximum exceeded"},
    {0x94, "Topic alias invalid"}, {0x95, "Packet too large"}, {0x96, "Message rate too high"}, {0x97, "Quota exceeded"},
    {0x98, "Administrative action"}, {0x99, "Payload format invalid"}, {0x9A, "Retain not supported"},
    {0x9B, "QoS not supported"}, {0x9C, "Use another server"}, {0x9D, "Server moved"},
    {0x9E, "Shared subscriptions not supported"}, {0x9F, "Connection rate exceeded"}, {0xA0, "Maximum connect time"},
    {0xA1, "Subscription identifiers not supported"}, {0xA2, "Wildcard subscriptions not supported"}};

constexpr Named kConnacks[] = {{0, "Connection accepted"},
                               {1, "Connection refused: unacceptable protocol version"},
                               {2, "Connection refused: identifier rejected"},
                               {3, "Connection refused: server unavailable"},
                               {4, "Connection refused: bad user name or password"},
                               {5, "Connection refused: not authorised"}};

struct Command {
  const char* name;
  int number;
};
constexpr Command kCommands[] = {{"connect", 0x10},   {"connack", 0x20},     {"publish", 0x30},  {"puback", 0x40},  {"pubrec", 0x50},
                                 {"pubrel", 0x60},    {"pubcomp", 0x70},     {"subscribe", 0x80}, {"suback", 0x90},
                                 {"unsubscribe", 0xA0}, {"unsuback", 0xB0},  {"disconnect", 0xE0}, {"auth", 0xF0}, {"will", 0x100}};

}  // namespace

TOMBO_FOR_MOSQUITTO const char* mosquitto_strerror(int error) {
  if (error == kErrno) return std::strerror(errno);
  return name_of(kErrors, std::size(kErrors), error, "Unknown error");
}
TOMBO_FOR_MOSQUITTO const char* mosquitto_reason_string(int reason) {
  return name_of(kReasons, std::size(kReasons), reason, "Unknown reason");
}
TOMBO_FOR_MOSQUITTO const char* mosquitto_connack_string(int code) {
  return name_of(kConnacks, std::size(kConnacks), code, "Connection refused: unknown reason");
}
TOMBO_FOR_MOSQUITTO int mosquitto_string_to_command(const char* text, int* command) {
  if (text == nullptr || command == nullptr) return kInvalid;
  for (const Command& each : kCommands) {
    if (::strcasecmp(each.name, text) != 0) continue;
    *command = each.number;
    return kSuccess;
  }
  return kInvalid;
}

TOMBO_FOR_MOSQUITTO int mosquitto_validate_utf8(const char* text, int size) {
  if (text == nullptr || size < 0 || size > 65'536) return kInvalid;
  return mqtt::is_valid_text({text, static_cast<std::size_t>(size)}) ? kSuccess : kMalformedUtf8;
}
TOMBO_FOR_MOSQUITTO int mosquitto_pub_topic_check2(const char* topic, std::size_t size) {
  return topic == nullptr ? kInvalid : check_topic({topic, size});
}
TOMBO_FOR_MOSQUITTO int mosquitto_pub_topic_check(const char* topic) { return topic == nullptr ? kInvalid : check_topic(topic); }
TOMBO_FOR_MOSQUITTO int mosquitto_sub_topic_check2(const char* filter, std::size_t size) {
  return filter == nullptr ? kInvalid : check_filter({filter, size});
}
TOMBO_FOR_MOSQUITTO int mosquitto_sub_topic_check(const char* filter) { return filter == nullptr ? kInvalid : check_filter(filter); }

TOMBO_FOR_MOSQUITTO int mosquitto_topic_matches_sub2(const char* filter, std::size_t filter_size, const char* topic,
                                                     std::size_t topic_size, bool* result) {
  if (filter == nullptr || topic == nullptr || result == nullptr) return kInvalid;
  return match({filter, filter_size}, {topic, topic_size}, result);
}
TOMBO_FOR_MOSQUITTO int mosquitto_topic_matches_sub(const char* filter, const char* topic, bool* result) {
  if (filter == nullptr || topic == nullptr || result == nullptr) return kInvalid;
  return match(filter, topic, result);
}
TOMBO_FOR_MOSQUITTO int mosquitto_topic_matches_sub_with_pattern(const char* filter, const char* topic, const char* client_id,
                                                                 const char* user_name, bool* result) {
  if (filter == nullptr || topic == nullptr || result == nullptr) return kInvalid;
  *result = false;
  const std::string pattern = filled(filter, client_id, user_name);
  return pattern.empty() ? int{kSuccess} : match(pattern, topic, result);
}
TOMBO_FOR_MOSQUITTO int mosquitto_sub_matches_acl(const char* acl, const char* filter, bool* result) {
  if (acl == nullptr || filter == nullptr || result == nullptr) return kInvalid;
  *result = false;
  if (check_filter(acl) != kSuccess || check_filter(filter) != kSuccess) return kInvalid;
  *result = covers(acl, filter);
  return kSuccess;
}
TOMBO_FOR_MOSQUITTO int mosquitto_sub_matches_acl_with_pattern(const char* acl, const char* filter, const char* client_id,
                                                               const char* user_name, bool* result) {
  if (acl == nullptr || filter == nullptr || result == nullptr) return kInvalid;
  *result = false;
  const std::string pattern = filled(acl, client_id, user_name);
  return pattern.empty() ? int{kSuccess} : mosquitto_sub_matches_acl(pattern.c_str(), filter, result);
}

TOMBO_FOR_MOSQUITTO char* mosquitto_trimblanks(char* text) {
  if (text == nullptr) return nullptr;
  const auto blank = [](char character) { return character == ' ' || (character >= '\t' && character <= '\r'); };
  while (blank(*text)) ++text;
  char* end = text + std::strlen(text);
  while (end > text && blank(end[-1])) --end;
  *end = '\0';
  return text;
}

namespace tombo::plugin::mosquitto {
void link_text_functions() {}
}  // namespace tombo::plugin::mosquitto
