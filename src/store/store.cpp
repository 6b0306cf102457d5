#include "store/store.hpp"

#include "store/batch.hpp"
#include "store/message_form.hpp"
#include "store/references.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

namespace tombo::store {

namespace {
/// Bytes of records that one commit takes at most: the time of a commit, and memory while it lasts, stay bounded.
constexpr std::size_t kCommitBytes = 8 << 20;
/// Between two tries to write while the disk refuses.
constexpr Milliseconds kTryAgain{500};
/// Rows that a sweep or a count looks at in one step.
constexpr std::size_t kRowsPerStep = 2'000;
/// Slices of the store's own, which no shard hears of.
constexpr unsigned kNobody = ~0U;

/// Where a count of what waits stands.
struct Count {
  std::vector<std::pair<SessionNumber, Seq>> sessions;  // with their heads
  std::set<SessionNumber> orphans;  // of which deliveries are left, and nothing else
  std::size_t at = 0;
  SessionNumber behind = 0;  // everything before was looked at
  Seq from = 0;
  Store::Waiting found;
  std::function<void(const Store::Waiting&)> told;
};
}  // namespace

struct Store::Impl {
  Impl(Parts given, StoreFigures& of_figures)
      : parts(std::move(given)), figures(of_figures), options(parts.options), batch(references, parts.retained) {}

  // --- the committer's (commit_mutex, which a count takes, too)
  bool commit(std::size_t slices, bool sync);
  bool write_changes(bool sync);
  void completed(std::size_t slices);
  void failed(const EngineError& error);
  bool ready_to_write(MonoTime now);
  /// How many of the waiting slices may be committed now: no publish is torn apart, and not too much at once.
  std::size_t committable() const;

  // --- the reader's
  bool take_order();
  Read carry_out(const ReadOrder& order);
  void read_row(std::string_view key, std::string_view value, mqtt::MemoryAccount* account, const Moment& now, Read& read);
  bool sweep_some();
  bool count_some();
  bool find_orphan(SessionNumber next);
  bool count_session(SessionNumber session, Seq from, std::size_t& rows);
  void finish_count();

  Parts parts;
  StoreFigures& figures;
  std::atomic<bool>* failing = nullptr;

  std::mutex mutex;  // of the lists that other threads fill
  StoreOptions options;
  std::vector<Slice> taken;
  std::uint64_t slices_taken = 0;
  std::uint64_t slices_done = 0;
  struct Order {
    ReadOrder order;
    std::uint64_t after;  // slices that must be done first
  };
  std::deque<Order> orders;
  std::deque<SessionNumber> sweeps;

  std::mutex commit_mutex;
  References references;
  Batch batch;
  Changes changes;
  std::vector<Slice> waiting;
  std::size_t unwritten = 0;   // slices at the front of `waiting` that `changes` is made of, and that the disk refused
  std::vector<SessionNumber> ended;
  MonoTime sync_since = kNever;  // somebody waits
  MonoTime rest_since = kNever;  // something is there
  MonoTime try_again = MonoTime::min();

