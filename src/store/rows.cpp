#include "store/rows.hpp"

#include "store/row_bytes.hpp"

// Every row begins with a byte of flags.  A field that is absent or zero in most rows has a flag, and stands in the row
// only when the flag is set.  Decoding accepts exactly what encoding makes of the row that it gives: a row that was
// changed by a disk is either refused or another valid row, never half of one.

namespace tombo::store {

namespace {

/// The flag `bit` if `condition`.
unsigned flag(unsigned bit, bool condition) {
  return condition ? 1U << bit : 0U;
}
bool has(unsigned flags, unsigned bit) {
  return (flags >> bit & 1) != 0;
}

mqtt::Qos qos_of(RowReader& in, unsigned flags) {
  if ((flags & 3) == 3) in.fail();
  return static_cast<mqtt::Qos>(flags & 3);
}

// --- message: flags are QoS (0-1), retain (2), expires (3), has properties (4), has a source (5)

void write(RowWriter& out, const MessageRow& row) {
  out.byte(static_cast<unsigned>(row.qos) | flag(2, row.retain) | flag(3, row.expires_at.has_value()) |
           flag(4, !row.raw_properties.empty()) | flag(5, !row.source.empty()));
  out.signed_number(row.received_at);
  // The difference is short; unsigned, because it wraps for times that no clock shows.
  if (row.expires_at)
    out.signed_number(static_cast<std::int64_t>(static_cast<std::uint64_t>(*row.expires_at) -
                                                static_cast<std::uint64_t>(row.received_at)));
  out.text(row.topic);
  if (!row.raw_properties.empty()) out.text(row.raw_properties);
  out.text(row.payload);
  if (!row.source.empty()) out.text(row.source);
}

MessageRow read_message(RowReader& in) {
  MessageRow row;
  const unsigned flags = in.byte();
  if (flags > 0x3F) in.fail();
  row.qos = qos_of(in, flags);
  row.retain = has(flags, 2);
  row.received_at = in.signed_number();
  if (has(flags, 3))
    row.expires_at = static_cast<std::int64_t>(static_cast<std::uint64_t>(row.received_at) +
                                               static_cast<std::uint64_t>(in.signed_number()));
  row.topic = in.text();
  if (has(flags, 4)) {
    row.raw_properties = in.text();
    if (row.raw_properties.empty()) in.fail();
  }
  row.payload = in.text();
  if (has(flags, 5)) {
    row.source = in.text();
    if (row.source.empty()) in.fail();
  }
  return row;
}

// --- will: flags are QoS (0-1), retain (2), has a delay (3), expires (4), has an owner's row (5)

void write(RowWriter& out, const WillRow& will) {
  out.byte(static_cast<unsigned>(will.qos) | flag(2, will.retain) | flag(3, will.delay_s != 0) |
           flag(4, will.expiry_s.has_value()) | flag(5, !will.owner.empty()));
  if (will.delay_s != 0) out.number(will.delay_s);
  if (will.expiry_s) out.number(*will.expiry_s);
  out.text(will.topic);
  out.text(will.raw_properties);
  out.text(will.payload);
  if (!will.owner.empty()) out.text(will.owner);
}

WillRow read_will(RowReader& in) {
  WillRow will;
  const unsigned flags = in.byte();
  if (flags > 0x3F) in.fail();
  will.qos = qos_of(in, flags);
  will.retain = has(flags, 2);
  if (has(flags, 3)) will.delay_s = static_cast<std::uint32_t>(in.number_not_zero(0xFFFF'FFFF));
  if (has(flags, 4)) will.expiry_s = in.number32();
  will.topic = in.text();
  will.raw_properties = in.text();
  will.payload = in.text();
  if (has(flags, 5)) {
    will.owner = in.text();
    if (will.owner.empty()) in.fail();
  }
  return will;
}

}  // namespace

std::string encode(const MessageRow& row) {
  RowWriter out;
  out.reserve(24 + row.topic.size() + row.payload.size() + row.raw_properties.size());
  write(out, row);
  return out.take();
}

std::optional<MessageRow> decode_message(std::string_view bytes) {
  RowReader in(bytes);
  MessageRow row = read_message(in);
  if (!in.done()) return std::nullopt;
  return row;
}

// --- session: flags are has a user name (0), has a will (1), has left (2), and (3) where somebody vouched for a client
//     without a name, or nobody for one with

std::string encode(const SessionRow& row) {
  RowWriter out;
  out.byte(flag(0, !row.user_name.empty()) | flag(1, row.will.has_value()) | flag(2, row.left_at != 0) |
           flag(3, row.vouched == row.user_name.empty()));
  out.number(row.expiry_s);
  if (row.left_at != 0) out.signed_number(row.left_at);
  out.text(row.client_id);
  if (!row.user_name.empty()) out.text(row.user_name);
  if (row.will) write(out, *row.will);
  return out.take();
}

std::optional<SessionRow> decode_session(std::string_view bytes) {
  RowReader in(bytes);
  SessionRow row;
  const unsigned flags = in.byte();
  if (flags > 0xF) in.fail();
  row.expiry_s = in.number32();
  if (has(flags, 2)) {
    row.left_at = in.signed_number();
    if (row.left_at == 0) in.fail();
  }
  row.client_id = in.text();
  if (has(flags, 0)) {
    row.user_name = in.text();
    if (row.user_name.empty()) in.fail();
  }
  row.vouched = has(flags, 3) == row.user_name.empty();
  if (has(flags, 1)) row.will = read_will(in);
  if (!in.done()) return std::nullopt;
  return row;
}

// --- subscription: the options as SUBSCRIBE has them (0-5), has an identifier (6), has a share number (7)

std::string encode(const SubscriptionRow& row) {
  RowWriter out;
  const mqtt::SubscribeOptions& options = row.options;
  out.byte(static_cast<unsigned>(options.qos) | flag(2, options.no_local) | flag(3, options.retain_as_published) |
           static_cast<unsigned>(options.retain_handling) << 4 | flag(6, row.subscription_id != 0) |
           flag(7, row.share_number != 0));
  if (row.subscription_id != 0) out.number(row.subscription_id);
  if (row.share_number != 0) out.number(row.share_number);
  return out.take();
}

std::optional<SubscriptionRow> decode_subscription(std::string_view bytes) {
  RowReader in(bytes);
  SubscriptionRow row;
  const unsigned flags = in.byte();
  if ((flags >> 4 & 3) == 3) in.fail();
  row.options.qos = qos_of(in, flags);
  row.options.no_local = has(flags, 2);
  row.options.retain_as_published = has(flags, 3);
  row.options.retain_handling = static_cast<mqtt::RetainHandling>(flags >> 4 & 3);
  if (has(flags, 6)) row.subscription_id = static_cast<std::uint32_t>(in.number_not_zero(mqtt::kSubscriptionIdMax));
  if (has(flags, 7)) row.share_number = static_cast<std::uint32_t>(in.number_not_zero(0xFFFF'FFFF));
  if (!in.done()) return std::nullopt;
  return row;
}

// --- delivery: flags are QoS (0-1), retain (2), released (3), body (4), packet identifier (5), share number (6),
//     subscription identifiers (7)

std::string encode(const DeliveryRow& row) {
  RowWriter out;
  out.reserve(40 + (row.body ? row.body->topic.size() + row.body->payload.size() + row.body->raw_properties.size() : 0));
  out.byte(static_cast<unsigned>(row.qos) | flag(2, row.retain) | flag(3, row.released) | flag(4, row.body.has_value()) |
           flag(5, row.packet_id != 0) | flag(6, row.share_number != 0) | flag(7, !row.subscription_ids.empty()));
  if (row.packet_id != 0) out.number(row.packet_id);
  if (row.share_number != 0) out.number(row.share_number);
  if (!row.subscription_ids.empty()) {
    out.number(row.subscription_ids.size());
    for (const std::uint32_t id : row.subscription_ids) out.number(id);
  }
  out.number(row.message);
  out.number(row.bytes);
  if (row.body) write(out, *row.body);
  return out.take();
}

std::optional<DeliveryRow> decode_delivery(std::string_view bytes) {
  RowReader in(bytes);
  DeliveryRow row;
  const unsigned flags = in.byte();
  row.qos = qos_of(in, flags);
  row.retain = has(flags, 2);
  row.released = has(flags, 3);
  if (has(flags, 5)) row.packet_id = static_cast<mqtt::PacketId>(in.number_not_zero(0xFFFF));
  if (has(flags, 6)) row.share_number = static_cast<std::uint32_t>(in.number_not_zero(0xFFFF'FFFF));
  // An identifier takes a byte at least, so a count that is larger than the row is not believed.
  std::uint64_t ids = has(flags, 7) ? in.number_not_zero(in.remaining()) : 0;
  for (; ids != 0 && in.ok(); --ids)
    row.subscription_ids.push_back(static_cast<std::uint32_t>(in.number_not_zero(mqtt::kSubscriptionIdMax)));
  row.message = in.number();
  row.bytes = in.number();
  if (has(flags, 4)) row.body = read_message(in);
  if (!in.done()) return std::nullopt;
  return row;
}

}  // namespace tombo::store
