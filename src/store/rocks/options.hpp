#pragma once

#include "store/open.hpp"

#include <rocksdb/options.h>

namespace tombo::store::rocks {

/// How RocksDB is run.  `env` null: the operating system's.
rocksdb::Options options_for(Profile profile, rocksdb::Env* env);

/// Of every read: nothing that a checksum does not confirm is believed.
rocksdb::ReadOptions read_options();

}  // namespace tombo::store::rocks
