#include "plugin/host/decision.hpp"

#include "mqtt/topic.hpp"
#include "mqtt/utf8.hpp"
#include "plugin/host/limits.hpp"

#include <fmt/format.h>

namespace tombo::plugin {

namespace {

using Wrong = std::optional<std::string>;

/// A text as MQTT has them.
Wrong copy_text(tombo_text text, std::string_view what, std::string& out) {
  std::string_view view;
  if (!text_from(text, view)) return fmt::format("{} has a length and no data", what);
  if (view.size() > kTextMax) return fmt::format("{} is longer than {} bytes", what, kTextMax);
  if (!mqtt::is_valid_text(view)) return fmt::format("{} is not UTF-8", what);
  out = view;
  return {};
}

Wrong copy_bytes(tombo_bytes bytes, std::string_view what, std::size_t max, std::string& out) {
  if (bytes.size > 0 && bytes.data == nullptr) return fmt::format("{} has a length and no data", what);
  if (bytes.size > max) return fmt::format("{} is longer than {} bytes", what, max);
  if (bytes.size > 0) out.assign(static_cast<const char*>(bytes.data), bytes.size);
  return {};
}

Wrong copy_groups(const tombo_decision& from, std::vector<std::string>& groups) {
  if (from.group_count > kGroupsMax) return fmt::format("more than {} groups", kGroupsMax);
  if (from.group_count > 0 && from.groups == nullptr) return "groups without data";
  groups.resize(from.group_count);
  for (std::size_t i = 0; i < from.group_count; ++i) {
    if (auto wrong = copy_text(from.groups[i], "a group", groups[i])) return wrong;
  }
  return {};
}

Wrong copy_grants(const tombo_decision& from, std::vector<auth::Grant>& grants) {
  if (from.grant_count > kGrantsMax) return fmt::format("more than {} grants", kGrantsMax);
  if (from.grant_count > 0 && from.grants == nullptr) return "grants without data";
  grants.resize(from.grant_count);
  for (std::size_t i = 0; i < from.grant_count; ++i) {
    const tombo_grant& grant = from.grants[i];
    if (auto wrong = copy_text(grant.filter, "a grant's filter", grants[i].filter)) return wrong;
    if (!mqtt::is_valid_topic_filter(grants[i].filter)) {
      return fmt::format("a grant for '{}', which is no topic filter", grants[i].filter);
    }
    grants[i].publish = grant.publish != 0;
    grants[i].subscribe = grant.subscribe != 0;
    grants[i].allow = grant.deny == 0;
  }
  return {};
}

constexpr std::uint32_t kAllChanges =
    TOMBO_CHANGE_TOPIC | TOMBO_CHANGE_PAYLOAD | TOMBO_CHANGE_QOS | TOMBO_CHANGE_RETAIN | TOMBO_CHANGE_USER_PROPERTIES;

Wrong copy_changes(const tombo_changes& from, WantedChanges& to) {
  if (from.size < sizeof(tombo_changes)) return "its changes have no size";
  if ((from.what & ~kAllChanges) != 0) return "a change that this broker does not know";
  if ((from.what & TOMBO_CHANGE_TOPIC) != 0) {
    if (auto wrong = copy_text(from.topic, "the topic", to.changes.topic.emplace())) return wrong;
    if (!mqtt::is_valid_topic_name(*to.changes.topic)) return "the topic is empty or has wildcards";
    if (mqtt::count_levels(*to.changes.topic) > mqtt::kTopicLevelsMax) return "the topic has too many levels";
  }
  if ((from.what & TOMBO_CHANGE_PAYLOAD) != 0) {
    if (auto wrong = copy_bytes(from.payload, "the payload", kPayloadMax, to.changes.payload.emplace())) return wrong;
  }
  if ((from.what & TOMBO_CHANGE_QOS) != 0) {
    if (from.qos > 2) return fmt::format("QoS {}", from.qos);
    to.changes.qos = static_cast<mqtt::Qos>(from.qos);
  }
  if ((from.what & TOMBO_CHANGE_RETAIN) != 0) to.changes.retain = from.retain != 0;
  if ((from.what & TOMBO_CHANGE_USER_PROPERTIES) != 0 &&
      !copy_pairs(from.user_properties, from.user_property_count, to.user_properties.emplace())) {
    return fmt::format("user properties that are no valid texts, or more than {} of them", kUserPropertiesMax);
  }
  return {};
}

Wrong copy_rest(const tombo_decision& from, Decision& to) {
  if (auto wrong = copy_text(from.user_name, "the user name", to.user_name)) return wrong;
  if (auto wrong = copy_groups(from, to.groups)) return wrong;
  if (auto wrong = copy_grants(from, to.grants)) return wrong;
  to.has_grants = from.has_grants != 0 || from.grant_count > 0;
  if (from.ends_at_s < 0) return "an end before 1970";
  to.ends_at_s = from.ends_at_s;
  if (auto wrong = copy_bytes(from.data, "the data", kTextMax, to.data)) return wrong;
  if (from.changes == nullptr) return {};
  auto changes = std::make_shared<WantedChanges>();
  if (auto wrong = copy_changes(*from.changes, *changes)) return wrong;
  if (from.changes->what != 0) to.changes = std::move(changes);
  return {};
}

}  // namespace

bool text_from(tombo_text text, std::string_view& out) {
  if (text.size > 0 && text.data == nullptr) return false;
  out = text.size == 0 ? std::string_view{} : std::string_view{text.data, text.size};
  return true;
}

bool copy_pairs(const tombo_pair* pairs, std::size_t count, std::vector<std::pair<std::string, std::string>>& out) {
  if (count > kUserPropertiesMax || (count > 0 && pairs == nullptr)) return false;
  out.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    if (copy_text(pairs[i].name, "", out[i].first) || copy_text(pairs[i].value, "", out[i].second)) return false;
  }
  return true;
}

