#include "broker/shard.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace tombo::broker {

namespace {
/// Deliveries after which a connection's further packets wait for the next turn, so that one flood with a large
/// fan-out does not hold up the others.
constexpr std::uint32_t kDeliveriesPerTurn = 20'000;
/// Bytes of a packet that is not whole yet which a client may hold while memory is at its ceiling.
constexpr std::size_t kPartialKept = 64 * 1024;
/// First byte of AUTH, which follows CONNECT before it is answered where CONNECT names a method.
constexpr std::uint8_t kAuthByte = 0xF0;
/// A login that is good for longer is looked at again after this.
constexpr std::int64_t kTimerLongest_s = 86'400;

/// The version that the start of a CONNECT names, where the packet itself is not looked at; 3.1.1, to which a refusal
/// says nothing, if it does not name 5.0.
mqtt::Version version_named_by(mqtt::Bytes connect) {
  constexpr std::array<std::uint8_t, 7> kStartOf5{0, 4, 'M', 'Q', 'T', 'T', 5};
  std::size_t at = 1;
  while (at < connect.size() && connect[at] >= 0x80) ++at;
  ++at;
  if (connect.size() < at + kStartOf5.size()) return mqtt::Version::v3_1_1;
  const auto start = connect.subspan(at, kStartOf5.size());
  return std::equal(start.begin(), start.end(), kStartOf5.begin()) ? mqtt::Version::v5 : mqtt::Version::v3_1_1;
}
}  // namespace

void Shard::on_open(Transport& transport, std::size_t listener_index, bool moved, std::shared_ptr<Luggage> luggage) {
  auto client = std::make_unique<Client>(transport);
  const auto& listener = options_->listeners[std::min(listener_index, options_->listeners.size() - 1)];
  client->packet_bytes_max = listener.packet_bytes_max != 0 ? listener.packet_bytes_max : options_->limits.packet_bytes_max;
  client->topic_alias_max = listener.topic_alias_max;
  client->qos_max = listener.qos_max;
  client->own = transport.own();
  if (client->own != nullptr) {
    client->packet_bytes_max = mqtt::kRemainingLengthMax + mqtt::kFixedHeaderMax;
    client->qos_max = 2;
  }
  client->listener = static_cast<std::uint16_t>(listener_index);
  client->moved = moved;
  if (luggage) {
    client->verdicts = std::move(luggage->verdicts);
    client->enhanced = std::move(luggage->enhanced);
  }
  client->number = next_client_++;
  client->index = static_cast<std::uint32_t>(clients_.size());
  client->last_packet = now_;
  client->id_is_user_name = listener.client_id_from_user_name;
  client->peer.set_mount(listener.mount_point);
  client->peer.format.version = mqtt::Version::v3_1_1;  // until CONNECT says; mistakes before are not answered
  transport.set_client(client.get());
  if (!moved) {
    counters_.connections_accepted.add();
    core_.connections.fetch_add(1, std::memory_order_relaxed);
  }
  std::uint32_t patience_s = options_->limits.connect_timeout_s;
  if (transport.in_handshake()) patience_s = std::min(patience_s, listener.tls_handshake_timeout_s);
  wheel_.arm(*client, now_ + Seconds{patience_s});
  if (!moved) lines_.opened(*client);
  clients_.push_back(std::move(client));
}

std::size_t Shard::on_bytes(Client& client, mqtt::Bytes bytes, bool& has_more, mqtt::ByteStore* received) {
  received_ = received;
  const std::size_t consumed = take_packets(client, bytes, has_more);
  received_ = nullptr;
  look_ahead_.forget();
  return consumed;
}

