#pragma once

#include "auth/principal.hpp"
#include "base/result.hpp"
#include "mqtt/reason_code.hpp"
#include "mqtt/types.hpp"
#include "plugin/events.hpp"
#include "tombo/plugin.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tombo::plugin {

/// What a plugin wants changed in a message, copied and checked; apply_to() knows the message that it is about.
struct WantedChanges {
  Changes changes;  // all but properties
  std::optional<std::vector<std::pair<std::string, std::string>>> user_properties;
};

/// A plugin's answer, copied and checked: nothing in it can be used wrongly.
struct Decision {
  enum class Kind : std::uint8_t { unknown, allow, deny, error, go_on };
  Kind kind = Kind::error;
  std::optional<mqtt::ReasonCode> reason;
  std::string why;
  std::string user_name;
  std::string client_id;   // under which the client comes instead of its own; empty: its own
  bool anonymous = false;  // let in without a name, whatever the login said
  bool ignored = false;    // unknown, and not to be counted as a no where nobody else knows
  std::vector<std::string> groups;
  std::vector<auth::Grant> grants;
  bool has_grants = false;
  std::int64_t ends_at_s = 0;
  std::string data;
  std::shared_ptr<const WantedChanges> changes;
};

/// An answer of ours where the plugin has none.
Decision refusal(std::string_view why, std::optional<mqtt::ReasonCode> reason = {});
/// From the number that a callback returned; anything but the four answers without further words is an error.
Decision decision_of(int answer);
/// From the long form.  The failure says what is wrong with it.
Result<Decision, std::string> copy_decision(const tombo_decision* decision);

/// The reason code to answer with in a packet: the plugin's, where the packet may carry it.
mqtt::ReasonCode reason_of(const Decision& decision, mqtt::PacketType packet);

/// A borrowed text or bytes as ours; false where it is none: a length without data.
bool text_from(tombo_text text, std::string_view& out);
/// User properties, copied; false where one is no valid text or there are too many.
bool copy_pairs(const tombo_pair* pairs, std::size_t count, std::vector<std::pair<std::string, std::string>>& out);

}  // namespace tombo::plugin
