#pragma once

#include "base/clock.hpp"
#include "base/log.hpp"
#include "store/engine.hpp"
#include "store/rows.hpp"
#include "store/sink.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace tombo::store {

/// What the store has done; read by anybody.
struct StoreFigures {
  std::atomic<std::uint64_t> commits{0};
  std::atomic<std::uint64_t> records{0};           // written
  std::atomic<std::uint64_t> bytes{0};             // of keys and values handed to the engine
  std::atomic<std::uint64_t> errors{0};            // commits that failed
  std::atomic<std::uint64_t> backlog_bytes{0};     // handed over and not written
  std::atomic<std::uint64_t> last_commit_us{0};
};

/// How the store is run; the numbers may change at a reload.
struct StoreOptions {
  Milliseconds linger{0};
  Milliseconds interval{1000};  // between syncs of what nobody waits for
  bool sync = true;             // false: the operating system decides when the disk sees what was written
  std::size_t backlog_bytes_max = 32 << 20;
};

/// The store without its threads: takes the shards' slices, makes one batch of them, writes it with one sync, and tells
/// the shards.  step() and read_step() do one piece of work each and return whether there was any; a simulation calls
/// them when it likes, StoreThreads from two threads.
/// Lives on: take(), read() any shard; step() one thread, read_step() one thread.
class Store final : public Sink {
 public:
  struct Parts {
    Engine* engine = nullptr;  // outlives the store
    const Clock* clock = nullptr;
    log::Logger logger;
    StoreOptions options;
    /// Posts to a shard that its records up to the ticket are durable.
    std::function<void(unsigned shard, Ticket durable)> completed;
    /// The topic's retained message as it is now, or none.
    std::function<RetainedNow(std::string_view topic)> retained;
    /// Called when writing begins to fail and when it works again; on the committer's thread.
    std::function<void(bool failing, const std::string& why)> failing;
  };
  explicit Store(Parts parts);
  ~Store() override;

  // --- at the start, before anything is taken

  /// Makes the store's first keys or checks them, and raises the epoch.  What was `mended` may have lost its own note of
  /// the epoch, or have an old one: then every number is looked at.
  EngineResult<void> begin(bool mended = false);
  std::uint64_t epoch() const { return epoch_; }
  /// Goes on with another engine: the first one was found damaged, this is what could be saved.  Before begin(), or before
  /// a second load(); then keep_epoch() writes what begin() had written.
  void set_engine(Engine& engine);
  EngineResult<void> keep_epoch();
  /// Everything that must be known before a client is served.  Each is called once per row.
  struct Rows {
    std::function<void(SessionNumber, SessionRow)> session;
    std::function<void(SessionNumber, std::string filter, SubscriptionRow)> subscription;
    std::function<void(SessionNumber, mqtt::PacketId)> received;
    std::function<void(SessionNumber, Seq head)> head;
    std::function<void(Ref<mqtt::Message>, std::string_view source)> retained;  // of a MessageRow
    mqtt::MemoryAccount* retained_account = nullptr;  // of those messages
    std::function<void(std::string what)> damaged;  // a row that could not be read; it stays where it is
  };
  EngineResult<void> load(const Rows& rows);
  /// Counts what waits for each session, so that messages which nobody needs are found.  Takes as long as the store is
  /// large: run by read_step() after load(), in pieces.
  struct Waiting {
    SessionNumber session = 0;
    std::uint64_t messages = 0;
    std::uint64_t bytes = 0;
  };
  void count_waiting(std::function<void(const Waiting&)> told);

  // --- Sink
  void take(Slice slice) override;
  bool full() const override { return figures.backlog_bytes.load(std::memory_order_relaxed) > options_max_.load(std::memory_order_relaxed); }
  bool failing() const override { return failing_.load(std::memory_order_relaxed); }
  void read(ReadOrder order) override;

  // --- the work

  /// Commits what was taken; false if there was nothing to do now.
  bool step(MonoTime now);
  bool read_step();
  /// When step() should be called again if nothing is taken before.
  MonoTime next_due() const;
  /// Writes everything that was taken, with a sync, whatever the options say.
  EngineResult<void> flush();
  /// Writes everything that was taken before, with a sync, whatever the options say and without waiting for more, then tells
  /// so on the committer's thread.  While the disk takes nothing it waits with the rest; kSavesMax wait at most.
  static constexpr std::size_t kSavesMax = 16;
  bool save(std::function<void()> told);
  void set_options(const StoreOptions& options);
  /// From now on a commit under load waits a moment of real time for more; off where a clock stands still.
  void gather_under_load();
  /// What to do when there is something for step() and for read_step(); set before anything is taken.
  void set_wake(std::function<void()> writer, std::function<void()> reader) {
    wake_writer_ = std::move(writer);
    wake_reader_ = std::move(reader);
  }

  StoreFigures figures;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  std::function<void()> wake_writer_;
  std::function<void()> wake_reader_;
  std::uint64_t epoch_ = 0;
  std::atomic<bool> failing_{false};
  std::atomic<std::size_t> options_max_;
};

}  // namespace tombo::store
