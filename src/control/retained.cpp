#include "base/base64.hpp"
#include "broker/shard.hpp"
#include "control/commands.hpp"
#include "control/is_text.hpp"
#include "control/limits.hpp"
#include "control/walk.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace tombo::control {

using broker::RetainedListing;
using broker::RetainedSeen;
using broker::Shard;

namespace {

/// The store belongs to all shards; this one is asked, since a thread that holds the store's lock should not be one
/// that the system may take off its core in favour of another shard.
constexpr routing::ShardId kAsked = 0;

Json row_of(const RetainedSeen& seen) {
  return Json{{"topic", seen.topic},
              {"qos", seen.qos},
              {"bytes", seen.payload_bytes},
              {"age_s", seen.age_s},
              {"expires_in_s", seen.expires_in_s ? Json(*seen.expires_in_s) : Json(nullptr)}};
}

class ListRetained final : public Task {
 public:
  ListRetained(Context& context, std::unique_ptr<RetainedListing> listing, std::uint64_t limit)
      : Task(context), listing_(std::move(listing)), limit_(limit) {}

  void proceed() override {
    std::size_t messages = kRetainedPerStep;
    if (limit_ != 0) messages = static_cast<std::size_t>(std::min<std::uint64_t>(messages, limit_ - listed_));
    // The walk stays ours: a letter that is never read must not keep it longer than the store lives.
    std::weak_ptr<RetainedListing> listing = listing_;
    ask(kAsked,
        [listing, messages](Shard& there) {
          Step step;
          const auto walk = listing.lock();
          step.more = walk != nullptr && walk->next(messages, kNodesPerStep, there.now(), step.rows);
          return step;
        },
        [this](const Step& step) { take(step); });
  }

 private:
  struct Step {
    std::vector<RetainedSeen> rows;
    bool more = false;
  };

  void take(const Step& step) {
    Json rows = Json::array();
    for (const auto& seen : step.rows) rows.push_back(row_of(seen));
    listed_ += rows.size();
    const bool cut = step.more && limit_ != 0 && listed_ >= limit_;
    if (step.more && !cut) return page(Json{{"rows", std::move(rows)}}, true);
    page(Json{{"rows", std::move(rows)}, {"cut", cut}}, false);
  }

  std::shared_ptr<RetainedListing> listing_;
  std::uint64_t limit_;
  std::uint64_t listed_ = 0;
};

class GetRetained final : public Task {
 public:
  GetRetained(Context& context, std::string topic) : Task(context), topic_(std::move(topic)) {}

  void proceed() override {
    ask(kAsked,
        [topic = topic_](Shard& there) {
          Found found;
          found.exists = see_retained(there.core(), topic, kPayloadMax, there.now(), found.seen, found.payload);
          return found;
        },
        [this](const Found& found) { take(found); });
  }

 private:
  struct Found {
    bool exists = false;
    RetainedSeen seen;
    std::string payload;
  };

  void take(const Found& found) {
    if (!found.exists) return fail(ErrorCode::not_found, "there is no retained message of topic " + excerpt(topic_));
    Json row = row_of(found.seen);
    if (found.seen.payload_bytes > found.payload.size()) row["cut_after"] = found.payload.size();
    if (is_text(found.payload)) {
      row["payload"] = found.payload;
    } else {
      row["payload_base64"] = base64(found.payload);
    }
    result(std::move(row));
  }

  std::string topic_;
};

class RemoveRetained final : public Task {
 public:
  RemoveRetained(Context& context, std::string topic) : Task(context), topic_(std::move(topic)) {}

  void proceed() override {
    ask(kAsked, [topic = topic_](Shard& there) { return there.remove_retained(topic); },
        [this](bool removed) {
          if (!removed) return fail(ErrorCode::not_found, "there is no retained message of topic " + excerpt(topic_));
          context().logger.info("control: retained message of {} removed {}", excerpt(topic_), who());
          result(Json{{"topic", topic_}});
        });
  }

 private:
  std::string topic_;
};

}  // namespace

std::shared_ptr<Task> list_retained(Context& context, Arguments& arguments) {
  const std::string filter = arguments.given_text("filter").value_or("#");
  auto listing = RetainedListing::begin(context.core, filter);
  if (!listing) arguments.refuse(fmt::format("'{}' is no topic filter", excerpt(filter)));
  return std::make_shared<ListRetained>(context, std::move(listing), limit_of(arguments));
}

std::shared_ptr<Task> get_retained(Context& context, Arguments& arguments) {
  return std::make_shared<GetRetained>(context, arguments.needed_text("topic"));
}

std::shared_ptr<Task> remove_retained(Context& context, Arguments& arguments) {
  return std::make_shared<RemoveRetained>(context, arguments.needed_text("topic"));
}

}  // namespace tombo::control
