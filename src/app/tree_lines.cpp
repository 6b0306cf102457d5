#include "app/tree_lines.hpp"

#include "broker/core.hpp"
#include "broker/shard.hpp"

#include <algorithm>
#include <utility>

namespace tombo::app {

/// Where it stands.  An answer that finds its walk gone is not heard.
struct TreeLines::Walk {
  std::vector<std::uint32_t> begun;  // sessions of each shard when it began
  routing::ShardId shard = 0;
  broker::SubscriptionPlace place;
  std::size_t lines = 0;
  std::size_t pages_left = 0;  // in this step
  std::size_t lines_left = 0;
  MonoTime next_step{};
  bool asking = false;
};

TreeLines::TreeLines(broker::Core& core, Orders& orders, const log::Logger& logger) : core_(core), orders_(orders), log_(logger) {}

TreeLines::~TreeLines() = default;

void TreeLines::begin(MonoTime now) {
  if (walk_) return log_.info("the subscriptions are being written already");
  walk_ = std::make_shared<Walk>();
  for (unsigned i = 0; i < core_.shards(); ++i) {
    walk_->begun.push_back(static_cast<std::uint32_t>(core_.counters(static_cast<routing::ShardId>(i)).sessions_begun.get()));
  }
  log_.info("subscriptions of all sessions follow subscriptions={}", core_.sum(&broker::ShardCounters::subscriptions));
  walk_->next_step = now;
  go_on(now);
}

void TreeLines::go_on(MonoTime now) {
  if (!walk_ || now < walk_->next_step) return;
  walk_->next_step = now + kStep;
  walk_->pages_left = kPagesPerStep;
  walk_->lines_left = kLinesPerStep;
  if (!walk_->asking) ask();
}

void TreeLines::ask() {
  walk_->asking = true;
  --walk_->pages_left;
  broker::SubscriptionQuery query;
  query.begun = walk_->begun[walk_->shard];
  core_.mailbox(walk_->shard).post_call([this, orders = &orders_, weak = std::weak_ptr(walk_), query, from = walk_->place](broker::Shard& there) {
    if (weak.expired()) return;
    auto found = std::make_shared<broker::SubscriptionsSeen>(there.list_subscriptions(query, from, kRecordsPerPage));
    orders->post([this, weak, found] {
      if (!weak.expired()) take(*found);
    });
  });
}

void TreeLines::take(const broker::SubscriptionsSeen& found) {
  Walk& walk = *walk_;
  walk.asking = false;
  for (const auto& seen : found.rows) {
    if (walk.lines++ == kLinesMax) return end(true);
    log_.info("subscription {} qos={} client={}", seen.filter, seen.qos, seen.client_id);
  }
  walk.place = found.next;
  if (found.end) {
    walk.place = {};
    if (++walk.shard == walk.begun.size()) return end(false);
  }
  walk.lines_left -= std::min(walk.lines_left, found.rows.size());
  if (walk.pages_left > 0 && walk.lines_left >= kRecordsPerPage) ask();
}

void TreeLines::end(bool more) {
  if (more) {
    log_.info("there are more subscriptions than {}: tomboctl subscriptions lists all of them", kLinesMax);
  } else {
    log_.info("that were all subscriptions lines={}", walk_->lines);
  }
  walk_.reset();
}

}  // namespace tombo::app