Decision refusal(std::string_view why, std::optional<mqtt::ReasonCode> reason) {
  Decision decision;
  decision.reason = reason;
  decision.why = why;
  return decision;
}

Decision decision_of(int answer) {
  Decision decision;
  switch (answer) {
    case TOMBO_UNKNOWN: decision.kind = Decision::Kind::unknown; break;
    case TOMBO_ALLOW: decision.kind = Decision::Kind::allow; break;
    case TOMBO_DENY: decision.kind = Decision::Kind::deny; break;
    case TOMBO_ERROR: break;
    case TOMBO_CONTINUE: decision.kind = Decision::Kind::go_on; break;
    default: decision.why = fmt::format("it answered {}, which means nothing", answer);
  }
  return decision;
}

Result<Decision, std::string> copy_decision(const tombo_decision* from) {
  if (from == nullptr || from->size < sizeof(tombo_decision)) return Failure<std::string>{"its decision has no size"};
  if (from->answer < TOMBO_UNKNOWN || from->answer > TOMBO_CONTINUE) {
    return Failure{fmt::format("it answered {}, which means nothing", from->answer)};
  }
  Decision decision = decision_of(from->answer);
  if (from->reason >= 0x80 && from->reason <= 0xFF) decision.reason = static_cast<mqtt::ReasonCode>(from->reason);
  std::string_view why;
  if (!text_from(from->why, why)) return Failure<std::string>{"its reason has a length and no data"};
  decision.why = why.substr(0, kWhyMax);
  for (char& character : decision.why) {
    if (static_cast<unsigned char>(character) < 0x20 || character == 0x7F) character = '?';
  }
  if (auto wrong = copy_rest(*from, decision)) return Failure{std::move(*wrong)};
  return decision;
}

mqtt::ReasonCode reason_of(const Decision& decision, mqtt::PacketType packet) {
  using mqtt::ReasonCode;
  if (decision.reason && mqtt::may_carry(packet, *decision.reason, mqtt::Sender::server)) return *decision.reason;
  const bool login = packet == mqtt::PacketType::connack;
  if (decision.kind == Decision::Kind::error || decision.kind == Decision::Kind::go_on) {
    return login ? ReasonCode::server_unavailable : ReasonCode::implementation_specific_error;
  }
  return login ? ReasonCode::bad_user_name_or_password : ReasonCode::not_authorized;
}

}  // namespace tombo::plugin
