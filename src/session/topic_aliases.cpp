#include "session/topic_aliases.hpp"

#include <algorithm>
#include <functional>

namespace tombo::session {

void InboundAliases::set(std::uint16_t alias, std::string_view topic) {
  if (topics_.size() < alias) topics_.resize(alias);
  topics_[alias - 1u] = topic;
}

std::string_view InboundAliases::find(std::uint16_t alias) const {
  return alias <= topics_.size() ? std::string_view{topics_[alias - 1u]} : std::string_view{};
}

OutboundAliases::OutboundAliases(std::uint16_t maximum) : slots_(maximum), seen_once_(std::max(kSeenMin, std::size_t{4} * maximum)) {}

std::uint16_t OutboundAliases::oldest() const {
  const auto older = [](const Slot& a, const Slot& b) { return a.last_use < b.last_use; };
  return static_cast<std::uint16_t>(std::min_element(slots_.begin(), slots_.end(), older) - slots_.begin());
}

OutboundAliases::Use OutboundAliases::use(std::string_view topic) {
  ++clock_;
  if (const auto found = alias_of_.find(topic); found != alias_of_.end()) {
    slots_[found->second - 1u].last_use = clock_;
    return {found->second, true};
  }
  const std::uint64_t hash = std::hash<std::string_view>{}(topic) | 1u;
  std::uint64_t& seen = seen_once_[hash % seen_once_.size()];
  if (seen != hash) {
    seen = hash;
    return {};
  }
  const std::uint16_t index = oldest();
  Slot& slot = slots_[index];
  if (slot.last_use != 0) alias_of_.erase(slot.topic);
  slot.topic = topic;
  slot.last_use = clock_;
  const auto alias = static_cast<std::uint16_t>(index + 1);
  alias_of_.emplace(slot.topic, alias);
  return {alias, false};
}

void OutboundAliases::forget(std::uint16_t alias) {
  Slot& slot = slots_[alias - 1u];
  if (slot.last_use == 0) return;
  alias_of_.erase(slot.topic);
  slot.topic.clear();
  slot.last_use = 0;
}

}  // namespace tombo::session
