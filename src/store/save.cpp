#include "store/store_impl.hpp"

#include <utility>
#include <vector>

namespace tombo::store {

bool Store::save(std::function<void()> told) {
  {
    const std::lock_guard lock{impl_->mutex};
    if (impl_->saves.size() >= kSavesMax) return false;
    impl_->saves.push_back({impl_->slices_taken, std::move(told)});
  }
  if (wake_writer_) wake_writer_();
  return true;
}

bool Store::Impl::wants_save() {
  const std::lock_guard lock{mutex};
  return !saves.empty();
}

/// Those for which nothing waits any more: what was written without a sync before is synced with a row that says nothing new.
/// False if there is none, or the disk refuses.
bool Store::Impl::finish_saves() {
  std::vector<std::function<void()>> told;
  {
    const std::lock_guard lock{mutex};
    if (saves.empty() || slices_done < saves.front().after) return false;
  }
  changes.clear();
  changes.put(key_of_state("format"), encode_number(kFormat));
  if (const auto written = parts.engine->write(changes, true); !written) {
    failed(written.error());
    return false;
  }
  if (failing->exchange(false, std::memory_order_relaxed)) parts.failing(false, {});
  changes.clear();
  {
    const std::lock_guard lock{mutex};
    while (!saves.empty() && saves.front().after <= slices_done) {
      told.push_back(std::move(saves.front().told));
      saves.pop_front();
    }
  }
  for (const auto& tell : told) tell();
  return true;
}

}  // namespace tombo::store
