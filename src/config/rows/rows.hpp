#pragma once

#include "config/fields.hpp"

#include <cstdint>
#include <span>

// The rows of each section, one file a section; schema.cpp puts them together.

namespace tombo::config {

inline constexpr auto kLive = Reload::live;
inline constexpr auto kNew = Reload::new_connections;
inline constexpr auto kRestart = Reload::restart;

inline constexpr std::uint64_t kKiB = 1024;
inline constexpr std::uint64_t kMiB = 1024 * kKiB;
inline constexpr std::uint64_t kTiB = kMiB * kMiB;
inline constexpr std::uint64_t kDay = 86'400;
inline constexpr std::uint64_t kMany = 100'000'000;  // of anything that is counted: a typo, not a plan, is above
inline constexpr std::uint64_t kNoEnd = 0xFFFFFFFF;

std::span<const Row> top_rows();
std::span<const Row> listener_rows();
std::span<const Row> listener_tls_rows();
std::span<const Row> listener_websocket_rows();
std::span<const Row> listener_door_rows();
std::span<const Row> limits_rows();
std::span<const Row> mqtt_rows();
std::span<const Row> persistence_rows();
std::span<const Row> redirect_rows();
std::span<const Row> sys_rows();
std::span<const Row> log_rows();
std::span<const Row> control_rows();
std::span<const Row> auth_rows();
std::span<const Row> passwords_rows();
std::span<const Row> jwt_rows();
std::span<const Row> http_rows();
std::span<const Row> scram_rows();
std::span<const Row> ldap_rows();
std::span<const Row> sql_rows();
std::span<const Row> acl_rows();
std::span<const Row> defence_rows();
std::span<const Row> plugin_rows();
std::span<const Row> listener_clients_rows();
std::span<const Row> bridge_rows();

}  // namespace tombo::config
