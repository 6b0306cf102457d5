#include "broker/directory.hpp"

#include "base/hash.hpp"

namespace tombo::broker {

std::uint64_t Directory::hash(std::string_view client_id) const { return hash_bytes(client_id, seed_); }

Directory::Entry* Directory::find_in(const Stripe& stripe, std::string_view client_id, std::uint64_t hash) {
  const auto [first, last] = stripe.entries.equal_range(hash);
  for (auto at = first; at != last; ++at) {
    if (at->second->client_id == client_id) return at->second.get();
  }
  return nullptr;
}

bool Directory::find(std::string_view client_id, routing::ShardId& home) const {
  const std::uint64_t key = hash(client_id);
  const Stripe& at = stripe(key);
  const std::lock_guard lock(at.mutex);
  const Entry* entry = find_in(at, client_id, key);
  if (entry != nullptr) home = entry->shard;
  return entry != nullptr;
}

Directory::Entry* Directory::find_at_home(std::string_view client_id, routing::ShardId shard) const {
  const std::uint64_t key = hash(client_id);
  const Stripe& at = stripe(key);
  const std::lock_guard lock(at.mutex);
  Entry* entry = find_in(at, client_id, key);
  return entry != nullptr && entry->shard == shard ? entry : nullptr;
}

Directory::Entry* Directory::claim(std::string_view client_id, routing::ShardId shard) {
  const std::uint64_t key = hash(client_id);
  Stripe& at = stripe(key);
  const std::lock_guard lock(at.mutex);
  if (Entry* entry = find_in(at, client_id, key)) return entry->shard == shard ? entry : nullptr;
  auto entry = std::make_unique<Entry>(Entry{std::string(client_id), key, kNoSlot, shard});
  return at.entries.emplace(key, std::move(entry))->second.get();
}

void Directory::release(Entry& entry) {
  Stripe& at = stripe(entry.hash);
  const std::lock_guard lock(at.mutex);
  const auto [first, last] = at.entries.equal_range(entry.hash);
  for (auto candidate = first; candidate != last; ++candidate) {
    if (candidate->second.get() != &entry) continue;
    at.entries.erase(candidate);
    return;
  }
}

}  // namespace tombo::broker
