#include "broker/restorer.hpp"

#include "broker/retained_by.hpp"

#include <algorithm>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

namespace tombo::broker {

namespace {
/// Up to so many sessions, the first shard has them all: what crosses shards costs more than it can do.
constexpr std::size_t kOneShardMax = 256;

/// Where the sessions of the store have become sessions of shards.
using Homes = std::unordered_map<store::SessionNumber, routing::SessionHandle>;
}  // namespace

store::EngineResult<RestoredCounts> restore_all(Core& core, std::span<Shard* const> shards, store::Store& store,
                                                const log::Logger& logger) {
  RestoredCounts counts;
  std::vector<RestoredSession> sessions;  // in the order of their numbers
  const auto of = [&](store::SessionNumber number) -> RestoredSession& {
    return *std::lower_bound(sessions.begin(), sessions.end(), number,
                             [](const RestoredSession& session, store::SessionNumber wanted) { return session.number < wanted; });
  };
  store::Store::Rows rows;
  rows.session = [&](store::SessionNumber number, store::SessionRow row) {
    sessions.push_back({number, std::move(row), {}, {}, 0});
  };
  rows.subscription = [&](store::SessionNumber number, std::string filter, const store::SubscriptionRow& row) {
    of(number).subscriptions.emplace_back(std::move(filter), row);
    ++counts.subscriptions;
  };
  rows.received = [&](store::SessionNumber number, mqtt::PacketId id) { of(number).received.push_back(id); };
  rows.head = [&](store::SessionNumber number, store::Seq head) { of(number).head = head; };
  rows.retained_account = &core.counters(0).messages;
  rows.retained = [&](const Ref<mqtt::Message>& message, std::string_view source) {
    message->charge();
    if (core.retained.store(message, source_of(source)) != routing::RetainedStore::Stored::refused) ++counts.retained;
  };
  rows.damaged = [&](const std::string& what) {
    if (++counts.damaged <= 10) logger.error("damaged in the store, and left there: {}", what);
  };
  if (auto loaded = store.load(rows); !loaded) return Failure{loaded.error()};

  auto homes = std::make_shared<Homes>();
  for (auto session = sessions.rbegin(); session != sessions.rend(); ++session) {  // the younger of two first
    const bool spread = sessions.size() > kOneShardMax;
    const auto home = spread ? core.directory.hash(session->row.client_id) % shards.size() : 0;
    const auto made = shards[home]->restore(*session);
    if (!made) {
      shards[home]->discard(*session);
      continue;
    }
    homes->emplace(session->number, *made);
    ++counts.sessions;
  }
  store.count_waiting([&core, homes](const store::Store::Waiting& waiting) {
    const auto home = homes->find(waiting.session);
    if (home == homes->end()) return;
    core.mailbox(home->second.shard).post_call([handle = home->second, waiting](Shard& shard) {
      shard.on_counted(handle, waiting.messages, waiting.bytes);
    });
  });
  return counts;
}

}  // namespace tombo::broker
