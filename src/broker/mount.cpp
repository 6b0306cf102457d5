#include "broker/shard.hpp"

#include "mqtt/topic.hpp"

#include <vector>

namespace tombo::broker {

using mqtt::ReasonCode;

// A listener's mount point stands before all topics and filters of its clients.  It is put there where their packets are
// looked at, so that rules, routing, sessions and the store know whole topics only, and taken off by encode_publish().
// Topics in properties (Response Topic) and in payloads stay as they are.

namespace {
/// Bytes of a text in a packet.
constexpr std::size_t kTextMax = 65'535;
}  // namespace

/// Puts `topic` behind the mount point, in `whole`; false if no topic may be so long or have so many levels.
bool Shard::mount_topic(const std::string& mount, std::string_view& topic, std::string& whole) const {
  if (mount.size() + topic.size() > kTextMax) return false;
  whole.assign(mount).append(topic);
  topic = whole;
  return mqtt::count_levels(topic) <= options_->limits.topic_levels_max;
}

/// False if the packet was answered: with its mount point it has no valid topic.
bool Shard::mount_publish(Client& client, mqtt::PublishView& publish) {
  received_ = nullptr;  // the packet is not the message
  if (mount_topic(*client.peer.mount, publish.topic, mounted_)) return true;
  counters_.publish_received.add();
  ++client.publish_received;
  counters_.publish_bytes_received.add(publish.payload.size());
  if (limits_rates_) count_in(client, publish.payload.size());
  counters_.drop(Drop::refused);
  routing_ = {};
  answer_publish(client, publish, ReasonCode::topic_name_invalid);
  return false;
}

/// The filter as it is matched, good until the next one is asked for; one that is invalid, or becomes too long, is given
/// back as something invalid.
std::string_view Shard::mounted_filter(const Client& client, std::string_view filter) {
  if (!client.peer.mount) return filter;
  const auto parsed = mqtt::parse_filter(filter);
  if (!parsed.valid) return filter;
  if (client.peer.mount->size() + filter.size() > kTextMax) return {};
  mounted_.assign(filter.substr(0, filter.size() - parsed.filter.size()));  // "$share/GROUP/"
  return mounted_.append(*client.peer.mount).append(parsed.filter);
}

/// A session that was elsewhere before: what it subscribed to there has no topic here.
void Shard::leave_other_mounts(ClientSession& session) {
  const std::string_view mount = *session.client->peer.mount;
  std::vector<std::string> gone;
  for (std::uint32_t i = 0; i < session.subscriptions.size(); ++i) {
    const std::string_view filter = session.subscriptions[i].filter->text();
    if (!filter.starts_with(mount)) gone.emplace_back(filter);
  }
  for (std::size_t i = 0; session.has_shared() && i < session.shared().size(); ++i) {
    const SharedSubscription& shared = session.shared()[i];
    if (shared.filter != nullptr && !shared.filter->text().starts_with(mount)) gone.push_back(shared_text(shared));
  }
  routing_ = {};
  for (const auto& filter : gone) {
    logger_.info("client {} loses its subscription to {}: it came back to a listener with mount point {}", session.client_id(),
                 filter, mount);
    unsubscribe_one(session, filter);
  }
}

}  // namespace tombo::broker
