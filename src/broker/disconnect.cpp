#include "broker/shard.hpp"

#include <algorithm>
#include <utility>

namespace tombo::broker {

using mqtt::ReasonCode;
using mqtt::Version;

void Shard::on_disconnect(Client& client, const mqtt::Frame& frame) {
  mqtt::DisconnectView disconnect;
  const auto decoded = mqtt::decode_disconnect(frame, client.peer.format.version, decode_limits_, disconnect);
  if (!decoded) return refuse(client, decoded.error());
  ClientSession& session = *client.session;
  if (disconnect.properties.has(mqtt::PropertyId::session_expiry_interval)) {
    std::uint32_t expiry = disconnect.properties.session_expiry_interval;
    if (client.connect_expiry_zero && expiry != 0) return refuse(client, ReasonCode::protocol_error);
    if (options_->limits.session_expiry_max_s != mqtt::kSessionNeverExpires) {
      expiry = std::min(expiry, options_->limits.session_expiry_max_s);
    }
    session.expiry_s = expiry;
  }
  client.ends_with(disconnect.reason);
  // [MQTT-3.14.4-3]: only 0x00 discards the will.
  close(client, disconnect.reason != ReasonCode::success, Ending::disconnected);
}

/// Every mistake of a peer ends here: the answer that its version knows, one log line, one count.
void Shard::refuse(Client& client, ReasonCode reason, std::string_view server_reference) {
  if (reason == ReasonCode::use_another_server || reason == ReasonCode::server_moved) {
    // a redirection names the other server
  } else {
    server_reference = {};
  }
  if (client.state == Client::State::awaiting_connect) return refuse_connect(client, reason, server_reference);
  counters_.protocol_errors.add();
  client.ends_with(reason);
  lines_.refused(client, reason);
  if (client.peer.format.version == Version::v5) {
    mqtt::encode_disconnect(client.transport->out(), client.peer.format, reason, server_reference);
  }
  close(client, true, Ending::untold);
}

void Shard::refuse_connect(Client& client, ReasonCode reason, std::string_view server_reference) {
  counters_.connections_refused.add();
  lines_.refused(client, reason);
  // A malformed CONNECT of an older version is answered by the close alone.  [3.1.1 MQTT-3.1.4-1]
  mqtt::ConnackOut connack;
  connack.reason = reason;
  connack.server_reference = server_reference;
  mqtt::encode_connack(client.transport->out(), client.peer.format, connack);
  close(client, false, Ending::untold);
}

/// Writes what waits, then ends the connection.
void Shard::close(Client& client, bool keep_will, Ending ending) {
  lines_.ended(client, ending);
  Transport& transport = *client.transport;
  transport.set_client(nullptr);
  client.transport = nullptr;
  transport.close_after_flush();
  detach(client, keep_will);
}

/// The client has no transport any more: take it out of everything and let its session go on alone.
void Shard::detach(Client& client, bool keep_will) {
  client.state = Client::State::closed;
  client.unlink();
  forget_slowed(client);
  core_.connections.fetch_sub(1, std::memory_order_relaxed);
  if (client.verdicts && client.verdicts->ticket != 0) asking_.erase(client.verdicts->ticket);
  if (client.paused_for_mailbox || client.paused_for_memory) std::erase(held_back_, &client);
  if (client.pending_acks) {
    for (const auto& ack : *client.pending_acks) {
      if (ack.hold) ack.hold->owner = nullptr;
    }
  }
  bury(client);
  ClientSession* session = std::exchange(client.session, nullptr);
  if (session == nullptr) return;
  counters_.clients_connected.subtract();
  session->client = nullptr;
  if (client.told) tell_disconnected(client, *session);
  connection_lost(*session, keep_will);
}

}  // namespace tombo::broker
