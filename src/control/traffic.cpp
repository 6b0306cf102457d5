#include "broker/shard.hpp"
#include "control/commands.hpp"
#include "control/limits.hpp"
#include "control/walk.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace tombo::control {

using broker::SessionSeen;
using broker::Shard;
using broker::Traffic;
using broker::TrafficSeen;

namespace {

/// Two looks at the counts of every client, some time apart; who published and received most between them is shown.
/// 20 bytes a client are kept meanwhile.
class ListTraffic final : public Task {
 public:
  ListTraffic(Context& context, Milliseconds interval, std::size_t limit)
      : Task(context), interval_(interval), limit_(limit), looks_{Look(context.core.shards()), Look(context.core.shards())} {}

  void proceed() override {
    if (shard_ == core().shards()) return next_look();
    if (shard_ == 0 && slot_ == 0) look().at = context().now();
    ask(shard_, [slot = slot_](Shard& there) { return there.list_traffic(slot, kTrafficPerStep); },
        [this](const TrafficSeen& found) { take(found); });
  }

 private:
  struct Look {
    explicit Look(unsigned shards) : counts(shards) {}
    MonoTime at{};
    std::vector<std::vector<Traffic>> counts;  // by shard, in the order of slots
  };
  struct Rate {
    routing::SessionHandle who;
    double received = 0;
    double sent = 0;
    double sum() const { return received + sent; }
  };

  Look& look() { return looks_[second_ ? 1 : 0]; }

  void take(const TrafficSeen& found) {
    auto& counts = look().counts[shard_];
    counts.insert(counts.end(), found.rows.begin(), found.rows.end());
    slot_ = found.next_slot;
    if (found.end) {
      ++shard_;
      slot_ = 0;
    }
    proceed();
  }

  void next_look() {
    if (!second_) {
      second_ = true;
      shard_ = 0;
      return sleep_until(look_at());
    }
    for (unsigned shard = 0; shard < core().shards(); ++shard) compare(static_cast<routing::ShardId>(shard));
    keep_best();
    std::sort(rates_.begin(), rates_.end(), [](const Rate& a, const Rate& b) { return a.sum() > b.sum(); });
    rows_ = Json::array();
    ask_names();
  }
  MonoTime look_at() const { return looks_[0].at + interval_; }

  void compare(routing::ShardId shard) {
    const double seconds = static_cast<double>(std::max<std::int64_t>((looks_[1].at - looks_[0].at).count(), 1)) / 1000.0;
    auto before = looks_[0].counts[shard].cbegin();
    const auto end = looks_[0].counts[shard].cend();
    for (const Traffic& now : looks_[1].counts[shard]) {
      while (before != end && before->slot < now.slot) ++before;
      const bool same = before != end && before->slot == now.slot && before->generation == now.generation &&
                        before->connected_s == now.connected_s;
      // Who has connected since began with nothing.
      const std::uint32_t received = now.received - (same ? before->received : 0);
      const std::uint32_t sent = now.sent - (same ? before->sent : 0);
      if (received == 0 && sent == 0) continue;
      rates_.push_back({{now.slot, now.generation, shard}, received / seconds, sent / seconds});
      if (rates_.size() > 4 * limit_) keep_best();
    }
  }
  void keep_best() {
    if (rates_.size() <= limit_) return;
    std::nth_element(rates_.begin(), rates_.begin() + static_cast<std::ptrdiff_t>(limit_), rates_.end(),
                     [](const Rate& a, const Rate& b) { return a.sum() > b.sum(); });
    rates_.resize(limit_);
  }

  /// Only those that are shown have their names asked for: a run that live on one shard by one letter.
  void ask_names() {
    if (named_ == rates_.size()) return page(Json{{"rows", std::move(rows_)}}, false);
    const routing::ShardId shard = rates_[named_].who.shard;
    std::vector<routing::SessionHandle> handles;
    for (std::size_t i = named_; i < rates_.size() && handles.size() < kHandlesPerStep; ++i) {
      if (rates_[i].who.shard != shard) break;
      handles.push_back(rates_[i].who);
    }
    ask(shard,
        [handles](Shard& there) {
          std::vector<std::optional<SessionSeen>> found;
          for (const auto& handle : handles) {
            SessionSeen seen;
            found.push_back(there.see_session(handle, seen) ? std::optional(seen) : std::nullopt);
          }
          return found;
        },
        [this](const std::vector<std::optional<SessionSeen>>& found) { take_names(found); });
  }

  void take_names(const std::vector<std::optional<SessionSeen>>& found) {
    for (const auto& seen : found) {
      const Rate& rate = rates_[named_++];
      if (!seen) continue;  // has gone meanwhile
      rows_.push_back(Json{{"id", seen->client_id},
                           {"address", seen->address},
                           {"received_per_s", rate.received},
                           {"sent_per_s", rate.sent},
                           {"in_flight", seen->in_flight},
                           {"queued", seen->queued},
                           {"dropped", seen->dropped}});
    }
    ask_names();
  }

  Milliseconds interval_;
  std::size_t limit_;
  std::array<Look, 2> looks_;
  bool second_ = false;
  routing::ShardId shard_ = 0;
  std::uint32_t slot_ = 0;
  std::vector<Rate> rates_;
  std::size_t named_ = 0;
  Json rows_;
};

}  // namespace

std::shared_ptr<Task> list_traffic(Context& context, Arguments& arguments) {
  const Milliseconds interval{static_cast<std::int64_t>(arguments.number("interval_ms", 1000, 100, 60'000))};
  const auto limit = static_cast<std::size_t>(arguments.number("limit", 20, 1, 1000));
  return std::make_shared<ListTraffic>(context, interval, limit);
}

}  // namespace tombo::control
