#include "broker/directory.hpp"

#include "base/hash.hpp"

namespace tombo::broker {

std::uint64_t Directory::hash(std::string_view client_id) const { return hash_bytes(client_id, seed_); }

bool Directory::find(std::string_view client_id, routing::ShardId& home) const {
  const Stripe& at = stripe(hash(client_id));
  const std::lock_guard lock(at.mutex);
  if (at.entries.empty()) return false;
  const auto found = at.entries.find(client_id);
  if (found == at.entries.end()) return false;
  home = (*found)->shard;
  return true;
}

Directory::Entry& Directory::claim(std::string_view client_id, routing::ShardId shard) {
  const std::uint64_t key = hash(client_id);
  Stripe& at = stripe(key);
  const std::lock_guard lock(at.mutex);
  if (at.entries.bucket_count() <= 1) {
    at.entries = std::unordered_set<std::unique_ptr<Entry>, HashOf, SameId>(16, HashOf{this});
  }
  const auto found = at.entries.find(client_id);
  if (found != at.entries.end()) return **found;
  auto entry = std::make_unique<Entry>(Entry{std::string(client_id), key, kNoSlot, shard});
  return **at.entries.insert(std::move(entry)).first;
}

void Directory::release(Entry& entry) {
  Stripe& at = stripe(entry.hash);
  const std::lock_guard lock(at.mutex);
  const auto found = at.entries.find(std::string_view(entry.client_id));
  if (found != at.entries.end()) at.entries.erase(found);
}

}  // namespace tombo::broker
