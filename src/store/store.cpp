#include "store/store_impl.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace tombo::store {

Store::Store(Parts parts) : impl_(std::make_unique<Impl>(std::move(parts), figures)), options_max_(impl_->options.backlog_bytes_max) {
  impl_->failing = &failing_;
}

Store::~Store() = default;

namespace {
/// The highest epoch that any number in the store is of.
EngineResult<std::uint64_t> highest_epoch(const Engine& engine) {
  std::uint64_t highest = 0;
  for (const char* letter : {"s", "m", "q"}) {
    const auto scanned = engine.scan(letter, after_prefix(letter), [&](std::string_view key, std::string_view) {
      highest = std::max({highest, number_in_key(key) >> kEpochShift, *letter == 'q' ? seq_in_key(key) >> kEpochShift : 0});
      return true;
    });
    if (!scanned) return Failure{scanned.error()};
  }
  return highest;
}
}  // namespace

EngineResult<void> Store::begin(bool mended) {
  Engine& engine = *impl_->parts.engine;
  std::string value;
  const auto has_format = engine.get(key_of_state("format"), value);
  if (!has_format) return Failure{has_format.error()};
  if (*has_format) {
    const auto format = decode_number(value);
    if (!format || *format != kFormat) {
      return Failure{EngineError{EngineError::Kind::refused,
                                 fmt::format("the store has format {}, and this tombo knows {} only", format.value_or(0), kFormat)}};
    }
  }
  const auto has_epoch = engine.get(key_of_state("epoch"), value);
  if (!has_epoch) return Failure{has_epoch.error()};
  epoch_ = *has_epoch ? decode_number(value).value_or(0) : 0;
  if (mended || epoch_ == 0) {
    const auto highest = highest_epoch(engine);
    if (!highest) return Failure{highest.error()};
    epoch_ = std::max(epoch_, *highest);
  }
  ++epoch_;
  impl_->epoch_begin = epoch_ << kEpochShift;
  impl_->references.begin(impl_->epoch_begin + 1);
  return keep_epoch();
}

void Store::set_engine(Engine& engine) {
  impl_->parts.engine = &engine;
  impl_->loaded.clear();
}

EngineResult<void> Store::keep_epoch() {
  Changes changes;
  changes.put(key_of_state("format"), encode_number(kFormat));
  changes.put(key_of_state("epoch"), encode_number(epoch_));
  return impl_->parts.engine->write(changes, true);
}

void Store::take(Slice slice) {
  const std::lock_guard lock{impl_->mutex};
  figures.backlog_bytes.fetch_add(slice.bytes, std::memory_order_relaxed);
  impl_->taken.push_back(std::move(slice));
  ++impl_->slices_taken;
  if (wake_writer_) wake_writer_();
}

void Store::read(ReadOrder order) {
  const std::lock_guard lock{impl_->mutex};
  impl_->orders.push_back({std::move(order), impl_->slices_taken});
  if (wake_writer_) wake_writer_();  // what comes before has to be written first
  if (wake_reader_) wake_reader_();
}

void Store::gather_under_load() {
  impl_->gathers = true;
}

void Store::set_options(const StoreOptions& options) {
  const std::lock_guard lock{impl_->mutex};
  impl_->options = options;
  options_max_.store(options.backlog_bytes_max, std::memory_order_relaxed);
}

bool Store::step(MonoTime now) {
  StoreOptions options;
  const std::lock_guard commit_lock{impl_->commit_mutex};
  {
    const std::lock_guard lock{impl_->mutex};
    options = impl_->options;
    for (auto& slice : impl_->taken) {
      if (slice.sync) impl_->sync_since = std::min(impl_->sync_since, now);
      impl_->rest_since = std::min(impl_->rest_since, now);
      impl_->waiting.push_back(std::move(slice));
    }
    impl_->taken.clear();
    // Who comes for its deliveries does not wait for what nobody was in a hurry with.
    if (!impl_->orders.empty() && impl_->orders.front().after > impl_->slices_done) impl_->sync_since = std::min(impl_->sync_since, now);
  }
  const bool saves = impl_->wants_save();
  if ((impl_->waiting.empty() && !saves) || !impl_->ready_to_write(now)) return false;
  if (saves && impl_->unwritten == 0 && impl_->finish_saves()) return true;
  if (impl_->waiting.empty()) return false;
  const bool awaited = saves || (impl_->sync_since != kNever && now >= impl_->sync_since + impl_->linger(options));
  const bool rested = now >= impl_->rest_since + options.interval;
  const bool much = figures.backlog_bytes.load(std::memory_order_relaxed) > kCommitBytes;
  if (impl_->unwritten == 0 && !awaited && !rested && !much) return false;
  const std::size_t slices = impl_->unwritten != 0 ? impl_->unwritten : impl_->committable();
  return slices != 0 && impl_->commit(slices, options.sync || saves);
}

MonoTime Store::next_due() const {
  const std::lock_guard commit_lock{impl_->commit_mutex};
  const std::lock_guard lock{impl_->mutex};
  if (impl_->waiting.empty() && impl_->saves.empty()) return kNever;
  if (failing()) return impl_->try_again;
  if (impl_->waiting.empty()) return MonoTime::min();
  const MonoTime awaited = impl_->sync_since == kNever ? kNever : impl_->sync_since + impl_->linger(impl_->options);
  return std::min(awaited, impl_->rest_since + impl_->options.interval);
}

EngineResult<void> Store::flush() {
  const std::lock_guard commit_lock{impl_->commit_mutex};
  {
    const std::lock_guard lock{impl_->mutex};
    for (auto& slice : impl_->taken) impl_->waiting.push_back(std::move(slice));
    impl_->taken.clear();
  }
  impl_->try_again = MonoTime::min();
  while (!impl_->waiting.empty()) {
    if (!impl_->ready_to_write(impl_->parts.clock->mono())) break;
    std::size_t whole = impl_->unwritten != 0 ? impl_->unwritten : impl_->committable();
    if (whole == 0) {
      // Of a publish whose other part does not come any more; it was not acknowledged, and what is behind was.
      impl_->forget_publish(impl_->waiting.front());
      continue;
    }
    if (!impl_->commit(whole, true)) break;
  }
  if (failing()) return Failure{EngineError{EngineError::Kind::io, "the disk takes nothing"}};
  return {};
}

}  // namespace tombo::store
