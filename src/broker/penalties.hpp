#pragma once

#include "auth/peer.hpp"
#include "base/clock.hpp"
#include "config/options.hpp"

#include <atomic>
#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace tombo::broker {

/// Who tries too hard must wait: addresses and users whose logins fail, client ids that connect over and over, addresses
/// that connect too fast.  Remembers so many of each and forgets the least recent.
/// Lives on: any shard; asked at accept and CONNECT only.
class Penalties {
 public:
  explicit Penalties(const config::Defence& options) : options_(options) {}
  void apply(const config::Defence& options);

  /// Who counts as one: an IPv4 address, the /64 of an IPv6 one, since whoever has any of it has all, or a local user.
  static std::string host_of(const auth::Peer& peer);

  /// A connection from this host; false: it comes too fast, or waits out a penalty.
  bool may_connect(std::string_view host, MonoTime now);
  /// Whether any penalty lasts, so that it is worth asking for somebody's; takes no lock.
  bool anybody_waits(MonoTime now) const { return now.time_since_epoch().count() < last_end_.load(std::memory_order_relaxed); }
  /// A login from this host under this user name (empty: none); false: one of them waits out a penalty.
  bool may_log_in(std::string_view host, std::string_view user, MonoTime now);
  void login_failed(std::string_view host, std::string_view user, MonoTime now);
  /// A client id comes in; false: it has come too often and waits out a penalty.
  bool may_come_in(std::string_view client_id, MonoTime now);

 private:
  enum class Kind : char { connects = 'c', host = 'h', user = 'u', client = 'i' };
  struct Entry {
    std::string key;
    MonoTime since{};           // of the window
    std::uint32_t count = 0;
    MonoTime free_at{};         // the penalty's end
  };
  using Entries = std::list<Entry>;
  /// How often a client id came within its window.  An id whose place another one takes begins anew: few bytes for each of
  /// very many, of which hardly any flaps.
  struct Coming {
    std::uint32_t mark = 0;     // of the id: its hash beside the place
    std::uint32_t count = 0;
    MonoTime since{};
  };

  Entry& entry(Kind kind, std::string_view name, MonoTime now, Seconds window);
  const Entry* find(Kind kind, std::string_view name) const;
  Entries::iterator oldest(MonoTime now);
  void rename_oldest(std::string key, MonoTime now);
  void forget_oldest(MonoTime now);
  void punish(Entry& entry, MonoTime until);
  bool waits(Kind kind, std::string_view name, MonoTime now) const;
  Coming& coming(std::string_view client_id, MonoTime now);

  mutable std::mutex mutex_;
  config::Defence options_;
  std::atomic<MonoTime::rep> last_end_{MonoTime{}.time_since_epoch().count()};  // no penalty ends later
  Entries entries_;  // the most recent first
  std::unordered_map<std::string_view, Entries::iterator> index_;
  std::vector<Coming> coming_;  // none until the first comes; then a power of two
};

}  // namespace tombo::broker
