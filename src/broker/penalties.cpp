#include "broker/penalties.hpp"

#include "base/network.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <functional>
#include <iterator>
#include <span>
#include <utility>

namespace tombo::broker {

namespace {
/// Entries that are looked at to find one that waits out no penalty.
constexpr int kLooksForFree = 64;
}  // namespace

void Penalties::apply(const config::Defence& options) {
  const std::lock_guard lock(mutex_);
  if (options.entries_max != options_.entries_max) coming_.clear();
  options_ = options;
}

std::string Penalties::host_of(const auth::Peer& peer) {
  if (peer.address.starts_with("unix")) return peer.unix_peer ? fmt::format("uid {}", peer.unix_peer->uid) : "unix";
  const auto address = Address::parse_peer(peer.address);
  if (!address) return peer.address;
  const auto& bytes = address->bytes();
  // Neighbours on one link share fe80::/64, so there each is one.
  const bool link_local = bytes[0] == 0xFE && (bytes[1] & 0xC0) == 0x80;
  if (address->is_v4() || link_local) return address->to_string();
  return fmt::format("{:02x}/64", fmt::join(std::span(bytes).first<8>(), ""));
}

/// The least recent, but rather not one that waits out a penalty.
Penalties::Entries::iterator Penalties::oldest(MonoTime now) {
  auto found = std::prev(entries_.end());
  for (int looks = 0; looks < kLooksForFree && now < found->free_at && found != entries_.begin(); ++looks) --found;
  return found;
}

/// The oldest entry becomes that of another name: every client id that is new would make and destroy one else.
void Penalties::rename_oldest(std::string key, MonoTime now) {
  const auto reused = oldest(now);
  auto indexed = index_.extract(reused->key);
  *reused = Entry{std::move(key), now, 0, {}};
  entries_.splice(entries_.begin(), entries_, reused);
  indexed.key() = reused->key;
  index_.insert(std::move(indexed));
}

void Penalties::forget_oldest(MonoTime now) {
  const auto gone = oldest(now);
  index_.erase(gone->key);
  entries_.erase(gone);
}

void Penalties::punish(Entry& entry, MonoTime until) {
  entry.free_at = until;
  last_end_.store(std::max(last_end_.load(std::memory_order_relaxed), until.time_since_epoch().count()), std::memory_order_relaxed);
}

/// The entry of a name, made if there is none; its count begins anew when its window is over.
Penalties::Entry& Penalties::entry(Kind kind, std::string_view name, MonoTime now, Seconds window) {
  std::string key{static_cast<char>(kind)};
  key += name;
  if (const auto known = index_.find(key); known != index_.end()) {
    entries_.splice(entries_.begin(), entries_, known->second);
  } else if (entries_.size() >= options_.entries_max) {
    while (entries_.size() > options_.entries_max) forget_oldest(now);
    rename_oldest(std::move(key), now);
  } else {
    entries_.push_front(Entry{std::move(key), now, 0, {}});
    index_.emplace(entries_.front().key, entries_.begin());
  }
  Entry& found = entries_.front();
  if (now - found.since >= window) {
    found.since = now;
    found.count = 0;
  }
  return found;
}

const Penalties::Entry* Penalties::find(Kind kind, std::string_view name) const {
  std::string key{static_cast<char>(kind)};
  key += name;
  const auto known = index_.find(key);
  return known == index_.end() ? nullptr : &*known->second;
}

bool Penalties::waits(Kind kind, std::string_view name, MonoTime now) const {
  if (!anybody_waits(now)) return false;
  const Entry* known = find(kind, name);
  return known != nullptr && now < known->free_at;
}

bool Penalties::may_connect(std::string_view host, MonoTime now) {
  const std::lock_guard lock(mutex_);
  if (waits(Kind::host, host, now)) return false;
  if (options_.address_connections_per_s == 0) return true;
  return ++entry(Kind::connects, host, now, Seconds{1}).count <= options_.address_connections_per_s;
}

bool Penalties::may_log_in(std::string_view host, std::string_view user, MonoTime now) {
  const std::lock_guard lock(mutex_);
  return !waits(Kind::host, host, now) && (user.empty() || !waits(Kind::user, user, now));
}

void Penalties::login_failed(std::string_view host, std::string_view user, MonoTime now) {
  const std::lock_guard lock(mutex_);
  if (options_.login_failures_max == 0) return;
  const auto count = [&](Kind kind, std::string_view name) {
    Entry& failing = entry(kind, name, now, Seconds{options_.login_window_s});
    if (++failing.count >= options_.login_failures_max) punish(failing, now + Seconds{options_.login_penalty_s});
  };
  count(Kind::host, host);
  if (!user.empty()) count(Kind::user, user);
}

Penalties::Coming& Penalties::coming(std::string_view client_id, MonoTime now) {
  if (coming_.empty()) coming_.resize(std::bit_ceil(std::max<std::size_t>(options_.entries_max, 1)));
  const std::uint64_t hash = std::hash<std::string_view>{}(client_id);
  Coming& place = coming_[hash & (coming_.size() - 1)];
  const auto mark = static_cast<std::uint32_t>(hash >> 32);
  if (place.mark != mark || now - place.since >= Seconds{options_.flapping_window_s}) place = Coming{mark, 0, now};
  return place;
}

bool Penalties::may_come_in(std::string_view client_id, MonoTime now) {
  const std::lock_guard lock(mutex_);
  if (options_.flapping_max == 0) return true;
  if (waits(Kind::client, client_id, now)) return false;
  if (++coming(client_id, now).count <= options_.flapping_max) return true;
  punish(entry(Kind::client, client_id, now, Seconds{options_.flapping_window_s}), now + Seconds{options_.flapping_penalty_s});
  return false;
}

}  // namespace tombo::broker
