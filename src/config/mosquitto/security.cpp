#include "config/mosquitto/entries.hpp"
#include "config/mosquitto/reading.hpp"

#include <fmt/format.h>

namespace tombo::config::mosquitto {

namespace {

void take_per_listener_settings(Reading& reading, const Line& line) {
  const auto flag = flag_of(reading, line);
  if (!flag) return;
  if (reading.security_seen && *flag != reading.per_listener) {
    return reading.draft.error(line.name_at,
                               "'per_listener_settings' must stand above the settings that it is about: "
                               "allow_anonymous, password_file, acl_file, psk_file, plugins and the like");
  }
  reading.per_listener = *flag;
}

void set_for_listener(Reading& reading, const Line& line, bool allow) {
  reading.notes().anonymous = line;
  reading.set(Section::listener, "anonymous", reading.listener(), {std::string{allow ? "allow" : "refuse"}}, line);
}

void take_allow_anonymous(Reading& reading, const Line& line) {
  reading.security_seen = true;
  const auto flag = flag_of(reading, line);
  if (!flag) return;
  if (!reading.per_listener) return reading.set(Section::top, "allow_anonymous", 0, {*flag}, line);
  set_for_listener(reading, line, *flag);
}

void take_listener_allow_anonymous(Reading& reading, const Line& line) {
  const auto flag = flag_of(reading, line);
  if (flag) set_for_listener(reading, line, *flag);
}

void take_password_file(Reading& reading, const Line& line) {
  reading.security_seen = true;
  if (!reading.per_listener) return reading.set_text(Section::passwords, "file", 0, line);
  reading.set_text(Section::listener, "password_file", reading.listener(), line);
}

void take_acl_file(Reading& reading, const Line& line) {
  reading.security_seen = true;
  if (!reading.per_listener) return reading.set_text(Section::acl, "file", 0, line);
  reading.set_text(Section::listener, "acl_file", reading.listener(), line);
}

/// Used by the listeners that have a psk_hint, once the whole file is known.
void take_psk_file(Reading& reading, const Line& line) {
  reading.security_seen = true;
  std::optional<Line>& kept = reading.per_listener ? reading.notes().psk_file : reading.psk_file;
  if (kept)
    return reading.error(line,
                         fmt::format("'psk_file' is written twice: the other stands in line {}", kept->name_at.line));
  kept = line;
}

void take_empty_client_id(Reading& reading, const Line& line) {
  reading.security_seen = true;
  const auto flag = flag_of(reading, line);
  if (!flag) return;
  if (!reading.per_listener) return reading.set(Section::mqtt, "allow_empty_client_id", 0, {*flag}, line);
  reading.set(Section::listener, "empty_client_id", reading.listener(), {std::string{*flag ? "allow" : "refuse"}},
              line);
}

void take_auto_id_prefix(Reading& reading, const Line& line) {
  reading.security_seen = true;
  if (!reading.per_listener) return reading.hold_for_all("auto_id_prefix", {std::string{line.value}}, line);
  reading.set_text(Section::listener, "auto_id_prefix", reading.listener(), line);
}

void take_listener_auto_id_prefix(Reading& reading, const Line& line) {
  reading.set_text(Section::listener, "auto_id_prefix", reading.listener(), line);
}

// clang-format off
constexpr auto kEntries = std::to_array<Directive>({
  special("per_listener_settings", Scope::global, kFlag, "", &take_per_listener_settings, "Whether the settings marked \"or listener\" belong to the listener above them; must stand above them all."),
  special("allow_anonymous", Scope::security, kFlag, "allow_anonymous, listener.anonymous", &take_allow_anonymous, "Clients without a user name may connect; false where it is not written, but true where the file opens no listener.").opening_none(),
  special("listener_allow_anonymous", Scope::listener, kFlag, "listener.anonymous", &take_listener_allow_anonymous, "The same for one listener, whatever per_listener_settings says.").opening_none(),
  special("password_file", Scope::security, kPath, "passwords.file, listener.password_file, auth.backends", &take_password_file, "Users and hashes, as mosquitto_passwd writes them; the file is taken as it is."),
  special("acl_file", Scope::security, kPath, "acl.file, listener.acl_file", &take_acl_file, "Rules; the file is taken as it is.").opening_none(),
  special("psk_file", Scope::security, kPath, "listener.psk_file", &take_psk_file, "Pre-shared keys of the listeners that have a psk_hint."),
  special("allow_zero_length_clientid", Scope::security, kFlag, "mqtt.allow_empty_client_id, listener.empty_client_id", &take_empty_client_id, "Clients without a client id are given one."),
  special("auto_id_prefix", Scope::security, kText, "listener.auto_id_prefix", &take_auto_id_prefix, "How such client ids begin; auto- where it is not written.").opening_none(),
  special("listener_auto_id_prefix", Scope::listener, kText, "listener.auto_id_prefix", &take_listener_auto_id_prefix, "The same for one listener, whatever per_listener_settings says.").opening_none(),
  entry("clientid_prefixes", Scope::global, "mqtt.client_id_prefixes", "Client ids must begin so; Mosquitto calls it deprecated."),
  flag("check_retain_source", Scope::global, "acl.check_retain_source", "A retained message is given to nobody once the rules forbid its topic to who stored it."),
  flag("enable_control_api", Scope::global, "mqtt.control_api", "Requests on $CONTROL/broker/v1 are answered."),
});
// clang-format on

}  // namespace

std::span<const Directive> security_directives() {
  return kEntries;
}

}  // namespace tombo::config::mosquitto