std::size_t Shard::take_packets(Client& client, mqtt::Bytes bytes, bool& has_more) {
  const bool look_ahead = core_.tree.filters() >= LookAhead::kFiltersMin && !client.peer.mount;
  const std::uint8_t* prepared_to = bytes.data();
  const std::size_t size = bytes.size();
  const std::size_t first_max = options_->limits.connect_bytes_max;
  const std::size_t packet_max = client.packet_bytes_max;
  std::uint32_t packets = 0;
  has_more = false;
  while (!bytes.empty()) {
    const bool first = client.state == Client::State::awaiting_connect;
    // Nothing but a CONNECT may come first; do not wait for the rest of anything else.  [MQTT-3.1.0-1]
    if (first && bytes[0] != 0x10 && !(client.enhanced && bytes[0] == kAuthByte)) {
      close(client, false, Ending::first_not_connect);
      return size;
    }
    const auto result = mqtt::next_frame(bytes, first ? std::min(first_max, packet_max) : packet_max);
    if (result.status == mqtt::FrameStatus::incomplete) {
      if (client.partial_since == kNever && !first) packet_begins(client);
      // At the memory ceiling nobody goes on filling it with a large packet that cannot be taken anyway.
      if (memory_level_ == MemoryLevel::refuse_messages && bytes.size() > kPartialKept) {
        counters_.drop(Drop::memory);
        refuse(client, mqtt::ReasonCode::quota_exceeded);
        return size;
      }
      break;
    }
    if (result.status == mqtt::FrameStatus::refused) {
      counters_.bytes_received.add(size);
      if (first && result.reason == mqtt::ReasonCode::packet_too_large) {
        client.peer.format.version = version_named_by(bytes);
      }
      refuse(client, result.reason);
      return size;
    }
    if (look_ahead && result.frame.type == mqtt::PacketType::publish && bytes.data() >= prepared_to && !first) {
      prepared_to = bytes.data() + look_ahead_.prepare(core_.tree, subscribers_, bytes, packet_max);
    }
    client.partial_since = kNever;
    on_packet(client, result.frame, bytes.first(result.frame.size));
    if (client.state == Client::State::closed) return size;
    if (client.paused_for_verdict) break;  // the packet is looked at again when the verdict has come
    bytes = bytes.subspan(result.frame.size);
    if (client.paused()) break;
    if (turn_deliveries_ >= kDeliveriesPerTurn || ++packets >= options_->limits.packets_per_turn) {
      has_more = !bytes.empty();
      break;
    }
  }
  counters_.bytes_received.add(size - bytes.size());
  return size - bytes.size();
}

void Shard::on_packet(Client& client, const mqtt::Frame& frame, mqtt::Bytes packet) {
  if (client.state == Client::State::awaiting_connect) return on_first_packet(client, frame, packet);
  client.last_packet = now_;
  counters_.packets_received.add();
  if (lines_.packets() && client.verdicts == nullptr) lines_.received(client, frame.type);  // once, verdicts or not
  switch (frame.type) {
    case mqtt::PacketType::publish: on_publish(client, frame); break;
    case mqtt::PacketType::puback:
    case mqtt::PacketType::pubrec:
    case mqtt::PacketType::pubrel:
    case mqtt::PacketType::pubcomp: on_ack(client, frame); break;
    case mqtt::PacketType::subscribe: on_subscribe(client, frame); break;
    case mqtt::PacketType::unsubscribe: on_unsubscribe(client, frame); break;
    case mqtt::PacketType::pingreq:
      if (const auto good = mqtt::decode_ping(frame); !good) return refuse(client, good.error());
      mqtt::encode_pingresp(client.transport->out());  // [MQTT-3.12.4-1]
      if (lines_.packets()) lines_.sending_ack(client, mqtt::PacketType::pingresp, 0, mqtt::ReasonCode::success);
      break;
    case mqtt::PacketType::disconnect: on_disconnect(client, frame); break;
    case mqtt::PacketType::auth: on_auth(client, frame); break;
    case mqtt::PacketType::reserved: return refuse(client, mqtt::ReasonCode::malformed_packet);
    case mqtt::PacketType::connect: lines_.came_twice(client); [[fallthrough]];
    default: return refuse(client, mqtt::ReasonCode::protocol_error);  // a second CONNECT or a server's packet
  }
  if (client.state != Client::State::active || client.paused_for_verdict) return;
  client.verdicts.reset();  // they were for this packet
  // Who does not read what it asked for is not asked for more; the limit counts what cannot be written at present.
  if (client.transport->waiting() > std::size_t{2} * options_->limits.output_bytes_max && !client.paused_for_output) {
    client.paused_for_output = true;
    client.transport->pause_reading();
  }
}

void Shard::on_first_packet(Client& client, const mqtt::Frame& frame, mqtt::Bytes packet) {
  if (frame.type == mqtt::PacketType::connect && (!client.enhanced || client.verdicts)) return on_connect(client, frame, packet);
  if (frame.type == mqtt::PacketType::auth) return on_first_auth(client, frame);
  close(client, false, Ending::first_not_connect);
}