  std::unique_ptr<Count> count;
  Seq sweep_from = 0;
  Seq epoch_begin = 0;
  std::vector<std::pair<SessionNumber, Seq>> loaded;  // sessions and their heads
};

Store::Store(Parts parts) : impl_(std::make_unique<Impl>(std::move(parts), figures)), options_max_(impl_->options.backlog_bytes_max) {
  impl_->failing = &failing_;
}

Store::~Store() = default;

EngineResult<void> Store::begin() {
  Engine& engine = *impl_->parts.engine;
  std::string value;
  const auto has_format = engine.get(key_of_state("format"), value);
  if (!has_format) return Failure{has_format.error()};
  if (*has_format) {
    const auto format = decode_number(value);
    if (!format || *format != kFormat) {
      return Failure{EngineError{EngineError::Kind::refused,
                                 fmt::format("the store has format {}, and this tombo knows {} only", format.value_or(0), kFormat)}};
    }
  }
  const auto has_epoch = engine.get(key_of_state("epoch"), value);
  if (!has_epoch) return Failure{has_epoch.error()};
  epoch_ = (*has_epoch ? decode_number(value).value_or(0) : 0) + 1;
  impl_->epoch_begin = epoch_ << kEpochShift;
  impl_->references.begin(impl_->epoch_begin + 1);
  Changes changes;
  changes.put(key_of_state("format"), encode_number(kFormat));
  changes.put(key_of_state("epoch"), encode_number(epoch_));
  return engine.write(changes, true);
}

EngineResult<void> Store::load(const Rows& rows) {
  const Engine& engine = *impl_->parts.engine;
  const Moment now = Moment::of(*impl_->parts.clock);
  const auto each = [&](char letter, const Engine::Visit& visit) {
    const std::string prefix(1, letter);
    return engine.scan(prefix, after_prefix(prefix), visit);
  };
  const auto damaged = [&](std::string_view what, std::string_view key) {
    rows.damaged(fmt::format("{} of session {:x}", what, number_in_key(key)));
  };
  std::unordered_map<SessionNumber, std::size_t> places;
  auto good = each('s', [&](std::string_view key, std::string_view value) {
    auto row = decode_session(value);
    if (!row) {
      damaged("the row", key);
      return true;
    }
    places.emplace(number_in_key(key), impl_->loaded.size());
    impl_->loaded.emplace_back(number_in_key(key), 0);
    rows.session(number_in_key(key), std::move(*row));
    return true;
  });
  if (!good) return good;
  good = each('h', [&](std::string_view key, std::string_view value) {
    const auto place = places.find(number_in_key(key));
    const auto head = decode_number(value);
    if (place == places.end() || !head) return true;
    impl_->loaded[place->second].second = *head;
    rows.head(number_in_key(key), *head);
    return true;
  });
  if (!good) return good;
  good = each('u', [&](std::string_view key, std::string_view value) {
    const auto row = decode_subscription(value);
    if (!row) {
      damaged("a subscription", key);
    } else if (places.contains(number_in_key(key))) {
      rows.subscription(number_in_key(key), std::string{key.substr(9)}, *row);
    }
    return true;
  });
  if (!good) return good;
  good = each('i', [&](std::string_view key, std::string_view) {
    if (key.size() == 11 && places.contains(number_in_key(key))) {
      const auto high = static_cast<std::uint8_t>(key[9]);
      const auto low = static_cast<std::uint8_t>(key[10]);
      rows.received(number_in_key(key), static_cast<mqtt::PacketId>(high << 8 | low));
    }
    return true;
  });
  if (!good) return good;
  return each('r', [&](std::string_view key, std::string_view value) {
    const auto row = decode_message(value);
    if (row) {
      rows.retained(message_of(*row, now, rows.retained_account));
    } else {
      rows.damaged(fmt::format("the retained message of {}", key.substr(1)));
    }
    return true;
  });
}

void Store::take(Slice slice) {
  const std::lock_guard lock{impl_->mutex};
  figures.backlog_bytes.fetch_add(slice.bytes, std::memory_order_relaxed);
  impl_->taken.push_back(std::move(slice));
  ++impl_->slices_taken;
  if (wake_writer_) wake_writer_();
}

void Store::read(ReadOrder order) {
  const std::lock_guard lock{impl_->mutex};
  impl_->orders.push_back({std::move(order), impl_->slices_taken});
  if (wake_reader_) wake_reader_();
}

void Store::set_options(const StoreOptions& options) {
  const std::lock_guard lock{impl_->mutex};
  impl_->options = options;
  options_max_.store(options.backlog_bytes_max, std::memory_order_relaxed);
}

// --- writing

bool Store::step(MonoTime now) {
  StoreOptions options;
  const std::lock_guard commit_lock{impl_->commit_mutex};
  {
    const std::lock_guard lock{impl_->mutex};
    options = impl_->options;
    for (auto& slice : impl_->taken) {
      if (slice.sync) impl_->sync_since = std::min(impl_->sync_since, now);
      impl_->rest_since = std::min(impl_->rest_since, now);
      impl_->waiting.push_back(std::move(slice));
    }
    impl_->taken.clear();
  }
  if (impl_->waiting.empty() || !impl_->ready_to_write(now)) return false;
  const bool awaited = impl_->sync_since != kNever && now >= impl_->sync_since + options.linger;
  const bool rested = now >= impl_->rest_since + options.interval;
  const bool much = figures.backlog_bytes.load(std::memory_order_relaxed) > kCommitBytes;
  if (impl_->unwritten == 0 && !awaited && !rested && !much) return false;
  const std::size_t slices = impl_->unwritten != 0 ? impl_->unwritten : impl_->committable();
  return slices != 0 && impl_->commit(slices, options.sync);
}

MonoTime Store::next_due() const {
  const std::lock_guard commit_lock{impl_->commit_mutex};
  const std::lock_guard lock{impl_->mutex};
  if (impl_->waiting.empty()) return kNever;
  if (failing()) return impl_->try_again;
  const MonoTime awaited = impl_->sync_since == kNever ? kNever : impl_->sync_since + impl_->options.linger;
  return std::min(awaited, impl_->rest_since + impl_->options.interval);
}

EngineResult<void> Store::flush() {
  const std::lock_guard commit_lock{impl_->commit_mutex};
  {
    const std::lock_guard lock{impl_->mutex};
    for (auto& slice : impl_->taken) impl_->waiting.push_back(std::move(slice));
    impl_->taken.clear();
  }
  impl_->try_again = MonoTime::min();
  while (!impl_->waiting.empty()) {
    if (!impl_->ready_to_write(impl_->parts.clock->mono())) break;
    // A publish whose other part never came was never acknowledged.
    const std::size_t whole = impl_->unwritten != 0 ? impl_->unwritten : impl_->committable();
    if (whole == 0 || !impl_->commit(whole, true)) break;
  }
  if (failing()) return Failure{EngineError{EngineError::Kind::io, "the disk takes nothing"}};
  return {};
}

std::size_t Store::Impl::committable() const {
  std::size_t end = 0;
  for (std::size_t bytes = 0; end < waiting.size() && (end == 0 || bytes + waiting[end].bytes <= kCommitBytes); ++end) {
    bytes += waiting[end].bytes;
  }
  struct Seen {
    std::uint32_t parts = 0;
    std::size_t first = 0;
    std::uint32_t wanted = 0;
  };
  for (;;) {
    std::unordered_map<std::uint64_t, Seen> seen;
    for (std::size_t i = 0; i < end; ++i) {
      for (const Part& part : waiting[i].parts) {
        Seen& publish = seen[part.publish];
        if (publish.parts++ == 0) publish.first = i;
        publish.wanted = part.parts;
      }
    }
    std::size_t cut = end;
    for (const auto& [number, publish] : seen) {
      if (publish.parts < publish.wanted) cut = std::min(cut, publish.first);
    }
    if (cut == end) return end;
    // What lies behind the limit of one commit may complete a publish that begins before it.
    if (cut == 0 && end < waiting.size()) {
      ++end;
      continue;
    }
    end = cut;
    if (end == 0) return 0;
  }
}

bool Store::Impl::ready_to_write(MonoTime now) {
  if (!failing->load(std::memory_order_relaxed)) return true;
  if (now < try_again) return false;
  const auto recovered = parts.engine->recover();
  if (recovered) return true;
  failed(recovered.error());
  return false;
}

bool Store::Impl::commit(std::size_t slices, bool sync) {
  if (unwritten == 0) {
    changes.clear();
    ended.clear();
    batch.build({waiting.data(), slices}, Moment::of(*parts.clock), changes, ended);
  }
  unwritten = slices;  // until the disk has taken them
  if (!changes.empty() && !write_changes(sync)) return false;
  completed(slices);
  return true;
}

bool Store::Impl::write_changes(bool sync) {
  const auto began = std::chrono::steady_clock::now();
  const auto written = parts.engine->write(changes, sync);
  if (!written) {
    failed(written.error());
    return false;
  }
  if (failing->exchange(false, std::memory_order_relaxed)) parts.failing(false, {});
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - began);
  figures.last_commit_us.store(static_cast<std::uint64_t>(took.count()), std::memory_order_relaxed);
  figures.commits.fetch_add(1, std::memory_order_relaxed);
  figures.records.fetch_add(batch.records(), std::memory_order_relaxed);
  figures.bytes.fetch_add(changes.bytes(), std::memory_order_relaxed);
  return true;
}

