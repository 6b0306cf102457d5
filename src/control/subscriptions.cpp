#include "base/hash.hpp"
#include "broker/shard.hpp"
#include "control/commands.hpp"
#include "control/limits.hpp"
#include "control/walk.hpp"

#include <unordered_set>
#include <utility>

namespace tombo::control {

using broker::Shard;
using broker::SubscriptionQuery;
using broker::SubscriptionSeen;
using broker::SubscriptionsSeen;

namespace {

/// A session's subscriptions may change their places while a walk is in its midst; then one might be met twice, and is
/// told apart by its filter.  Holds the hashes of one session's filters, and so is bounded as they are.
class MetInSession {
 public:
  bool is_new(const SubscriptionSeen& seen) {
    if (seen.client_id != client_id_) {
      client_id_ = seen.client_id;
      filters_.clear();
    }
    return filters_.insert(hash_bytes(seen.filter, 0)).second;
  }

 private:
  std::string client_id_;
  std::unordered_set<std::uint64_t> filters_;
};

Json row_of(const SubscriptionSeen& seen) {
  return Json{{"id", seen.client_id},
              {"filter", seen.filter},
              {"qos", seen.qos},
              {"no_local", seen.no_local},
              {"retain_as_published", seen.retain_as_published},
              {"subscription_id", seen.subscription_id == 0 ? Json(nullptr) : Json(seen.subscription_id)}};
}

class ListSubscriptions final : public Task {
 public:
  ListSubscriptions(Context& context, SubscriptionQuery query, WalkPlace place, std::uint64_t limit)
      : Task(context), query_(std::move(query)), place_(std::move(place)), limit_(limit) {}

  void proceed() override {
    if (!query_.client_id.empty() && place_.slot == 0 && place_.record == 0) {
      routing::ShardId home = 0;
      if (!core().directory.find(query_.client_id, home)) {
        return fail(ErrorCode::not_found, "there is no session of client " + excerpt(query_.client_id));
      }
      place_.shard = home;
    }
    query_.begun = place_.begun();
    // A page that could pass the limit is asked for as short as that.
    std::size_t records = kRecordsPerStep;
    if (limit_ != 0) records = static_cast<std::size_t>(std::min<std::uint64_t>(records, limit_ - listed_));
    const broker::SubscriptionPlace from{place_.slot, place_.record, place_.generation};
    ask(place_.shard, [query = query_, from, records](Shard& there) { return there.list_subscriptions(query, from, records); },
        [this](const SubscriptionsSeen& found) { take(found); });
  }

 private:
  void take(const SubscriptionsSeen& found) {
    Json rows = Json::array();
    for (const auto& seen : found.rows) {
      if (met_.is_new(seen)) rows.push_back(row_of(seen));
    }
    listed_ += rows.size();
    place_.slot = found.next.slot;
    place_.record = found.next.record;
    place_.generation = found.next.generation;
    if (found.end) place_.next_shard();
    const bool one_session = !query_.client_id.empty();
    if (place_.at_end() || (found.end && one_session)) return end(std::move(rows), nullptr);
    if (limit_ != 0 && listed_ >= limit_) return end(std::move(rows), place_.token());
    page(Json{{"rows", std::move(rows)}}, true);
  }
  void end(Json rows, Json next) { page(Json{{"rows", std::move(rows)}, {"next", std::move(next)}}, false); }

  SubscriptionQuery query_;
  WalkPlace place_;
  std::uint64_t limit_;
  std::uint64_t listed_ = 0;
  MetInSession met_;
};

}  // namespace

std::shared_ptr<Task> list_subscriptions(Context& context, Arguments& arguments) {
  SubscriptionQuery query;
  query.client_id = arguments.text("id");
  query.filter = arguments.text("filter");
  WalkPlace place = place_of(context.core, arguments);
  return std::make_shared<ListSubscriptions>(context, std::move(query), std::move(place), limit_of(arguments));
}

}  // namespace tombo::control
