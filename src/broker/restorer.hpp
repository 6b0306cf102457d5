#pragma once

#include "base/log.hpp"
#include "broker/core.hpp"
#include "broker/shard.hpp"
#include "store/store.hpp"

#include <span>

namespace tombo::broker {

/// What came back from the store.
struct RestoredCounts {
  std::size_t sessions = 0;
  std::size_t subscriptions = 0;
  std::size_t retained = 0;
  std::size_t damaged = 0;  // rows that could not be read; they stay in the store
};

/// Makes everything of the store that must be known before a client is served; queues stay where they are and are read
/// when their clients come.  Before the shards run.
store::EngineResult<RestoredCounts> restore_all(Core& core, std::span<Shard* const> shards, store::Store& store,
                                                const log::Logger& logger);

}  // namespace tombo::broker
