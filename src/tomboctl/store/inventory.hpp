#pragma once

#include "store/engine.hpp"
#include "store/rows.hpp"

#include <cstdint>
#include <functional>
#include <string>

namespace tombo::tomboctl {

/// Rows of one kind.
struct Heap {
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;  // keys and values
};

/// What a store holds in all.
struct Inventory {
  std::uint64_t format = 0;  // 0: not told
  std::uint64_t epoch = 0;   // how often it was started or imported into
  Heap sessions, subscriptions, deliveries, received, messages, retained;
  Heap others;  // heads, the store's own
};
store::EngineResult<Inventory> take_inventory(const store::Engine& engine);

/// One session with what belongs to it.
struct SessionSum {
  store::SessionNumber number = 0;
  bool readable = false;  // its row
  store::SessionRow row;
  std::uint64_t subscriptions = 0;
  std::uint64_t received = 0;    // QoS 2, not released
  std::uint64_t deliveries = 0;
  std::uint64_t queued_bytes = 0;  // of their messages
};
/// Tells of sessions from the number `from` on, in the order of their numbers.  Return false to stop.
/// Remembers a thousand sessions at a time.
store::EngineResult<void> list_sessions(const store::Engine& engine, store::SessionNumber from,
                                        const std::function<bool(const SessionSum&)>& visit);

}  // namespace tombo::tomboctl
