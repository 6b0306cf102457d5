#pragma once

#include "bench/engine/address.hpp"
#include "bench/engine/clock.hpp"
#include "bench/engine/layout.hpp"
#include "bench/engine/loop.hpp"
#include "bench/engine/record_file.hpp"
#include "bench/engine/tally.hpp"
#include "bench/engine/tls.hpp"
#include "bench/measure/stream_check.hpp"
#include "mqtt/packet_views.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

namespace tombo::bench::engine {

/// How many deliveries of each publisher's messages there were: what closed-loop credit is counted from.
class CreditBook {
 public:
  explicit CreditBook(std::size_t publishers) : cells_(std::make_unique<Cell[]>(publishers)) {}

  void add(std::uint32_t publisher, std::uint64_t deliveries) {
    cells_[publisher].deliveries.fetch_add(deliveries, std::memory_order_relaxed);
  }
  std::uint64_t deliveries(std::uint32_t publisher) const {
    return cells_[publisher].deliveries.load(std::memory_order_relaxed);
  }

 private:
  // A cache line each: publishers on different threads do not disturb each other.
  struct alignas(64) Cell {
    std::atomic<std::uint64_t> deliveries{0};
  };
  std::unique_ptr<Cell[]> cells_;
};

/// What all workers of a run share; immutable but for the credit and the record file.
struct RunWide {
  RunWide(const Plan& plan_to_run, Layout made)
      : plan(plan_to_run), layout(std::move(made)), credit(layout.publishers), wall(plan.clock_offset_us) {}

  const Plan& plan;
  const Layout layout;
  CreditBook credit;
  WallClock wall;
  Endpoint target;
  std::vector<Endpoint> sources;
  std::unique_ptr<TlsContext> tls;
  std::unique_ptr<RecordFile> record;
};

/// One stream as one receiver (or one group of them) sees it.
struct StreamState {
  explicit StreamState(bool ordered) : check(ordered) {}

  StreamCheck check;
  std::uint64_t next = 0;   // one past the highest sequence number seen
  std::uint64_t first = 0;  // subscribe_only: the first one seen, which counts as 0
};

/// What the clients of one worker share.  Lives on: the worker's thread.
struct Context {
  Context(RunWide& run_wide, Loop& worker_loop, Tally& worker_tally)
      : run(run_wide), loop(worker_loop), tally(worker_tally) {}

  RunWide& run;
  Loop& loop;
  Tally& tally;
  std::vector<StreamState> group;        // Spread::any: what its receivers see together
  std::vector<std::uint8_t> read_room;   // for one read
  std::vector<std::uint8_t> write_room;  // for one batch of packets
  std::vector<std::uint32_t> returned;   // by publisher: deliveries since the last settling of credit
  std::vector<std::uint32_t> touched;    // publishers with some
  Calendar calendar;
  bool sending = false;            // publishers may publish
  std::uint64_t progress = 0;      // deliveries and acknowledgements: tells a standstill
  std::uint64_t delivered = 0;     // first arrivals, and what will not arrive for a known reason
  std::int64_t subscribed_ns = 0;  // `retained`: when the SUBSCRIBE was sent
  mqtt::PublishView publish;       // one view serves every message: clearing it costs
  mqtt::AckView ack;
  std::int64_t read_us = 0;                        // when the bytes at hand were read, on the common clock
  mqtt::Qos lowest_qos = mqtt::Qos::exactly_once;  // of what arrived

  void give_credit(std::uint32_t publisher, std::uint32_t deliveries) {
    if (returned[publisher] == 0) touched.push_back(publisher);
    returned[publisher] += deliveries;
  }
};

}  // namespace tombo::bench::engine
