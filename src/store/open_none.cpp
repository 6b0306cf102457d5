// Takes the place of store/rocks/ where RocksDB was left out.
#include "store/open.hpp"

namespace tombo::store {

EngineResult<Opened> open_engine(const OpenParts&) {
  return Failure{EngineError{EngineError::Kind::refused,
                             "this tombo was built without a store: build it with -DTOMBO_ROCKSDB=ON (librocksdb-dev)"}};
}

}  // namespace tombo::store