void Store::Impl::failed(const EngineError& error) {
  figures.errors.fetch_add(1, std::memory_order_relaxed);
  try_again = parts.clock->mono() + kTryAgain;
  if (!failing->exchange(true, std::memory_order_relaxed)) parts.failing(true, error.text);
}

void Store::Impl::completed(std::size_t slices) {
  std::vector<std::pair<unsigned, Ticket>> tickets;
  std::vector<std::function<void()>> passed;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < slices; ++i) {
    Slice& slice = waiting[i];
    bytes += slice.bytes;
    for (Entry& entry : slice.entries) {
      if (auto* point = std::get_if<Passed>(&entry)) passed.push_back(std::move(point->then));
    }
    if (slice.shard == kNobody) continue;
    const auto known = std::find_if(tickets.begin(), tickets.end(), [&](const auto& t) { return t.first == slice.shard; });
    if (known == tickets.end()) {
      tickets.emplace_back(slice.shard, slice.last);
    } else {
      known->second = slice.last;
    }
  }
  waiting.erase(waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(slices));
  unwritten = 0;
  changes.clear();
  sync_since = kNever;
  rest_since = waiting.empty() ? kNever : parts.clock->mono();
  for (const Slice& slice : waiting) {
    if (slice.sync) sync_since = rest_since;
  }
  figures.backlog_bytes.fetch_sub(bytes, std::memory_order_relaxed);
  {
    const std::lock_guard lock{mutex};
    slices_done += slices;
    sweeps.insert(sweeps.end(), ended.begin(), ended.end());
  }
  ended.clear();
  for (const auto& [shard, ticket] : tickets) parts.completed(shard, ticket);
  for (const auto& then : passed) then();
}