void Shard::on_writable(Client& client) {
  if (client.state != Client::State::active) return;
  if (client.paused_for_output && client.transport->waiting() < options_->limits.output_bytes_max) {
    client.paused_for_output = false;
    resume_if_free(client);
  }
  if (!client.session->queue.empty() || client.session->resending()) pump(*client.session);
  if (client.session->walks) work_left_ = true;  // this turn's steps are over
}

void Shard::on_closed(Client& client, std::string_view why) {
  if (client.state == Client::State::closed) return;
  lines_.lost(client, why);
  client.transport->set_client(nullptr);
  client.transport = nullptr;
  detach(client, true);
}

void Shard::resume_if_free(Client& client) {
  if (!client.paused() && client.transport != nullptr) client.transport->resume_reading();
}

void Shard::on_client_timer(Client& client) {
  if (client.state == Client::State::awaiting_connect) {
    if (client.transport->in_handshake()) return close(client, false, Ending::handshake_too_slow);
    const Seconds patience{options_->limits.connect_timeout_s};
    // What it sent is there and waits for a verdict, among others perhaps: not the client is slow.
    if (client.verdicts) return wheel_.arm(client, now_ + patience);
    const MonoTime due = client.last_packet + patience;
    if (now_ < due) return wheel_.arm(client, due);  // it was the handshake's time that is over
    return close(client, false, Ending::connect_too_slow);
  }
  const std::uint32_t packet_s = options_->defence.packet_timeout_s;
  if (packet_s != 0 && client.partial_since != kNever && now_ >= client.partial_since + Seconds{packet_s} && !client.paused()) {
    return close(client, true, Ending::packet_too_slow);
  }
  const std::int64_t ends_at_s = client.session->principal->ends_at_s;
  if (ends_at_s != 0 && core_.clock().unix_seconds() >= ends_at_s) return refuse(client, mqtt::ReasonCode::maximum_connect_time);
  if (client.keep_alive_s == 0) return arm_client_timer(client);
  // A client that waits for us is not idle; one that does not read what it asked for is.
  if (client.paused_for_verdict || client.paused_for_mailbox || client.paused_for_memory || client.paused_for_acks) client.last_packet = now_;
  const MonoTime due = client.last_packet + Milliseconds{client.keep_alive_s * 1500};
  if (now_ < due) return arm_client_timer(client);
  refuse(client, mqtt::ReasonCode::keep_alive_timeout);  // [MQTT-3.1.2-22]
}

void Shard::arm_keep_alive(Client& client) {
  client.last_packet = now_;
  arm_client_timer(client);
}

/// For whichever comes first: the end of keep alive, or of what the login is good for.
void Shard::arm_client_timer(Client& client) {
  MonoTime due = kNever;
  if (client.keep_alive_s != 0) due = client.last_packet + Milliseconds{client.keep_alive_s * 1500};
  if (const std::int64_t ends_at_s = client.session->principal->ends_at_s; ends_at_s != 0) {
    const std::int64_t left_s = std::clamp<std::int64_t>(ends_at_s - core_.clock().unix_seconds(), 0, kTimerLongest_s);
    due = std::min(due, now_ + Seconds{left_s});
  }
  if (client.partial_since != kNever && options_->defence.packet_timeout_s != 0) {
    due = std::min(due, std::max(client.partial_since + Seconds{options_->defence.packet_timeout_s}, now_ + Seconds{1}));
  }
  if (due == kNever) return client.unlink();
  wheel_.arm(client, due);
}

/// The first bytes of a packet have come, and not the last.
void Shard::packet_begins(Client& client) {
  client.partial_since = now_;
  arm_client_timer(client);
}

bool Shard::take_accept_token() {
  const double rate = options_->limits.connections_per_s;
  if (rate == 0) return true;
  const double elapsed_s = static_cast<double>((now_ - accept_tokens_at_).count()) / 1000.0;
  accept_tokens_ = std::min(rate, accept_tokens_ + elapsed_s * rate);
  accept_tokens_at_ = now_;
  if (accept_tokens_ < 1) return false;
  accept_tokens_ -= 1;
  return true;
}

void Shard::bury(Client& client) {
  const std::uint32_t index = client.index;
  graveyard_.push_back(std::move(clients_[index]));
  if (index + 1 != clients_.size()) {
    clients_[index] = std::move(clients_.back());
    clients_[index]->index = index;
  }
  clients_.pop_back();
}

}  // namespace tombo::broker
