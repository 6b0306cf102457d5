#pragma once

#include "store/engine.hpp"
#include "store/import/mosquitto_file.hpp"
#include "store/import/store_writer.hpp"

#include <cstdint>

namespace tombo::store {

struct ImportedFromMosquitto {
  Imported rows;
  std::uint64_t qos0_left_out = 0;  // queued at QoS 0, which tombo does not keep
};

/// Puts what Mosquitto held into a store.  A QoS 2 message that its publisher has not released is known to nobody but
/// Mosquitto, which waits for that; tombo hands such a message on when it comes, so the import does it: to the sessions of
/// the file that subscribe to it.  `now_s`: Unix time.
EngineResult<ImportedFromMosquitto> import_mosquitto(const MosquittoFile& file, std::int64_t now_s, StoreWriter& writer);

}  // namespace tombo::store
