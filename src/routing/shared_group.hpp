#pragma once

#include "base/ref.hpp"
#include "mqtt/types.hpp"
#include "routing/ids.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tombo::routing {

/// One session's membership of a shared subscription.  Written by the member's shard, read by every publishing shard.
/// Lives on: any thread (fixed at creation but for the atomics).
class GroupMember {
 public:
  GroupMember(SessionHandle of_session, std::uint64_t of_client, std::string on_filter = {}, std::string in_group = {})
      : session(of_session), client_hash(of_client), filter(std::move(on_filter)), group(std::move(in_group)) {}

  const SessionHandle session;
  const std::uint64_t client_hash;           // of the client id
  const std::string filter;                  // so that a message for a member who has gone finds the others
  const std::string group;
  mutable std::atomic<std::uint32_t> in_flight{0};   // unacknowledged and queued deliveries of that session
  mutable std::atomic<bool> online{true};            // false: picked only if nobody else is there
  mutable std::atomic<bool> full{false};             // its session's queue: picked only if everybody's is
  mutable std::atomic<mqtt::Qos> qos{mqtt::Qos::at_most_once};

  bool has_room() const { return !full.load(std::memory_order_relaxed); }
  bool available() const { return online.load(std::memory_order_relaxed) && has_room(); }

  void add_ref() const { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() const {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

 private:
  mutable std::atomic<std::uint32_t> references_{1};
};

enum class ShareStrategy : std::uint8_t { round_robin, random, sticky, least_in_flight, hash_client, hash_topic };

/// The members of one $share group on one filter at one moment: immutable but for the strategies' own marks.
struct Group {
  std::string name;
  std::vector<Ref<GroupMember>> members;
  /// Marks that outlive one list of members: shared by the group's successive lists.
  struct Marks {
    std::atomic<std::uint32_t> next{0};     // round_robin
    std::atomic<std::uint64_t> sticky{0};   // hash of the client that is stuck to, 0: none
  };
  std::shared_ptr<Marks> marks;
};
struct GroupList {
  std::vector<Group> groups;
};

/// What a strategy looks at.
struct PickInput {
  ShareStrategy strategy = ShareStrategy::round_robin;
  std::uint64_t publisher_hash = 0;  // of the publisher's client id
  std::uint64_t topic_hash = 0;
  std::uint64_t random = 0;          // drawn by the caller, so that a simulation can repeat it
  const GroupMember* except = nullptr;  // a member that has just gone away or refused
};

/// The member that gets the message: never `except`; an offline one only if all that are online are full, a full one
/// only if all are; null if nobody is left.  hash_client and hash_topic stay with the same member as long as the set of
/// members that are online and have room does not change.
const GroupMember* pick(const Group& group, const PickInput& input);
/// Nobody in the group has room: what pick() finds would drop the message.
bool is_full(const Group& group);

}  // namespace tombo::routing
