#pragma once

#include "config/schema.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <type_traits>

// How a row of schema.cpp is bound to a field: one builder for each Type, the field as template argument.

namespace tombo::config {

template <class Struct>
inline constexpr Section kSectionOf = Section::top;
template <>
inline constexpr Section kSectionOf<Listener> = Section::listener;
template <>
inline constexpr Section kSectionOf<Limits> = Section::limits;
template <>
inline constexpr Section kSectionOf<Mqtt> = Section::mqtt;
template <>
inline constexpr Section kSectionOf<Persistence> = Section::persistence;
template <>
inline constexpr Section kSectionOf<Redirect> = Section::redirect;
template <>
inline constexpr Section kSectionOf<Sys> = Section::sys;
template <>
inline constexpr Section kSectionOf<Log> = Section::log;
template <>
inline constexpr Section kSectionOf<Control> = Section::control;
template <>
inline constexpr Section kSectionOf<ListenerTls> = Section::listener;
template <>
inline constexpr Section kSectionOf<ListenerWebSocket> = Section::listener;
template <>
inline constexpr Section kSectionOf<ListenerDoor> = Section::listener;
template <>
inline constexpr Section kSectionOf<Auth> = Section::auth;
template <>
inline constexpr Section kSectionOf<Passwords> = Section::passwords;
template <>
inline constexpr Section kSectionOf<Jwt> = Section::jwt;
template <>
inline constexpr Section kSectionOf<Http> = Section::http;
template <>
inline constexpr Section kSectionOf<Scram> = Section::scram;
template <>
inline constexpr Section kSectionOf<Ldap> = Section::ldap;
template <>
inline constexpr Section kSectionOf<Sql> = Section::sql;
template <>
inline constexpr Section kSectionOf<Acl> = Section::acl;
template <>
inline constexpr Section kSectionOf<Defence> = Section::defence;
template <>
inline constexpr Section kSectionOf<Plugin> = Section::plugin;
template <>
inline constexpr Section kSectionOf<ListenerClients> = Section::listener;
template <>
inline constexpr Section kSectionOf<Bridge> = Section::bridge;
template <>
inline constexpr Section kSectionOf<BridgeTls> = Section::bridge;
template <>
inline constexpr Section kSectionOf<BridgeIdentity> = Section::bridge;

/// The struct of a section that a group of fields is a part of.
template <class Struct>
struct WholeOf {
  using Type = Struct;
};
template <>
struct WholeOf<ListenerTls> {
  using Type = Listener;
};
template <>
struct WholeOf<ListenerWebSocket> {
  using Type = Listener;
};
template <>
struct WholeOf<ListenerDoor> {
  using Type = Listener;
};
template <>
struct WholeOf<ListenerClients> {
  using Type = Listener;
};
template <>
struct WholeOf<BridgeTls> {
  using Type = Bridge;
};
template <>
struct WholeOf<BridgeIdentity> {
  using Type = Bridge;
};

/// The names of an enumeration's values, in their order.
template <class Enum>
struct Names;
template <>
struct Names<Placement> {
  static constexpr std::array<std::string_view, 3> all{"fill_first", "hash", "least_loaded"};
};
template <>
struct Names<ShareStrategy> {
  static constexpr std::array<std::string_view, 6> all{"round_robin",     "random",      "sticky",
                                                       "least_in_flight", "hash_client", "hash_topic"};
};
template <>
struct Names<QueueFull> {
  static constexpr std::array<std::string_view, 3> all{"drop_newest", "drop_oldest", "reject_publisher"};
};
template <>
struct Names<RedirectMode> {
  static constexpr std::array<std::string_view, 3> all{"off", "use_another_server", "server_moved"};
};
template <>
struct Names<Sync> {
  static constexpr std::array<std::string_view, 3> all{"ack", "interval", "off"};
};
template <>
struct Names<StoreProfile> {
  static constexpr std::array<std::string_view, 2> all{"gateway", "server"};
};
template <>
struct Names<StoreError> {
  static constexpr std::array<std::string_view, 2> all{"delay", "refuse"};
};
template <>
struct Names<LogFormat> {
  static constexpr std::array<std::string_view, 2> all{"text", "json"};
};

template <>
struct Names<Protocol> {
  static constexpr std::array<std::string_view, 3> all{"mqtt", "websocket", "any"};
};
template <>
struct Names<ClientCertificate> {
  static constexpr std::array<std::string_view, 3> all{"none", "optional", "required"};
};
template <>
struct Names<UserNameFrom> {
  static constexpr std::array<std::string_view, 6> all{"connect", "certificate_cn", "certificate_subject", "certificate_san", "psk_identity", "unix_user"};
};
template <>
struct Names<TlsVersion> {
  static constexpr std::array<std::string_view, 2> all{"1.2", "1.3"};
};
template <>
struct Names<ProxyProtocol> {
  static constexpr std::array<std::string_view, 2> all{"off", "required"};
};
template <>
struct Names<Anonymous> {
  static constexpr std::array<std::string_view, 3> all{"as_broker", "allow", "refuse"};
};

template <>
struct Names<LogWording> {
  static constexpr std::array<std::string_view, 2> all{"tombo", "mosquitto"};
};
template <>
struct Names<PluginKind> {
  static constexpr std::array<std::string_view, 3> all{"by_symbols", "tombo", "mosquitto"};
};
template <>
struct Names<BridgeStart> {
  static constexpr std::array<std::string_view, 3> all{"automatic", "lazy", "once"};
};
template <>
struct Names<BridgeVersion> {
  static constexpr std::array<std::string_view, 3> all{"3.1", "3.1.1", "5"};
};
template <>
struct Names<BridgeReload> {
  static constexpr std::array<std::string_view, 2> all{"lazy", "immediate"};
};
template <>
struct Names<BridgeOverflow> {
  static constexpr std::array<std::string_view, 2> all{"drop_newest", "drop_oldest"};
};

template <auto Field>
struct FieldOf;
template <class S, class T, T S::*Field>
struct FieldOf<Field> {
  using Struct = S;
  using Type = T;
};

template <auto Field>
Value get_field(const void* section) {
  using Struct = typename FieldOf<Field>::Struct;
  using T = typename FieldOf<Field>::Type;
  const T& field = static_cast<const typename WholeOf<Struct>::Type*>(section)->*Field;
  if constexpr (std::is_enum_v<T>) {
    return Value{std::string{Names<T>::all[static_cast<std::size_t>(field)]}};
  } else if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
    return Value{std::uint64_t{field}};
  } else {
    return Value{field};
  }
}

