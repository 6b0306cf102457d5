#pragma once

#include "app/orders.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "broker/inspect.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace tombo::broker {
class Core;
}  // namespace tombo::broker

namespace tombo::app {

/// Writes the subscriptions of all sessions to the log, as SIGUSR2 asks for it: page after page, asked of one shard after the
/// other by letters that look at a bounded number of subscriptions, and never more lines in a second than the log takes.
/// Sessions that begin while it goes on are left out.  A second wish while one is being fulfilled is not heard.
/// Lives on: main.
class TreeLines {
 public:
  static constexpr std::size_t kLinesMax = 10'000;   // then it says that there are more
  static constexpr std::size_t kRecordsPerPage = 256;  // that one letter looks at
  static constexpr Milliseconds kStep{1'000};
  static constexpr std::size_t kLinesPerStep = 1'024;  // half of what the log's queue holds
  static constexpr std::size_t kPagesPerStep = 64;     // of sessions without subscriptions there may be many

  /// All of them outlive it.  Answers come by orders, which main runs.
  TreeLines(broker::Core& core, Orders& orders, const log::Logger& logger);
  ~TreeLines();
  TreeLines(const TreeLines&) = delete;
  TreeLines& operator=(const TreeLines&) = delete;

  void begin(MonoTime now);
  /// To be called now and then: the next pages, if it is time for them.
  void go_on(MonoTime now);

 private:
  struct Walk;
  void ask();
  void take(const broker::SubscriptionsSeen& found);
  void end(bool more);

  broker::Core& core_;
  Orders& orders_;
  log::Logger log_;
  std::shared_ptr<Walk> walk_;  // none: nothing to do
};

}  // namespace tombo::app
