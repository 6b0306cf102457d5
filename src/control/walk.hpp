#pragma once

#include "broker/inspect.hpp"
#include "control/task.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tombo::control {

/// Where a walk over the sessions of all shards stands, and how young a session it still lists: one that began after
/// the walk did is left out, since its client may have been met on another shard or in another slot already.
class WalkPlace {
 public:
  explicit WalkPlace(const broker::Core& core);
  /// Goes on where token() was taken; nothing if that is no place in this broker.
  static std::optional<WalkPlace> from(const broker::Core& core, std::string_view token);
  std::string token() const;

  bool at_end() const { return shard >= begun_.size(); }
  std::uint32_t begun() const { return begun_[shard]; }
  void next_shard() {
    ++shard;
    slot = record = generation = 0;
  }

  routing::ShardId shard = 0;
  std::uint32_t slot = 0;
  std::uint32_t record = 0;      // within the slot's session
  std::uint32_t generation = 0;  // of that session

 private:
  std::vector<std::uint32_t> begun_;  // by shard
};

/// The arguments "limit" and "after" that every such listing takes; 0: no limit.
std::uint64_t limit_of(Arguments& arguments);
WalkPlace place_of(const broker::Core& core, Arguments& arguments);

// Rows as the protocol has them.  A value that there is not is null.
Json client_row(const broker::SessionSeen& seen, const config::Options& options);
Json session_row(const broker::SessionSeen& seen);
/// What rules ask of somebody, besides the client id.
Json principal_row(const auth::Principal& principal);
Json queue_row(const broker::SessionSeen& seen);
/// "127.0.0.1:1883"
std::string listener_name(const config::Options& options, std::size_t index);

}  // namespace tombo::control
