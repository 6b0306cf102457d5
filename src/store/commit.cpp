#include "store/store_impl.hpp"

#include <algorithm>
#include <chrono>
#include <unordered_map>
#include <utility>

namespace tombo::store {

namespace {
/// Between two tries to write while the disk refuses.
constexpr Milliseconds kTryAgain{500};
/// A commit costs the device some 16 KB whatever is in it.  After one with so many records more are on their way, and
/// the next one waits for them, for less than this.
constexpr std::size_t kManyRecords = 64;
constexpr Milliseconds kForMore{1};
}  // namespace

std::size_t Store::Impl::committable() const {
  std::size_t end = 0;
  for (std::size_t bytes = 0; end < waiting.size() && (end == 0 || bytes + waiting[end].bytes <= kCommitBytes); ++end) {
    bytes += waiting[end].bytes;
  }
  const std::size_t whole = whole_publishes(end);
  // A publish that begins with the first slice may reach beyond what one commit takes.
  return whole != 0 || end == waiting.size() ? whole : whole_publishes(waiting.size());
}

/// How many of the first `end` slices hold no part of a publish whose other parts are not among them.
std::size_t Store::Impl::whole_publishes(std::size_t end) const {
  struct Seen {
    std::uint32_t parts = 0;
    std::uint32_t wanted = 0;
    std::size_t first = 0;
  };
  for (;;) {
    std::unordered_map<std::uint64_t, Seen> seen;
    for (std::size_t i = 0; i < end; ++i) {
      for (const Part& part : waiting[i].parts) {
        Seen& publish = seen[part.publish];
        if (publish.parts++ == 0) publish.first = i;
        publish.wanted = part.parts;
      }
    }
    std::size_t cut = end;
    for (const auto& [number, publish] : seen) {
      if (publish.parts < publish.wanted) cut = std::min(cut, publish.first);
    }
    if (cut == end) return end;
    end = cut;  // which may tear another one apart
  }
}

Milliseconds Store::Impl::linger(const StoreOptions& now) const {
  return gathers && batch.records() >= kManyRecords ? std::max(now.linger, kForMore) : now.linger;
}

/// At a stop: takes the slice's share of its publishes out.
void Store::Impl::forget_publish(Slice& slice) {
  for (Entry& entry : slice.entries) {
    if (auto* finished = std::get_if<Finished>(&entry)) finished->maybe_gone = true;
  }
  std::erase_if(slice.entries, [](const Entry& entry) {
    const auto* row = std::get_if<RowChanged>(&entry);
    return std::holds_alternative<Enqueued>(entry) || (row != nullptr && row->key.starts_with('i') && !row->erased);
  });
  slice.parts.clear();
}

bool Store::Impl::ready_to_write(MonoTime now) {
  if (!failing->load(std::memory_order_relaxed)) return true;
  if (now < try_again) return false;
  const auto recovered = parts.engine->recover();
  if (recovered) return true;
  failed(recovered.error());
  return false;
}

bool Store::Impl::commit(std::size_t slices, bool sync) {
  if (unwritten == 0) {
    changes.clear();
    ended.clear();
    batch.build({waiting.data(), slices}, Moment::of(*parts.clock), changes, ended);
    reserve_epochs(slices);
  }
  unwritten = slices;  // until the disk has taken them
  if (!changes.empty() && !write_changes(sync)) return false;
  completed(slices);
  return true;
}

/// A run that gives out so many tickets that its sequence numbers reach the next epoch takes that, too.
void Store::Impl::reserve_epochs(std::size_t slices) {
  for (std::size_t i = 0; i < slices; ++i) {
    if (waiting[i].shard != kNobody) reserved = std::max<std::uint64_t>(reserved, waiting[i].last >> kEpochShift);
  }
  if (reserved == noted) return;
  noted = reserved;
  changes.put(key_of_state("epoch"), encode_number((epoch_begin >> kEpochShift) + reserved));
}

/// False also if the disk cannot say: a reference too many costs space, one too few a message.
bool Store::Impl::has_row(std::string_view key) const {
  std::string value;
  const auto got = parts.engine->get(key, value);
  return got && *got;
}

bool Store::Impl::write_changes(bool sync) {
  const auto began = std::chrono::steady_clock::now();
  const auto written = parts.engine->write(changes, sync);
  if (!written) {
    failed(written.error());
    return false;
  }
  if (failing->exchange(false, std::memory_order_relaxed)) parts.failing(false, {});
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - began);
  figures.last_commit_us.store(static_cast<std::uint64_t>(took.count()), std::memory_order_relaxed);
  figures.commits.fetch_add(1, std::memory_order_relaxed);
  figures.records.fetch_add(batch.records(), std::memory_order_relaxed);
  figures.bytes.fetch_add(changes.bytes(), std::memory_order_relaxed);
  return true;
}

void Store::Impl::failed(const EngineError& error) {
  figures.errors.fetch_add(1, std::memory_order_relaxed);
  try_again = parts.clock->mono() + kTryAgain;
  if (!failing->exchange(true, std::memory_order_relaxed)) parts.failing(true, error.text);
}

void Store::Impl::completed(std::size_t slices) {
  std::vector<std::pair<unsigned, Ticket>> tickets;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < slices; ++i) {
    const Slice& slice = waiting[i];
    bytes += slice.bytes;
    if (slice.shard == kNobody) continue;
    const auto known = std::find_if(tickets.begin(), tickets.end(), [&](const auto& t) { return t.first == slice.shard; });
    if (known == tickets.end()) {
      tickets.emplace_back(slice.shard, slice.last);
    } else {
      known->second = slice.last;
    }
  }
  waiting.erase(waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(slices));
  unwritten = 0;
  changes.clear();
  sync_since = kNever;
  rest_since = waiting.empty() ? kNever : parts.clock->mono();
  for (const Slice& slice : waiting) {
    if (slice.sync) sync_since = rest_since;
  }
  figures.backlog_bytes.fetch_sub(bytes, std::memory_order_relaxed);
  {
    const std::lock_guard lock{mutex};
    slices_done += slices;
    sweeps.insert(sweeps.end(), ended.begin(), ended.end());
  }
  ended.clear();
  for (const auto& [shard, ticket] : tickets) parts.completed(shard, ticket);
}

}  // namespace tombo::store
