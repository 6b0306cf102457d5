#include "store/rocks/options.hpp"

#include <rocksdb/cache.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/statistics.h>
#include <rocksdb/table.h>

#include <cstdarg>

namespace tombo::store::rocks {

namespace {

struct Sizes {
  std::size_t write_buffer;
  std::size_t cache;
  std::uint64_t wal_max;
  std::uint64_t table_file;
  std::uint64_t first_level;
  int open_files_max;
  int background_jobs;
};
constexpr std::size_t kMiB = 1 << 20;
constexpr Sizes kGateway{2 * kMiB, 2 * kMiB, 8 * kMiB, 8 * kMiB, 32 * kMiB, 64, 2};
constexpr Sizes kServer{16 * kMiB, 8 * kMiB, 64 * kMiB, 32 * kMiB, 128 * kMiB, 256, 3};

/// RocksDB's own log would grow beside the data and tell operators nothing that our errors do not.
class NoLog final : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, std::va_list) override {}
};

/// After an error that stops writing, only Engine::recover() makes the database writable again, at a moment of its own
/// choosing.  What merely delays compaction heals by itself.
class RecoverOnlyWhenAsked final : public rocksdb::EventListener {
 public:
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status error, bool* automatic) override {
    if (error.severity() >= rocksdb::Status::Severity::kHardError) *automatic = false;
  }
};

void set_table(rocksdb::Options& options, const Sizes& sizes) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(sizes.cache);
  table.block_size = 8 << 10;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  // Indexes stay with the open files, of which there are few: in a cache of some megabytes they would push each other
  // out, and one read would cost three.  A table of 32 MiB has about 160 KiB of index, so 256 open ones have 40 MiB.
  table.cache_index_and_filter_blocks = false;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  // What is asked for by key is nearly always there, so the largest level needs no filter: nine tenths of their memory.
  options.optimize_filters_for_hits = true;
}

void set_log(rocksdb::Options& options, const Sizes& sizes) {
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  options.recycle_log_file_num = 0;  // recovery to a point in time needs files without old content
  options.max_total_wal_size = sizes.wal_max;
}

void set_housekeeping(rocksdb::Options& options, const Sizes& sizes) {
  options.max_open_files = sizes.open_files_max;
  options.max_background_jobs = sizes.background_jobs;
  options.max_manifest_file_size = 4 * kMiB;  // it is read at every start
  options.keep_log_file_num = 1;
  options.info_log = std::make_shared<NoLog>();
  options.info_log_level = rocksdb::InfoLogLevel::HEADER_LEVEL;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  options.skip_stats_update_on_db_open = true;  // reads every table at the start
  options.avoid_unnecessary_blocking_io = true;
  options.bytes_per_sync = kMiB;  // compaction's output flows out evenly and leaves room for the log's syncs
  options.allow_mmap_reads = false;
  options.allow_mmap_writes = false;
  options.max_bgerror_resume_count = 0;
  options.listeners.push_back(std::make_shared<RecoverOnlyWhenAsked>());
  options.statistics = rocksdb::CreateDBStatistics();
  options.statistics->set_stats_level(rocksdb::StatsLevel::kExceptHistogramOrTimers);
}

}  // namespace

rocksdb::Options options_for(Profile profile, rocksdb::Env* env) {
  const Sizes& sizes = profile == Profile::gateway ? kGateway : kServer;
  rocksdb::Options options;
  if (env != nullptr) options.env = env;
  options.paranoid_checks = true;
  options.compression = rocksdb::kLZ4Compression;
  options.write_buffer_size = sizes.write_buffer;
  options.target_file_size_base = sizes.table_file;
  options.max_bytes_for_level_base = sizes.first_level;
  // Queues are mostly erased again before they are old: what is compacted late is often not compacted at all.
  options.level0_file_num_compaction_trigger = 8;
  options.level_compaction_dynamic_level_bytes = true;  // what was erased does not stay in a nearly empty largest level
  set_table(options, sizes);
  set_log(options, sizes);
  set_housekeeping(options, sizes);
  return options;
}

rocksdb::ReadOptions read_options() {
  rocksdb::ReadOptions options;
  options.verify_checksums = true;
  return options;
}

}  // namespace tombo::store::rocks
