#pragma once

#include <cstdint>
#include <string>

namespace tombo::bench {

/// What one subcommand is to do; each looks at the fields that concern it.
struct Load {
  std::uint16_t port = 0;
  std::uint32_t sessions = 1000;  ///< "away-N", each with the filter "away/N"
  std::uint32_t filters = 1;      ///< of each session, the others match nothing
  std::uint32_t publishers = 10;
  std::uint32_t window = 100;  ///< unacknowledged messages of one publisher
  std::uint64_t count = 0;     ///< messages in all; 0: for so many seconds
  double seconds = 3;
  double rate = 0;  ///< messages a second in all; 0: a closed loop
  std::uint32_t payload = 200;
  bool retain = false;    ///< each to a topic of its own, "kept/N"
  bool online = false;    ///< subscribers stay and acknowledge, one for each publisher
  std::string ledger;     ///< file of what was acknowledged
  std::string directory;  ///< of the raw sync
};

// Each prints one JSON object.
void prepare(const Load& load);   // sessions.cpp: makes the sessions and leaves them
void drain(const Load& load);     // sessions.cpp: comes back to each session and counts what it has
void publish(const Load& load);   // publish.cpp
void raw_sync(const Load& load);  // raw_sync.cpp: what the disk takes for an append and fdatasync

}  // namespace tombo::bench