// --- reading

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
        read_row(key, value, order.account, now, read);
        if (!read.items.empty() && read.items.back().message) bytes += read.items.back().message->footprint();
        return true;
      });
  if (!scanned) {
    read.failed = true;
    parts.logger.error("the store could not be read: {}", scanned.error().text);
  }
  return read;
}

void Store::Impl::read_row(std::string_view key, std::string_view value, mqtt::MemoryAccount* account, const Moment& now,
                           Read& read) {
  auto row = decode_delivery(value);
  if (!row) {
    parts.logger.error("a damaged row of the store is passed over session={:x} seq={:x}", number_in_key(key), seq_in_key(key));
    return;
  }
  Read::Item item;
  item.seq = seq_in_key(key);
  if (row->message != 0) {
    std::string body;
    const auto got = parts.engine->get(message_key(row->message), body);
    if (got && *got) row->body = decode_message(body);
    if (!row->body) parts.logger.error("a message of the store cannot be read message={:x}", row->message);
  }
  if (row->body) {
    item.message = message_of(*row->body, now, account);
    item.message->note_stored_as(row->message != 0 ? row->message : MessageNumber{1});
  }
  item.row = std::move(*row);
  item.row.body.reset();
  read.items.push_back(std::move(item));
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
  const std::string end = after_prefix(delivery_key(session, 0).substr(0, 9));
  const auto scanned = parts.engine->scan(delivery_key(session, sweep_from), end, [&](std::string_view key, std::string_view value) {
    if (slice.entries.size() == kRowsPerStep) {
      more = true;
      return false;
    }
    Finished finished;
    finished.session = session;
    finished.seq = seq_in_key(key);
    sweep_from = finished.seq + 1;
    const auto row = decode_delivery(value);
    finished.message = row ? row->message : 0;
    slice.entries.emplace_back(std::move(finished));
    return true;
  });
  const std::lock_guard lock{mutex};
  if (!slice.entries.empty()) {
    taken.push_back(std::move(slice));
    ++slices_taken;
  }
  if (more && scanned) return true;
  sweeps.pop_front();
  sweep_from = 0;
  return true;
}

