#include "config/mosquitto/reading.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tombo::config::mosquitto {

namespace {

/// What was written for the default listener holds for none where nothing opens that.
void tell_what_is_for_nobody(Reading& reading) {
  for (const Line& line : reading.kept_for_default) {
    reading.draft.warning(
        line.name_at, fmt::format("'{}' has no effect: it stands above all listeners and so is for the default one, "
                                  "which this file does not open; write it below a 'listener'",
                                  line.name));
  }
}

void tell_of_default(Reading& reading) {
  if (!reading.default_listener || reading.listeners.size() < 2) return;
  const std::size_t index = *reading.default_listener;
  if (reading.draft.given(Section::listener, "port", index) || reading.draft.given(Section::listener, "address", index))
    return;
  for (const auto& [key, place] : reading.draft.places()) {
    if (std::get<0>(key) != Section::listener || std::get<1>(key) != index || std::get<2>(key).empty()) continue;
    return reading.draft.warning(place,
                                 "this stands above all listeners and so opens the default one, on port 1883 of every "
                                 "address, as with Mosquitto; write it below a 'listener' if that is not meant");
  }
}

void take_user_names(Reading& reading, std::size_t index) {
  const ListenerNotes& notes = reading.listeners[index];
  if (notes.identity) {
    const std::string from = notes.psk_hint ? "psk_identity" : "certificate_cn";
    reading.set(Section::listener, "user_name_from", index, {from}, *notes.identity);
  } else if (notes.subject) {
    reading.set(Section::listener, "user_name_from", index, {std::string{"certificate_subject"}}, *notes.subject);
  }
}

void take_psk(Reading& reading, std::size_t index) {
  const ListenerNotes& notes = reading.listeners[index];
  const auto& file = reading.per_listener ? notes.psk_file : reading.psk_file;
  if (!notes.psk_hint) {
    if (notes.psk_file) reading.warning(*notes.psk_file, "'psk_file' has no effect: this listener has no psk_hint");
    return;
  }
  if (file) reading.set(Section::listener, "psk_file", index, {std::string{file->value}}, *file);
  if (!reading.draft.options.listeners[index].certificates.empty()) {
    reading.error(*notes.psk_hint,
                  "a listener has either certificates or pre-shared keys; write another listener for the other");
  }
}

void take_domain(Reading& reading, std::size_t index) {
  const auto& line = reading.listeners[index].domain;
  if (!line) return;
  const std::string& address = reading.draft.options.listeners[index].address;
  if (address == "*") {
    const std::string any = line->value.starts_with("ipv4") ? "0.0.0.0" : "::";
    return reading.set(Section::listener, "address", index, {any}, *line);
  }
  const bool v6 = address.find(':') != std::string::npos;
  const bool number = v6 || address.find_first_not_of("0123456789.") == std::string::npos;
  if (number && v6 == line->value.starts_with("ipv6")) return;
  reading.warning(*line, fmt::format("'socket_domain' has no effect: the listener's address is '{}'", address));
}

void take_for_all(Reading& reading, std::size_t index) {
  Listener& listener = reading.draft.options.listeners[index];
  if (listener.auto_id_prefix.empty()) listener.auto_id_prefix = "auto-";
  for (const ForAll& entry : reading.for_all) {
    if (entry.key == "auto_id_prefix" && reading.draft.given(Section::listener, entry.key, index)) continue;
    reading.draft.assign(*find_row(Section::listener, entry.key), index, entry.value, entry.line.value_at,
                         entry.line.value_at);
  }
}

/// The built-in users are asked before plugins, as Mosquitto does.
void put_passwords_first(Reading& reading, std::size_t index) {
  const Listener& listener = reading.draft.options.listeners[index];
  auto chain = listener.authentication;
  const Place place =
      reading.draft.place_of(Section::listener, chain.empty() ? "password_file" : "authentication", index);
  if (!listener.password_file.empty()) chain.insert(chain.begin(), "passwords");
  for (const auto& [plugin, line] : reading.plugins_for_all) {
    const std::string name = "plugin:" + reading.draft.options.plugins[plugin].name;
    if (!chain.empty()) chain.push_back(name);  // without a chain of its own, that of all holds
  }
  if (chain == listener.authentication) return;
  reading.draft.assign(*find_row(Section::listener, "authentication"), index, {std::move(chain)}, place, place);
}

void put_passwords_first(Reading& reading) {
  auto chain = reading.draft.options.auth.backends;
  Place place = reading.draft.place_of(Section::auth, "backends");
  if (!reading.draft.options.passwords.file.empty()) {
    chain.insert(chain.begin(), "passwords");
    if (place.line == 0) place = reading.draft.place_of(Section::passwords, "file");
  }
  for (const auto& [plugin, line] : reading.plugins_for_all) {
    chain.push_back("plugin:" + reading.draft.options.plugins[plugin].name);
    if (place.line == 0) place = line.value_at;
  }
  if (chain.empty()) return;
  reading.draft.assign(*find_row(Section::auth, "backends"), 0, {std::move(chain)}, place, place);
}

/// Mosquitto takes it on any listener, and only one that speaks WebSocket gives files.
void take_http_directory(Reading& reading, std::size_t index) {
  Listener& listener = reading.draft.options.listeners[index];
  if (listener.http_directory.empty() || listener.protocol != Protocol::mqtt) return;
  reading.draft.warning(reading.draft.place_of(Section::listener, "http_directory", index),
                        "'http_dir' has no effect: this listener has no 'protocol websockets'");
  listener.http_directory.clear();
}

/// A line that says something about TLS on a listener that has none would give a false sense of it.
void tell_of_missing_tls(Reading& reading, std::size_t index) {
  const Listener& listener = reading.draft.options.listeners[index];
  if (!listener.certificates.empty() || reading.listeners[index].psk_hint) return;
  for (const std::string_view key : {"keys", "ca_file", "ca_directory", "client_certificate"}) {
    if (!reading.draft.given(Section::listener, key, index)) continue;
    return reading.draft.error(reading.draft.place_of(Section::listener, key, index),
                               "this is about TLS, but the listener has no certfile and so would not speak it");
  }
}

void finish_anonymous(Reading& reading) {
  Options& options = reading.draft.options;
  const bool local_only = reading.listeners.empty();
  if (!local_only) return;
  if (!reading.draft.given(Section::top, "allow_anonymous")) options.allow_anonymous = true;
  options.listeners = loopback_listeners(Listener{}.port);
  for (Listener& listener : options.listeners) listener.topic_alias_max = 10;
  for (std::size_t i = 0; i < options.listeners.size(); ++i) take_for_all(reading, i);
}

}  // namespace

void finish_listeners(Reading& reading) {
  tell_what_is_for_nobody(reading);
  tell_of_default(reading);
  put_passwords_first(reading);
  for (std::size_t i = 0; i < reading.listeners.size(); ++i) {
    take_user_names(reading, i);
    take_psk(reading, i);
    take_domain(reading, i);
    take_for_all(reading, i);
    put_passwords_first(reading, i);
    take_http_directory(reading, i);
    tell_of_missing_tls(reading, i);
  }
  const bool any_psk = std::any_of(reading.listeners.begin(), reading.listeners.end(),
                                   [](const ListenerNotes& n) { return n.psk_hint.has_value(); });
  if (reading.psk_file && !any_psk)
    reading.warning(*reading.psk_file, "'psk_file' has no effect: no listener has a psk_hint");
  for (const auto& [plugin, line] : reading.plugins_unused) {
    reading.warning(line, fmt::format("no plugin_use names this plugin, so nobody asks it: plugin_use {}",
                                      reading.draft.options.plugins[plugin].name));
  }
  finish_anonymous(reading);
}

}  // namespace tombo::config::mosquitto
