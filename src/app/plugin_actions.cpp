#include "app/plugin_actions.hpp"

#include "broker/core.hpp"
#include "broker/shard.hpp"
#include "filter/tls.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tombo::app {

namespace {
/// What a letter holds besides its texts, for the limit of the mailbox.
constexpr std::size_t kLetterBytes = 256;
/// Messages that plugins publish before there are shards.
constexpr std::size_t kEarlyMax = 1'000;

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

void PluginActions::begin(broker::Core& core) {
  std::vector<plugin::OwnMessage> early;
  {
    const std::lock_guard lock{mutex_};
    begun_ = true;
    early.swap(early_);
    core_.store(&core, std::memory_order_release);
  }
  for (auto& message : early) publish(std::move(message));
}

/// While plugins begin; false once there are shards, or too many.
bool PluginActions::publish_early(plugin::OwnMessage& message) {
  const std::lock_guard lock{mutex_};
  if (begun_ || early_.size() >= kEarlyMax) return false;
  early_.push_back(std::move(message));
  return true;
}

bool PluginActions::publish(plugin::OwnMessage message) {
  broker::Core* core = core_.load(std::memory_order_acquire);
  if (core == nullptr && publish_early(message)) return true;
  core = core_.load(std::memory_order_acquire);
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

namespace {
/// Whose connections are to end.
struct Whom {
  bool everybody = false;
  std::string user_name;
  bool with_will = true;
};

/// Goes on with a letter to itself until it has seen all sessions.
void kick_users(broker::Shard& shard, const std::shared_ptr<const Whom>& whom, std::uint32_t from_slot) {
  std::optional<std::string> user;
  if (!whom->everybody) user.emplace(whom->user_name);
  const std::uint32_t next = shard.kick_users(user, whom->with_will, from_slot);
  if (next == 0) return;
  shard.core().mailbox(shard.id()).post_call([whom, next](broker::Shard& there) { kick_users(there, whom, next); });
}

/// Whatever waits for the shards already: who may not stay must go.
bool kick_everywhere(broker::Core* core, Whom wanted) {
  if (core == nullptr) return false;
  const auto whom = std::make_shared<const Whom>(std::move(wanted));
  for (unsigned shard = 0; shard < core->shards(); ++shard) {
    core->mailbox(static_cast<routing::ShardId>(shard)).post_call([whom](broker::Shard& there) { kick_users(there, whom, 0); });
  }
  return true;
}
}  // namespace

bool PluginActions::publish_to(std::string client_id, plugin::OwnMessage message) {
  broker::Core* core = core_.load(std::memory_order_acquire);
  if (core == nullptr) return false;
  routing::ShardId home = 0;
  if (!core->directory.find(client_id, home)) return true;  // it is not here
  const std::size_t bytes = client_id.size() + message.topic.size() + message.payload.size() + message.properties.size();
  if (bytes > core->first_options()->limits.packet_bytes_max) return false;
  const auto kept = std::make_shared<const plugin::OwnMessage>(std::move(message));
  return post(*core, home, bytes, [kept, id = std::move(client_id)](broker::Shard& there) { there.publish_to(id, *kept); });
}

bool PluginActions::kick_client(std::string client_id, bool with_will) {
  broker::Core* core = core_.load(std::memory_order_acquire);
  if (core == nullptr) return false;
  routing::ShardId home = 0;
  if (!core->directory.find(client_id, home)) return true;
  core->mailbox(home).post_call(
      [id = std::move(client_id), with_will](broker::Shard& there) { there.kick_client(id, with_will); });
  return true;
}

bool PluginActions::kick_user(std::string user_name, bool with_will) {
  return kick_everywhere(core_.load(std::memory_order_acquire), {false, std::move(user_name), with_will});
}

bool PluginActions::kick_all(bool with_will) {
  return kick_everywhere(core_.load(std::memory_order_acquire), {true, {}, with_will});
}

bool PluginActions::rename(std::string client_id, std::string user_name) {
  broker::Core* core = core_.load(std::memory_order_acquire);
  if (core == nullptr) return false;
  routing::ShardId home = 0;
  if (!core->directory.find(client_id, home)) return true;
  core->mailbox(home).post_call(
      [id = std::move(client_id), name = std::move(user_name)](broker::Shard& there) { there.rename(id, name); });
  return true;
}

plugin::ListenerFacts PluginActions::listener(std::size_t index) const {
  const broker::Core* core = core_.load(std::memory_order_acquire);
  if (core == nullptr) return {};
  const auto options = core->first_options();
  if (index >= options->listeners.size()) return {};
  const config::Listener& listener = options->listeners[index];
  return {listener.port, listener.protocol == config::Protocol::websocket};
}

void* PluginActions::certificate(const std::string& der) const { return filter::parsed_certificate(der); }

}  // namespace tombo::app
