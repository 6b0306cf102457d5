#include "broker/shard.hpp"

#include "broker/retained_by.hpp"

#include <algorithm>
#include <utility>

namespace tombo::broker {

using mqtt::Qos;

namespace {
/// Nodes of the retained tree that one step of a walk looks at, so that a filter which matches little in a large tree
/// does not hold the lock for long.
constexpr std::size_t kNodesPerStep = 1000;
/// Walks that go on in one turn; the others have theirs in the next.
constexpr std::size_t kWalksPerTurn = 64;
}  // namespace

/// Retained messages follow a new subscription in steps: a '#' over a million of them holds nobody up.
/// [MQTT-3.3.1-9..11]
void Shard::start_walk(ClientSession& session, std::string_view filter, const mqtt::SubscribeOptions& options,
                       std::uint32_t subscription_id) {
  if (core_.retained.count() == 0) return;
  if (!session.walks) {
    session.walks = std::make_unique<std::deque<RetainedWalk>>();
    walkers_.push_back(&session);
  }
  session.walks->push_back({core_.retained.walk(filter), options, subscription_id});
}

void Shard::continue_walks() {
  for (std::size_t count = std::min(walkers_.size(), kWalksPerTurn); count > 0; --count) {
    ClientSession* session = walkers_.front();
    walkers_.pop_front();
    if (continue_walk(*session)) work_left_ = true;
    if (session->walks) walkers_.push_back(session);
  }
  if (walkers_.size() > kWalksPerTurn) work_left_ = true;
}

/// One step; false if there is nothing more to do now.
bool Shard::continue_walk(ClientSession& session) {
  if (session.connected()) {
    // The client must first take what it has got.
    if (!session.queue.empty() || on_disk(session) || session.resending() || !can_write(*session.client)) return false;
  } else if (queued_messages(session) >= options_->limits.queue_messages_max) {
    end_walks(session);
    return false;
  }
  // What its client does not take at once must find room in the queue, and displaces nothing there.
  const std::size_t room = std::min<std::size_t>(options_->limits.retained_batch, options_->limits.queue_messages_max - queued_messages(session));
  RetainedWalk& walk = session.walks->front();
  batch_.clear();
  sources_.clear();
  routing_ = {};
  const bool checks = options_->acl.check_retain_source && core_.authenticator().restricts_access();
  const bool more = core_.retained.next(*walk.cursor, room, kNodesPerStep, now_, batch_, checks ? &sources_ : nullptr);
  for (std::size_t i = 0; i < batch_.size(); ++i) {
    const auto& message = batch_[i];
    if (checks && sources_[i] && !may_publish_still(*sources_[i], *message)) continue;
    if (walk.options.no_local && message->origin() == origin_of(session)) continue;
    Terms terms;
    terms.qos = qos_for(*message, walk.options.qos);
    terms.retain = true;  // [3.1.1 MQTT-3.3.1-8]
    terms.subscription_id = walk.subscription_id;
    if (terms.qos == Qos::at_most_once && !session.connected()) continue;  // nothing that a session keeps
    deliver(session, message, terms);
  }
  batch_.clear();
  sources_.clear();
  if (more) return true;
  core_.retained.end(std::move(walk.cursor));
  session.walks->pop_front();
  if (session.walks->empty()) session.walks.reset();
  return session.walks != nullptr;
}

/// Who stored it may have lost the right since then: nobody gets what he would not be allowed to send now.
bool Shard::may_publish_still(const routing::RetainedSource& source, const mqtt::Message& message) {
  const auto& by = static_cast<const RetainedBy&>(source);
  const auth::Access access{auth::Action::publish, by.client_id,  by.principal, by.listener,
                            message.topic(),       message.qos(), true};
  return core_.authenticator().rule_on(access).decision == auth::Decision::allow;
}

/// Whether anybody may ever ask who stored a retained message.
bool Shard::keeps_sources() const {
  return core_.authenticator().restricts_access() || core_.authenticator().knows_users();
}

std::shared_ptr<const routing::RetainedSource> Shard::source_of_retained(Client& client) {
  if (!keeps_sources()) return nullptr;
  const ClientSession& session = *client.session;
  const auto* known = static_cast<const RetainedBy*>(client.source.get());
  if (known == nullptr || known->principal != session.principal) {
    client.source = std::make_shared<RetainedBy>(session.client_id(), session.principal, client.listener);
  }
  return client.source;
}

void Shard::end_walks(ClientSession& session) {
  for (auto& walk : *session.walks) core_.retained.end(std::move(walk.cursor));
  session.walks.reset();
}

void Shard::drop_walks(ClientSession& session) {
  if (!session.walks) return;
  end_walks(session);
  std::erase(walkers_, &session);
}

}  // namespace tombo::broker
