#include "auth/acl/client_verdicts.hpp"

#include "base/hash.hpp"

#include <utility>

namespace tombo::auth::acl {

std::uint64_t ClientVerdicts::hash_of(const Access& access) const {
  return hash_bytes(access.topic, seed_ + kind_of(access)) | 1;
}

/// Twice as many sets, or the first; false: no more are allowed.
bool ClientVerdicts::grow() {
  const std::size_t size = entries_.empty() ? kWays : 2 * entries_.size();
  if (size > entries_max_ && !(entries_.empty() && entries_max_ != 0)) return false;
  std::vector<Entry> old(size);
  old.swap(entries_);
  for (Entry& entry : old) {
    if (entry.hash == 0) continue;
    // A set of the smaller table goes into two of the larger one, so there is room.
    Entry* set = &entries_[set_of(entry.hash)];
    while (set->hash != 0) ++set;
    *set = std::move(entry);
  }
  return true;
}

void ClientVerdicts::remember(std::uint64_t policy, const Access& access, const AccessAnswer& answer) {
  if (answer.decision == Decision::pending || access.topic.size() > kTopicBytesMax || entries_max_ == 0) return;
  if (policy != policy_) {
    entries_ = {};
    policy_ = policy;
  }
  const std::uint64_t hash = hash_of(access);
  const std::uint8_t kind = kind_of(access);
  while (true) {
    if (entries_.empty()) grow();
    Entry* set = &entries_[set_of(hash)];
    Entry* place = nullptr;
    for (std::size_t way = 0; way < kWays && place == nullptr; ++way) {
      const bool same = set[way].hash == hash && set[way].kind == kind && set[way].topic == access.topic;
      if (same || set[way].hash == 0) place = &set[way];
    }
    if (place == nullptr && grow()) continue;
    if (place == nullptr) place = &set[next_way_++ % kWays];
    *place = {hash, std::string(access.topic), answer, kind};
    return;
  }
}

}  // namespace tombo::auth::acl
