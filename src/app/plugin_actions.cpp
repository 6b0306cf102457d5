#include "app/plugin_actions.hpp"

#include "broker/core.hpp"
#include "broker/shard.hpp"

#include <memory>
#include <utility>
#include <vector>

namespace tombo::app {

namespace {
/// What a letter holds besides its texts, for the limit of the mailbox.
constexpr std::size_t kLetterBytes = 256;

/// False if the shard's mailbox is full.  Plugins are told, where other senders would be held back.
bool post(broker::Core& core, routing::ShardId shard, std::size_t bytes, std::function<void(broker::Shard&)> call) {
  broker::Mailbox& mailbox = core.mailbox(shard);
  bytes += kLetterBytes;
  if (mailbox.full(bytes)) return false;
  std::vector<broker::Letter> letters;
  letters.emplace_back(broker::CallLetter{std::make_unique<std::function<void(broker::Shard&)>>(std::move(call))});
  mailbox.post(letters, bytes);
  return true;
}
}  // namespace

bool PluginActions::publish(plugin::OwnMessage message) {
  broker::Core* core = core_.load(std::memory_order_acquire);
  if (core == nullptr) return false;
  const std::size_t bytes = message.topic.size() + message.payload.size() + message.properties.size();
  if (bytes > core->first_options()->limits.packet_bytes_max) return false;
  const auto shard = static_cast<routing::ShardId>(core->directory.hash(message.topic) % core->shards());
  const auto kept = std::make_shared<const plugin::OwnMessage>(std::move(message));
  return post(*core, shard, bytes, [kept](broker::Shard& there) { there.publish_own(*kept); });
}

bool PluginActions::kick(std::string client_id, mqtt::ReasonCode reason) {
  broker::Core* core = core_.load(std::memory_order_acquire);
  if (core == nullptr) return false;
  routing::ShardId home = 0;
  if (!core->directory.find(client_id, home)) return true;  // it is not here
  const std::size_t bytes = client_id.size();
  return post(*core, home, bytes, [id = std::move(client_id), reason](broker::Shard& there) { there.kick(id, reason); });
}

}  // namespace tombo::app
