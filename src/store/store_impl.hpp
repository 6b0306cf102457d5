#pragma once

#include "store/batch.hpp"
#include "store/message_form.hpp"
#include "store/references.hpp"
#include "store/store.hpp"

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

// The inside of Store, shared by the files that are parts of it: store, commit, read, count and load.

namespace tombo::store {

/// Rows that a sweep or a count looks at in one step.
inline constexpr std::size_t kRowsPerStep = 2'000;
/// Bytes of records that one commit takes at most: the time of a commit, and memory while it lasts, stay bounded.
inline constexpr std::size_t kCommitBytes = 8 << 20;
/// Slices of the store's own, which no shard hears of.
inline constexpr unsigned kNobody = ~0U;

/// Where a count of what waits stands.
struct Count {
  std::vector<std::pair<SessionNumber, Seq>> sessions;  // with their heads
  std::set<SessionNumber> orphans;  // of which deliveries are left, and nothing else
  std::size_t at = 0;
  SessionNumber behind = 0;  // everything before was looked at
  Seq from = 0;
  Store::Waiting found;
  std::function<void(const Store::Waiting&)> told;
};

struct Store::Impl {
  Impl(Parts given, StoreFigures& of_figures)
      : parts(std::move(given)), figures(of_figures), options(parts.options), batch(references, parts.retained, [this](std::string_view key) { return has_row(key); }) {}

  // --- the committer's (commit_mutex, which a count takes, too; commit.cpp)
  bool commit(std::size_t slices, bool sync);
  bool write_changes(bool sync);
  void completed(std::size_t slices);
  void forget_publish(Slice& slice);
  void failed(const EngineError& error);
  bool ready_to_write(MonoTime now);
  /// How long a commit waits for more.
  Milliseconds linger(const StoreOptions& now) const;
  /// How many of the waiting slices may be committed now: no publish is torn apart, and not too much at once.
  std::size_t committable() const;
  std::size_t whole_publishes(std::size_t end) const;

  bool has_row(std::string_view key) const;
  void reserve_epochs(std::size_t slices);
  // save.cpp
  bool wants_save();
  bool finish_saves();

  // --- the reader's (read.cpp, count.cpp)
  bool take_order();
  Read carry_out(const ReadOrder& order);
  bool read_row(std::string_view key, std::string_view value, mqtt::MemoryAccount* account, const Moment& now, Read& read);
  bool sweep_some();
  bool count_some();
  bool find_orphan(SessionNumber next);
  /// Whether a session's deliveries were counted: all, as many as one step may look at, or not all since the disk failed.
  enum class Counted : std::uint8_t { whole, partly, unreadable };
  Counted count_session(SessionNumber session, Seq from, std::size_t& rows);
  void finish_count();

  Parts parts;
  StoreFigures& figures;
  std::atomic<bool>* failing = nullptr;

  std::mutex mutex;  // of the lists that other threads fill
  StoreOptions options;
  std::atomic<bool> gathers{false};  // under load a commit waits a moment for more
  std::vector<Slice> taken;
  std::uint64_t slices_taken = 0;
  std::uint64_t slices_done = 0;
  struct Order {
    ReadOrder order;
    std::uint64_t after;  // slices that must be done first
  };
  std::deque<Order> orders;
  std::deque<SessionNumber> sweeps;
  struct Save {
    std::uint64_t after;  // slices that must be done first
    std::function<void()> told;
  };
  std::deque<Save> saves;

  std::mutex commit_mutex;
  References references;
  Batch batch;
  Changes changes;
  std::vector<Slice> waiting;
  std::size_t unwritten = 0;   // slices at the front of `waiting` that `changes` is made of, and that the disk refused
  std::vector<SessionNumber> ended;
  MonoTime sync_since = kNever;  // somebody waits
  MonoTime rest_since = kNever;  // something is there
  MonoTime try_again = MonoTime::min();

  std::unique_ptr<Count> count;
  Seq sweep_from = 0;
  Seq epoch_begin = 0;
  std::uint64_t reserved = 0;  // epochs beyond this one that sequence numbers have reached
  std::uint64_t noted = 0;
  std::vector<std::pair<SessionNumber, Seq>> loaded;  // sessions and their heads
};

}  // namespace tombo::store
