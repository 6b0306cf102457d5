#include "store/store_impl.hpp"

#include <utility>

namespace tombo::store {

bool Store::read_step() { return impl_->take_order() || impl_->sweep_some() || impl_->count_some(); }

bool Store::Impl::take_order() {
  std::unique_lock lock{mutex};
  if (orders.empty() || orders.front().after > slices_done) return false;
  const Order order = std::move(orders.front());
  orders.pop_front();
  lock.unlock();
  order.order.then(carry_out(order.order));
  return true;
}

Read Store::Impl::carry_out(const ReadOrder& order) {
  Read read;
  const Moment now = Moment::of(*parts.clock);
  std::size_t bytes = 0;
  const std::string end = after_prefix(delivery_key(order.session, 0).substr(0, 9));
  const auto scanned = parts.engine->scan(
      delivery_key(order.session, order.from), end, [&](std::string_view key, std::string_view value) {
        if (read.items.size() == order.count_max || (bytes >= order.bytes_max && !read.items.empty())) {
          read.more = true;
          return false;
        }
        if (!read_row(key, value, order.account, now, read)) return false;
        if (!read.items.empty() && read.items.back().message) bytes += read.items.back().message->footprint();
        return true;
      });
  if (!scanned) {
    read.failed = true;
    parts.logger.error("the store could not be read: {}", scanned.error().text);
  }
  return read;
}

/// False if the disk could not be read, which is no reason to give the message up.
bool Store::Impl::read_row(std::string_view key, std::string_view value, mqtt::MemoryAccount* account, const Moment& now,
                           Read& read) {
  auto row = decode_delivery(value);
  if (!row) {
    parts.logger.error("a damaged row of the store is passed over session={:x} seq={:x}", number_in_key(key), seq_in_key(key));
    return true;
  }
  Read::Item item;
  item.seq = seq_in_key(key);
  if (row->message != 0) {
    std::string body;
    const auto got = parts.engine->get(message_key(row->message), body);
    if (!got) {
      read.failed = true;
      parts.logger.error("the store could not be read: {}", got.error().text);
      return false;
    }
    if (*got) row->body = decode_message(body);
    if (!row->body) parts.logger.error("a message of the store cannot be read message={:x}", row->message);
  }
  if (row->body) {
    item.message = message_of(*row->body, now, account);
    item.message->note_stored_as(row->message != 0 ? row->message : MessageNumber{1});
  }
  item.row = std::move(*row);
  item.row.body.reset();
  read.items.push_back(std::move(item));
  return true;
}

/// Takes away the deliveries of sessions that have ended.
bool Store::Impl::sweep_some() {
  SessionNumber session = 0;
  {
    const std::lock_guard lock{mutex};
    if (sweeps.empty()) return false;
    session = sweeps.front();
  }
  Slice slice;
  slice.shard = kNobody;
  slice.sync = false;
  bool more = false;
  Seq next = sweep_from;
  const std::string end = after_prefix(delivery_key(session, 0).substr(0, 9));
  const auto scanned = parts.engine->scan(delivery_key(session, next), end, [&](std::string_view key, std::string_view value) {
    if (slice.entries.size() == kRowsPerStep) {
      more = true;
      return false;
    }
    Finished finished;
    finished.session = session;
    finished.seq = seq_in_key(key);
    next = finished.seq + 1;
    const auto row = decode_delivery(value);
    finished.message = row ? row->message : 0;
    finished.maybe_gone = true;
    slice.entries.emplace_back(std::move(finished));
    return true;
  });
  if (!scanned) return false;  // once more when the reader is rung
  const std::lock_guard lock{mutex};
  if (!slice.entries.empty()) {
    taken.push_back(std::move(slice));
    ++slices_taken;
  }
  sweep_from = more ? next : 0;
  if (!more) sweeps.pop_front();
  return true;
}

}  // namespace tombo::store
