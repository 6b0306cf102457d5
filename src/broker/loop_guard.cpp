#include "broker/loop_guard.hpp"

#include "base/hash.hpp"
#include "broker/bridge_figures.hpp"

#include <algorithm>
#include <limits>

namespace tombo::broker {

namespace {

std::uint32_t second_of(MonoTime now) { return static_cast<std::uint32_t>(now.time_since_epoch().count() / 1000); }

/// Calls visit(name, value) for each user property.
template <class Visit>
void for_each_user_property(mqtt::Bytes raw, Visit&& visit) {
  mqtt::for_each_property(raw, [&](mqtt::PropertyId id, mqtt::Bytes, mqtt::Bytes value) {
    if (id != mqtt::PropertyId::user_property) return;
    const std::size_t size = static_cast<std::size_t>(value[0]) << 8 | value[1];
    visit(mqtt::text_of(value.subspan(2, size)), mqtt::text_of(value.subspan(4 + size)));
  });
}

}  // namespace

std::string_view name_of(BridgeState state) {
  switch (state) {
    case BridgeState::waiting: return "waiting";
    case BridgeState::connecting: return "connecting";
    case BridgeState::connected: return "connected";
    case BridgeState::idle: return "idle";
    case BridgeState::ended: return "ended";
  }
  return {};
}

void LoopGuard::begin_remembering() {
  if (table_.load(std::memory_order_acquire) != nullptr) return;
  owned_ = std::make_unique<Table>();
  table_.store(owned_.get(), std::memory_order_release);
}

std::uint64_t LoopGuard::hash_of(std::string_view topic, mqtt::Bytes payload) const {
  return hash_bytes(mqtt::text_of(payload), hash_bytes(topic, seed_));
}

/// An entry of the set that holds this hash already, or is void, or will be first.
void LoopGuard::remember(std::string_view topic, mqtt::Bytes payload, MonoTime now, std::uint32_t window_s) {
  Table* table = table_.load(std::memory_order_acquire);
  if (table == nullptr || window_s == 0) return;
  const std::uint64_t hash = hash_of(topic, payload);
  const std::uint64_t tag = hash >> 32;
  const std::size_t set = static_cast<std::uint32_t>(hash) % (kRemembered / kWays) * kWays;
  std::size_t place = set;
  std::uint32_t first = std::numeric_limits<std::uint32_t>::max();
  for (std::size_t way = set; way < set + kWays; ++way) {
    const std::uint64_t entry = table->entries[way].load(std::memory_order_relaxed);
    if (entry >> 32 == tag) {
      place = way;
      break;
    }
    if (static_cast<std::uint32_t>(entry) >= first) continue;
    first = static_cast<std::uint32_t>(entry);
    place = way;
  }
  table->entries[place].store(tag << 32 | (second_of(now) + window_s + 1), std::memory_order_relaxed);
}

bool LoopGuard::is_remembered(const mqtt::PublishView& publish, MonoTime now) const {
  const Table* table = table_.load(std::memory_order_acquire);
  if (table == nullptr) return false;
  const std::uint64_t hash = hash_of(publish.topic, publish.payload);
  const std::size_t set = static_cast<std::uint32_t>(hash) % (kRemembered / kWays) * kWays;
  for (std::size_t way = set; way < set + kWays; ++way) {
    const std::uint64_t entry = table->entries[way].load(std::memory_order_relaxed);
    if (entry >> 32 == hash >> 32 && static_cast<std::uint32_t>(entry) > second_of(now)) return true;
  }
  return false;
}

bool LoopGuard::passed_here(const mqtt::PublishView& publish) const {
  if (publish.properties.user_properties == 0) return false;
  unsigned nodes = 0;
  bool here = false;
  for_each_user_property(publish.properties.raw, [&](std::string_view name, std::string_view value) {
    if (name != kNodeProperty) return;
    ++nodes;
    here = here || value == node_;
  });
  return here || nodes >= kNodesMax;
}

bool LoopGuard::has_come_round(const mqtt::PublishView& publish, MonoTime now) const {
  return passed_here(publish) || is_remembered(publish, now);
}

bool LoopGuard::says_bridge(const mqtt::PropertiesView& connect) {
  if (connect.user_properties == 0) return false;
  bool says = false;
  for_each_user_property(connect.raw, [&](std::string_view name, std::string_view) { says = says || name == kBridgeProperty; });
  return says;
}

}  // namespace tombo::broker
