#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "connection.hpp"
#include "meter.hpp"

namespace tombo::bench {

/// Who gets a publisher's messages.
enum class Spread : std::uint8_t {
  one,     ///< Publisher i's messages all go to one subscriber (pairs, fan-in): strict order.
  all,     ///< Every subscriber gets every message (fan-out): strict order each.
  any,     ///< One subscriber of many gets it (shared group): rising order each.
  marked,  ///< Each message names its subscriber (matching): rising order, right receiver.
};

/// One prepared message of a publisher.
struct Draft {
  std::string topic;
  std::uint32_t receiver = 0;  ///< Only looked at with Spread::marked.
};

/// A closed-loop load by credit.
struct FlowPlan {
  std::uint32_t publishers = 10;
  std::uint32_t subscribers = 10;
  std::uint8_t qos = 0;
  std::size_t payload_bytes = 64;
  std::uint32_t window = 100;  ///< Undelivered messages per publisher, at most.
  /// Credit that must be there before the next write: 25 is the loads' "25 at a time".
  std::uint32_t threshold = 25;
  /// Messages per write, at most.  With all credit in one write (the default) the bare relay
  /// shows the 0.1 µs known for these loads; cut at 25 it is woken for every quarter.
  std::uint32_t chunk = 100;
  Spread spread = Spread::one;
  /// What publisher i sends, over and over.  At least `chunk` drafts.
  std::function<std::vector<Draft>(std::uint32_t)> drafts;
  std::function<std::vector<std::string>(std::uint32_t)> filters;
};

/// What happened between two moments.
struct FlowFigures {
  double seconds = 0;
  double broker_cpu_us = 0;     ///< per delivered message
  double generator_cpu_us = 0;  ///< per delivered message
  double rate = 0;              ///< delivered messages per second
};

class FlowPublisher;
class FlowSubscriber;

/// Runs a FlowPlan against a broker and checks every promise it can see: nothing lost,
/// nothing twice, order kept, handshakes answered in order.  Throws when one is broken.
/// One use: construct, then measure() or pace(), then finish().
class Flow {
 public:
  Flow(const Target& target, FlowPlan plan);
  ~Flow();

  /// Runs the closed loop for `warm_up_s` and then measures for `seconds`.
  FlowFigures measure(const ProcessMeter& meter, double warm_up_s, double seconds);

  /// Open loop: publishes on schedule, `per_second` in all, publishers in turn.  Returns the
  /// delays in ns from when each message was due (not: sent) to its delivery; the warm-up's
  /// are left out.
  FlowFigures pace(const ProcessMeter& meter, double warm_up_s, double seconds, double per_second,
                   std::vector<std::uint32_t>& delays_ns);

  /// Stops publishing, waits for everything under way and checks the totals.
  void finish();

 private:
  friend class FlowPublisher;
  friend class FlowSubscriber;
  struct Mark {
    std::int64_t time_ns, broker_ns, own_ns;
    std::uint64_t delivered;
  };

  void turn(std::int64_t timeout_ns);
  [[nodiscard]] bool settled() const;
  [[nodiscard]] Mark mark(const ProcessMeter& meter) const;
  static FlowFigures between(const Mark& from, const Mark& to);

  FlowPlan plan_;
  Reactor reactor_;
  std::vector<std::unique_ptr<FlowPublisher>> publishers_;
  std::vector<std::unique_ptr<FlowSubscriber>> subscribers_;
  bool closed_loop_ = false;
  std::uint64_t delivered_ = 0;
  std::uint64_t handshakes_ = 0;  ///< Completed on either side; progress like deliveries.
  std::uint64_t last_progress_ = 0;
  std::int64_t last_progress_ns_ = 0;
  std::int64_t pace_start_ns_ = 0;
  double pace_step_ns_ = 0;
  std::vector<std::uint32_t>* delays_ns_ = nullptr;
};

}  // namespace tombo::bench
