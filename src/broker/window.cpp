#include "broker/shard.hpp"

#include <algorithm>
#include <utility>

namespace tombo::broker {

using session::Delivery;
using session::FlightState;

// A session's queue begins in memory and goes on, beyond a window, on disk only; it is read when its client is there.

namespace {
/// Bytes of messages that one read brings, roughly.
constexpr std::size_t kReadBytes = 1 << 20;
/// Until the disk is asked again after it could not be read.
constexpr Milliseconds kReadAgain{100};
}  // namespace

/// Whether the next delivery of the session goes to the disk only.
bool Shard::goes_to_disk(const ClientSession& session) const {
  return session.stored->on_disk || session.queue.size() >= options_->persistence.window_messages ||
         memory_level_ >= MemoryLevel::shed_qos0;
}

/// It has been recorded: nothing of it stays in memory.
void Shard::leave_on_disk(ClientSession& session, const Delivery& delivery) {
  Stored& stored = *session.stored;
  if (!stored.on_disk) {
    stored.read_from = delivery.seq;
    stored.disk_messages = stored.disk_bytes = 0;
    stored.counted = true;
  }
  stored.on_disk = stored.grew = true;
  ++stored.disk_messages;
  stored.disk_bytes += delivery.message->footprint();
}

/// Asks for more if the client is there and what is in memory comes to its end.
void Shard::read_ahead(ClientSession& session) {
  // Of a bridge that is away the oldest messages are given up first: they must be known for that.
  const bool makes_room = session.own && session.own->terms->drop_oldest && session.told_full;
  if (!session.stored || (!session.connected() && !makes_room)) return;
  Stored& stored = *session.stored;
  const std::size_t window = options_->persistence.window_messages;
  if (!stored.on_disk || stored.reading || session.queue.size() > window / 2) return;
  stored.reading = true;
  reads_.push_back(handle_of(session));
}

/// At the end of a turn: what was recorded in it is to be found, and no publish is torn apart by being handed over.
void Shard::order_reads() {
  if (reads_.empty()) return;
  journal_.hand_over();
  for (const auto& handle : std::exchange(reads_, {})) {
    ClientSession* session = sessions_.find(handle);
    if (session != nullptr && session->stored) order_read(*session);
  }
}

void Shard::order_read(ClientSession& session) {
  Stored& stored = *session.stored;
  const std::size_t window = options_->persistence.window_messages;
  stored.grew = false;
  store::ReadOrder order;
  order.session = stored.number;
  order.from = stored.read_from;
  order.count_max = std::max<std::size_t>(1, window - std::min(window, session.queue.size()));
  order.bytes_max = kReadBytes;
  if (stored.restoring) {
    // Whatever was in flight must be known before anything is sent under a packet identifier.
    order.count_max = std::max<std::size_t>(order.count_max, session.own ? session.own->terms->in_flight_max : options_->limits.in_flight_max);
    order.bytes_max = ~std::size_t{0};
  }
  order.account = &counters_.messages;
  order.then = [&mailbox = core_.mailbox(id_), handle = handle_of(session)](store::Read read) {
    auto result = std::make_shared<store::Read>(std::move(read));
    mailbox.post_call([handle, result](Shard& there) { there.on_read(handle, *result); });
  };
  journal_.sink().read(std::move(order));
}

void Shard::on_read(const routing::SessionHandle& handle, store::Read& read) {
  ClientSession* found = sessions_.find(handle);
  if (found == nullptr || !found->stored) return;
  ClientSession& session = *found;
  Stored& stored = *session.stored;
  stored.reading = false;
  if (read.failed) {
    read_again_.push_back(handle);
    read_again_at_ = now_ + kReadAgain;
    return;
  }
  for (auto& item : read.items) {
    stored.read_from = item.seq + 1;
    take_read(session, item);
  }
  stored.on_disk = read.more || stored.grew;
  if (!stored.on_disk) {
    if (stored.counted) counters_.messages_queued.subtract(stored.disk_messages);  // what was damaged is not there
    stored.disk_messages = stored.disk_bytes = 0;
    stored.counted = true;
  }
  if (std::exchange(stored.restoring, false)) {
    store::Seq last_in_flight = 0;
    if (session.has_in_flight()) {
      session.in_flight().for_each([&](const Delivery& delivery) { last_in_flight = std::max(last_in_flight, delivery.seq); });
    }
    stored.overtaken.erase(stored.overtaken.upper_bound(last_in_flight), stored.overtaken.end());
  }
  pump(session);
}

/// One delivery has come from the disk.
void Shard::take_read(ClientSession& session, store::Read::Item& item) {
  Stored& stored = *session.stored;
  Delivery delivery;
  delivery.message = item.message;
  delivery.seq = item.seq;
  delivery.qos = item.row.qos;
  delivery.retain = item.row.retain;
  delivery.packet_id = item.row.packet_id;
  const bool counted = stored.disk_messages > 0;
  if (counted) {
    --stored.disk_messages;
    stored.disk_bytes -= std::min<std::uint64_t>(stored.disk_bytes, item.row.bytes);
    counters_.messages_queued.subtract();
  }
  // Whether it goes on under its identifier or begins anew: were that given to another delivery meanwhile, the next start
  // would find two with one, and send a QoS 2 message under a new one as if it had never been sent.
  if (stored.restoring) session.last_packet_id = std::max(session.last_packet_id, delivery.packet_id);
  if (item.row.released) {
    delivery.state = FlightState::awaiting_pubcomp;
    if (!session.restore_in_flight(delivery)) delivery_done(session, delivery);
    return;
  }
  if (!item.message) return drop_for(session, Drop::damaged);
  if (item.message->expired(now_) && item.row.packet_id == 0) {
    drop_for(session, Drop::expired);
    return delivery_done(session, delivery);
  }
  attach_extra(session, delivery, item.row);
  delivery.message->charge();
  // At QoS 1 the identifier of what was sent out of the queue is not recorded.  What came after it must not overtake it
  // now, and is sent anew, too.
  const bool behind = delivery.qos == mqtt::Qos::at_least_once && !session.queue.empty();
  if (delivery.packet_id != 0 && !behind) {
    delivery.state = delivery.qos == mqtt::Qos::at_least_once ? FlightState::awaiting_puback : FlightState::awaiting_pubrec;
    if (session.restore_in_flight(delivery)) return;
  }
  if (stored.restoring) stored.overtaken.insert(delivery.seq);
  delivery.packet_id = 0;
  delivery.state = FlightState::waiting;
  session.queue.push(std::move(delivery));
  counters_.messages_queued.add();
}

void Shard::attach_extra(ClientSession& session, Delivery& delivery, const store::DeliveryRow& row) {
  if (row.subscription_ids.size() == 1) delivery.subscription_id = row.subscription_ids[0];
  if (row.share_number != 0 && session.has_shared()) {
    for (const auto& shared : session.shared()) {
      if (shared.share_number == row.share_number) delivery.extra = shared.extra;
    }
  }
  if (row.subscription_ids.size() > 1) {
    auto* extra = new session::DeliveryExtra;
    extra->subscription_ids = row.subscription_ids;
    delivery.extra = Ref<session::DeliveryExtra>::adopt(extra);
  }
}

/// The disk could not be read: once more.
void Shard::read_again() {
  if (read_again_.empty() || now_ < read_again_at_) return;
  for (const auto& handle : std::exchange(read_again_, {})) {
    ClientSession* session = sessions_.find(handle);
    if (session != nullptr) read_ahead(*session);
  }
}

/// What the store has counted for a session that was there at the start.
void Shard::on_counted(const routing::SessionHandle& handle, std::uint64_t messages, std::uint64_t bytes) {
  ClientSession* session = sessions_.find(handle);
  if (session == nullptr || !session->stored) return;
  Stored& stored = *session->stored;
  // Who was read from meanwhile has the rest counted when it has been read.
  if (stored.counted || !stored.restoring || stored.reading) return;
  stored.counted = true;
  counters_.messages_queued.add(messages);
  stored.disk_messages += messages;
  stored.disk_bytes += bytes;
  if (messages == 0 && stored.disk_messages == 0) stored.on_disk = stored.restoring = false;
}

}  // namespace tombo::broker