template <auto Field>
void set_field(void* section, const Value& value) {
  using Struct = typename FieldOf<Field>::Struct;
  using T = typename FieldOf<Field>::Type;
  T& field = static_cast<typename WholeOf<Struct>::Type*>(section)->*Field;
  if constexpr (std::is_enum_v<T>) {
    const auto& names = Names<T>::all;
    const auto found = std::find(names.begin(), names.end(), std::get<std::string>(value));
    if (found != names.end()) field = static_cast<T>(found - names.begin());
  } else if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
    field = static_cast<T>(std::get<std::uint64_t>(value));
  } else {
    field = std::get<T>(value);
  }
}

struct Between {
  std::uint64_t min;
  std::uint64_t max;
};

template <auto Field>
constexpr Row make_row(std::string_view key, Type type, Between bounds, Reload reload,
                       std::string_view what) {
  return Row{kSectionOf<typename FieldOf<Field>::Struct>,
             key,
             type,
             bounds.min,
             bounds.max,
             reload,
             what,
             &get_field<Field>,
             &set_field<Field>,
             {},
             {},
             0};
}

template <auto Field>
constexpr Row flag(std::string_view key, Reload reload, std::string_view what) {
  return make_row<Field>(key, Type::flag, {0, 1}, reload, what);
}
template <auto Field>
constexpr Row number(std::string_view key, Between bounds, Reload reload, std::string_view what) {
  using T = typename FieldOf<Field>::Type;
  const Between fits{bounds.min, std::min<std::uint64_t>(bounds.max, std::numeric_limits<T>::max())};
  return make_row<Field>(key, Type::number, fits, reload, what);
}
template <auto Field>
constexpr Row size(std::string_view key, Between bounds, Reload reload, std::string_view what) {
  using T = typename FieldOf<Field>::Type;
  const Between fits{bounds.min, std::min<std::uint64_t>(bounds.max, std::numeric_limits<T>::max())};
  return make_row<Field>(key, Type::size, fits, reload, what);
}
template <auto Field>
constexpr Row text(std::string_view key, std::uint64_t longest, Reload reload, std::string_view what) {
  return make_row<Field>(key, Type::text, {0, longest}, reload, what);
}
template <auto Field>
constexpr Row choice(std::string_view key, Reload reload, std::string_view what) {
  return make_row<Field>(key, Type::choice, {0, 0}, reload, what)
      .one_of(Names<typename FieldOf<Field>::Type>::all);
}
template <auto Field>
constexpr Row list(std::string_view key, Between entries, Reload reload, std::string_view what) {
  return make_row<Field>(key, Type::list, entries, reload, what);
}

}  // namespace tombo::config
