#include "routing/shared_group.hpp"

#include "routing/hash.hpp"

namespace tombo::routing {

namespace {

using Members = std::vector<Ref<GroupMember>>;

/// Who may be picked: anyone but `except` of the best kind that is there.
class Candidates {
 public:
  Candidates(const Members& members, const GroupMember* except) : members_(members), except_(except) {
    for (const Kind kind : {Kind::available, Kind::with_room, Kind::any}) {
      kind_ = kind;
      for (const auto& member : members) count_ += may_pick(*member) ? 1 : 0;
      if (count_ > 0) return;
    }
  }

  /// Members may go offline or fill up between the count and the look, so the last way out is any member but `except`.
  const GroupMember* at(std::uint64_t number) const {
    const GroupMember* last = nullptr;
    if (count_ == 0) return last;
    for (std::uint64_t skip = number % count_; const auto& member : members_) {
      if (!may_pick(*member)) continue;
      last = member.get();
      if (skip-- == 0) return last;
    }
    return last != nullptr ? last : any();
  }

  /// The one with the highest score; the first of equals.
  template <class Score>
  const GroupMember* best(Score&& score) const {
    const GroupMember* best = nullptr;
    std::uint64_t highest = 0;
    for (const auto& member : members_) {
      if (!may_pick(*member)) continue;
      const std::uint64_t reached = score(*member);
      if (best != nullptr && reached <= highest) continue;
      best = member.get();
      highest = reached;
    }
    return best != nullptr ? best : any();
  }

  const GroupMember* of_client(std::uint64_t mark) const;

 private:
  enum class Kind : std::uint8_t { available, with_room, any };

  bool may_pick(const GroupMember& member) const {
    if (&member == except_) return false;
    return kind_ == Kind::any || (kind_ == Kind::with_room ? member.has_room() : member.available());
  }
  const GroupMember* any() const {
    for (const auto& member : members_) {
      if (member.get() != except_) return member.get();
    }
    return nullptr;
  }

  const Members& members_;
  const GroupMember* except_;
  Kind kind_ = Kind::available;
  std::uint64_t count_ = 0;
};

/// What Marks::sticky holds for a client; 0 stands for nobody.
std::uint64_t mark_of(const GroupMember& member) {
  return member.client_hash == 0 ? 1 : member.client_hash;
}

const GroupMember* Candidates::of_client(std::uint64_t mark) const {
  if (mark == 0) return nullptr;
  for (const auto& member : members_) {
    if (mark_of(*member) == mark && may_pick(*member)) return member.get();
  }
  return nullptr;
}

/// The usual case of the strategies that count: everybody is there, and no walk over the members is needed.
const GroupMember* turn_of(const Group& group, const PickInput& input, std::uint64_t number) {
  const auto size = group.members.size();
  const GroupMember* member = group.members[number % size].get();
  if (member != input.except && member->available()) return member;
  // The turns of one who is away are spread over the others rather than given to the next in line.
  return Candidates(group.members, input.except).at(number / size);
}

const GroupMember* pick_sticky(const Group& group, const PickInput& input) {
  const Candidates candidates(group.members, input.except);
  std::uint64_t stuck_to = group.marks->sticky.load(std::memory_order_relaxed);
  if (const GroupMember* member = candidates.of_client(stuck_to)) return member;
  const GroupMember* chosen = candidates.at(group.marks->next.fetch_add(1, std::memory_order_relaxed));
  if (chosen == nullptr) return nullptr;
  if (group.marks->sticky.compare_exchange_strong(stuck_to, mark_of(*chosen), std::memory_order_relaxed)) return chosen;
  // Another shard has just chosen: follow it.
  const GroupMember* theirs = candidates.of_client(stuck_to);
  return theirs != nullptr ? theirs : chosen;
}

const GroupMember* pick_least_loaded(const Group& group, const PickInput& input) {
  const Candidates candidates(group.members, input.except);
  // Equals take turns: the lower half of the score is a rank that each pick shuffles.
  const std::uint64_t turn = group.marks->next.fetch_add(1, std::memory_order_relaxed);
  return candidates.best([turn](const GroupMember& member) {
    const std::uint64_t free = ~member.in_flight.load(std::memory_order_relaxed);
    return free << 32 | TextHash::mix(member.client_hash ^ turn, 0x9e3779b97f4a7c15) >> 32;
  });
}

/// Rendezvous: each member draws a lot for the key, so one that comes or goes moves only its own keys.
const GroupMember* pick_by_hash(const Group& group, const PickInput& input, std::uint64_t key) {
  const Candidates candidates(group.members, input.except);
  return candidates.best([key](const GroupMember& member) {
    return TextHash::mix(TextHash::mix(key ^ 0xd1b54a32d192ed03, member.client_hash ^ 0x9e3779b97f4a7c15), key | 1);
  });
}

}  // namespace

const GroupMember* pick(const Group& group, const PickInput& input) {
  if (group.members.empty()) return nullptr;
  switch (input.strategy) {
    case ShareStrategy::round_robin:
      return turn_of(group, input, group.marks->next.fetch_add(1, std::memory_order_relaxed));
    case ShareStrategy::random:
      return turn_of(group, input, input.random);
    case ShareStrategy::sticky:
      return pick_sticky(group, input);
    case ShareStrategy::least_in_flight:
      return pick_least_loaded(group, input);
    case ShareStrategy::hash_client:
      return pick_by_hash(group, input, input.publisher_hash);
    case ShareStrategy::hash_topic:
      return pick_by_hash(group, input, input.topic_hash);
  }
  return nullptr;
}

bool is_full(const Group& group) {
  for (const auto& member : group.members) {
    if (member->has_room()) return false;
  }
  return !group.members.empty();
}

}  // namespace tombo::routing
