#include "broker/shard.hpp"
#include "control/commands.hpp"
#include "control/limits.hpp"
#include "control/walk.hpp"

#include <algorithm>
#include <utility>

namespace tombo::control {

using broker::SessionQuery;
using broker::SessionSeen;
using broker::SessionsSeen;
using broker::Shard;

namespace {

/// The longest queues first; among those of one length, who lost most.
bool comes_before(const SessionSeen& a, const SessionSeen& b) {
  if (a.queued != b.queued) return a.queued > b.queued;
  return a.dropped > b.dropped;
}

/// Walks over all sessions, keeps as many as are wanted, and then tells them page by page.
class ListQueues final : public Task {
 public:
  ListQueues(Context& context, SessionQuery query, std::size_t limit)
      : Task(context), query_(std::move(query)), place_(context.core), limit_(limit) {}

  void proceed() override {
    if (place_.at_end()) return tell();
    query_.begun = place_.begun();
    ask(place_.shard, [query = query_, slot = place_.slot](Shard& there) { return there.list_sessions(query, slot, kSlotsPerStep); },
        [this](SessionsSeen found) { take(std::move(found)); });
  }

 private:
  void take(SessionsSeen found) {
    found_ += found.rows.size();
    kept_.insert(kept_.end(), std::make_move_iterator(found.rows.begin()), std::make_move_iterator(found.rows.end()));
    if (found.end) {
      place_.next_shard();
    } else {
      place_.slot = found.next_slot;
    }
    if (kept_.size() > 2 * limit_) keep_best();
    if (!place_.at_end()) return proceed();
    keep_best();
    std::sort(kept_.begin(), kept_.end(), comes_before);
    tell();
  }
  void keep_best() {
    if (kept_.size() <= limit_) return;
    std::nth_element(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(limit_), kept_.end(), comes_before);
    kept_.resize(limit_);
  }
  void tell() {
    Json rows = Json::array();
    for (; told_ < kept_.size() && rows.size() < kRowsPerPage; ++told_) rows.push_back(queue_row(kept_[told_]));
    const bool more = told_ < kept_.size();
    Json body{{"rows", std::move(rows)}};
    if (!more) body["found"] = found_;
    page(body, more);
  }

  SessionQuery query_;
  WalkPlace place_;
  std::size_t limit_;
  std::uint64_t found_ = 0;
  std::vector<SessionSeen> kept_;
  std::size_t told_ = 0;
};

}  // namespace

std::shared_ptr<Task> list_queues(Context& context, Arguments& arguments) {
  constexpr std::uint64_t kUsual = 100;
  SessionQuery query;
  query.of = SessionQuery::Of::lagging;
  query.prefix = arguments.text("prefix");
  const auto limit = arguments.number("limit", kUsual, 1, kSortedRowsMax);
  return std::make_shared<ListQueues>(context, std::move(query), static_cast<std::size_t>(limit));
}

}  // namespace tombo::control