void Store::count_waiting(std::function<void(const Waiting&)> told) {
  const std::lock_guard lock{impl_->mutex};
  impl_->count = std::make_unique<Count>();
  impl_->count->sessions = std::exchange(impl_->loaded, {});
  impl_->count->told = std::move(told);
  if (wake_reader_) wake_reader_();
}

/// Between commits, so that nothing changes meanwhile.
bool Store::Impl::count_some() {
  if (!count) return false;
  const std::lock_guard commit_lock{commit_mutex};
  for (std::size_t rows = 0; rows < kRowsPerStep;) {
    if (count->at == count->sessions.size()) {
      finish_count();
      return true;
    }
    const auto [session, head] = count->sessions[count->at];
    if (count->from == 0 && find_orphan(session)) continue;
    count->found.session = session;
    if (!count_session(session, std::max(head, count->from), rows)) return true;
    if (count->told && !count->orphans.contains(session)) count->told(count->found);
    references.found_up_to(session + 1, 0);
    count->found = {};
    count->from = 0;
    count->behind = session + 1;
    ++count->at;
  }
  return true;
}

/// Deliveries before this session that belong to none: what a session left that had ended when the broker did.
bool Store::Impl::find_orphan(SessionNumber next) {
  SessionNumber orphan = 0;
  static_cast<void>(parts.engine->scan(delivery_key(count->behind, 0), delivery_key(next, 0), [&](std::string_view key, std::string_view) {
    orphan = number_in_key(key);
    return false;
  }));
  if (orphan == 0) return false;
  count->sessions.insert(count->sessions.begin() + static_cast<std::ptrdiff_t>(count->at), {orphan, 0});
  count->behind = orphan;
  count->orphans.insert(orphan);
  return true;
}

/// False if there is more than one step may look at.
bool Store::Impl::count_session(SessionNumber session, Seq from, std::size_t& rows) {
  bool whole = true;
  const auto scanned = parts.engine->scan(
      delivery_key(session, from), delivery_key(session, epoch_begin), [&](std::string_view key, std::string_view value) {
        if (rows++ >= kRowsPerStep) {
          whole = false;
          return false;
        }
        count->from = seq_in_key(key) + 1;
        const auto row = decode_delivery(value);
        if (!row) return true;
        ++count->found.messages;
        count->found.bytes += row->bytes;
        if (row->message != 0) references.found(row->message);
        return true;
      });
  if (!scanned) parts.logger.error("the store could not be read: {}", scanned.error().text);
  references.found_up_to(session, count->from);
  ++rows;  // a session without any costs something, too
  return whole;
}

void Store::Impl::finish_count() {
  if (find_orphan(~SessionNumber{0})) return;
  const auto orphans = std::move(count->orphans);
  count.reset();
  Slice slice;
  slice.shard = kNobody;
  slice.sync = false;
  for (const MessageNumber number : references.finish_counting()) {
    slice.entries.emplace_back(RowChanged{message_key(number), {}, true});
  }
  const std::lock_guard lock{mutex};
  sweeps.insert(sweeps.end(), orphans.begin(), orphans.end());
  if (slice.entries.empty()) return;
  taken.push_back(std::move(slice));
  ++slices_taken;
}

}  // namespace tombo::store
