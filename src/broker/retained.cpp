#include "broker/shard.hpp"

#include <algorithm>
#include <utility>

namespace tombo::broker {

namespace {
/// Nodes of the retained tree that one step of a walk looks at, so that a filter which matches little in a large tree
/// does not hold the lock for long.
constexpr std::size_t kNodesPerStep = 1000;
/// Walks that go on in one turn; the others have theirs in the next.
constexpr std::size_t kWalksPerTurn = 64;
}  // namespace

/// Retained messages follow a new subscription in steps: a '#' over a million of them holds nobody up.
/// [MQTT-3.3.1-9..11]
void Shard::start_walk(Client& client, std::string_view filter, const mqtt::SubscribeOptions& options,
                       std::uint32_t subscription_id) {
  if (core_.retained.count() == 0) return;
  if (!client.walks) client.walks = std::make_unique<std::deque<RetainedWalk>>();
  client.walks->push_back({core_.retained.walk(filter), options, subscription_id});
  if (client.walking) return;
  client.walking = true;
  walkers_.push_back(&client);
}

void Shard::continue_walks() {
  if (walkers_.empty()) return;
  const std::size_t count = std::min(walkers_.size(), kWalksPerTurn);
  std::vector<Client*> now(walkers_.begin(), walkers_.begin() + static_cast<std::ptrdiff_t>(count));
  walkers_.erase(walkers_.begin(), walkers_.begin() + static_cast<std::ptrdiff_t>(count));
  if (!walkers_.empty()) work_left_ = true;
  for (Client* client : now) {
    if (continue_walk(*client)) work_left_ = true;
    if (client->walks) {
      walkers_.push_back(client);
    } else {
      client->walking = false;
    }
  }
}

/// One step; false if the client must first take what it has got.
bool Shard::continue_walk(Client& client) {
  ClientSession& session = *client.session;
  if (!session.queue.empty() || session.resending() || !can_write(client)) return false;
  RetainedWalk& walk = client.walks->front();
  batch_.clear();
  const bool more = core_.retained.next(*walk.cursor, options_->limits.retained_batch, kNodesPerStep, now_, batch_);
  for (const auto& message : batch_) {
    if (walk.options.no_local && message->origin() == origin_of(session)) continue;
    Terms terms;
    terms.qos = mqtt::lower_of(message->qos(), walk.options.qos);
    terms.retain = true;  // [3.1.1 MQTT-3.3.1-8]
    terms.subscription_id = walk.subscription_id;
    deliver(session, message, terms);
  }
  batch_.clear();
  if (more) return true;
  core_.retained.end(std::move(walk.cursor));
  client.walks->pop_front();
  if (client.walks->empty()) client.walks.reset();
  return client.walks != nullptr;
}

void Shard::drop_walks(Client& client) {
  if (!client.walks) return;
  for (auto& walk : *client.walks) core_.retained.end(std::move(walk.cursor));
  client.walks.reset();
  if (client.walking) std::erase(walkers_, &client);
  client.walking = false;
}

}  // namespace tombo::broker
