#pragma once

#include "bench/engine/client.hpp"
#include "bench/engine/context.hpp"
#include "bench/engine/schedule.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace tombo::bench::engine {

/// What a worker tells about itself; read by the conductor at any time.
struct WorkerState {
  std::atomic<std::uint64_t> ready{0};   // clients that got ready
  std::atomic<std::uint64_t> failed{0};  // clients that will never be ready
  std::atomic<std::uint64_t> gone{0};    // clients that were ready and will not return
  std::atomic<std::uint64_t> sent{0};
  std::atomic<std::uint64_t> delivered{0};
  std::atomic<std::uint64_t> progress{0};  // anything that came back
  std::atomic<std::int64_t> active_ns{0};  // when something was last sent or came back
  std::atomic<bool> all_sent{false};
  std::atomic<bool> settled{false};  // no handshake is open
  std::atomic<bool> ended{false};
};

/// One thread with its loop and its clients.  The conductor steers it with commands.
class Worker final : public ClientOwner {
 public:
  /// `others` are all workers of the run, this one included; filled before start().
  Worker(RunWide& run, unsigned number, const std::vector<std::unique_ptr<Worker>>& others);
  ~Worker() override;

  bool start();

  struct Command {
    enum class Kind : std::uint8_t { connect_receivers, connect_senders, calendar, traffic, quiet, churn, leave };
    Kind kind;
    Calendar calendar{};
  };
  /// From any thread.
  void post(const Command& command);
  void poke_for_credit();

  const WorkerState& state() const { return state_; }
  Tally& tally() { return tally_; }
  /// What went wrong so far, the first of each kind.
  std::vector<RunError> errors() const;
  void join();

  // After join().
  const std::vector<std::unique_ptr<Client>>& clients() const { return clients_; }
  const Context& context() const { return context_; }

  void on_ready(Client& client) override;
  void on_failed(Client& client, const RunError& error) override;
  void on_lost(Client& client, const RunError& error, bool returns) override;

 private:
  void run();
  void turn();
  void obey(const Command& command);
  std::uint32_t half_open_max() const;
  void connect_some(std::int64_t now);
  void churn(std::int64_t now);
  void settle_credit();
  void wake_publishers();
  void tick(std::int64_t now);
  void forgive_standstill(std::int64_t now);
  void tell_state(std::int64_t now);
  void note(const RunError& error);
  std::int64_t next_timer(std::int64_t now) const;

  RunWide& run_;
  const unsigned number_;
  const std::vector<std::unique_ptr<Worker>>& others_;
  Loop loop_;
  Tally tally_;
  Context context_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<Client*> local_publishers_;   // by the publisher's number; null: on another worker
  std::vector<Client*> publishers_;         // the ones here
  std::vector<std::uint64_t> sent_before_;  // as seen a second ago
  Schedule schedule_;

  // Connecting: in the order of clients_, from next_connect_ to connect_to_.
  std::size_t next_connect_ = 0;
  std::size_t connect_to_ = 0;
  std::size_t first_sender_ = 0;
  std::uint32_t half_open_ = 0;
  std::int64_t connect_from_ns_ = 0;
  std::uint64_t connects_begun_ = 0;

  bool churning_ = false;
  std::int64_t churn_from_ns_ = 0;
  std::uint64_t churned_ = 0;
  std::size_t next_churn_ = 0;

  std::int64_t next_tick_ns_ = 0;
  std::int64_t next_forgive_ns_ = 0;
  bool leaving_ = false;
  std::uint64_t progress_before_ = 0;

  WorkerState state_;
  std::atomic<bool> credit_came_{false};
  mutable std::mutex mutex_;  // of the two below
  std::vector<Command> commands_;
  std::vector<RunError> errors_;
  std::atomic<bool> commands_wait_{false};
  std::thread thread_;
};

}  // namespace tombo::bench::engine
