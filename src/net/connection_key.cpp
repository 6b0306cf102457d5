// What a connection does whose handshake wants a pre-shared key that somebody must be asked for.
#include "net/connection.hpp"
#include "net/shard_loop.hpp"

#include <string>
#include <utility>

namespace tombo::net {

/// The handshake stands still until somebody says what the client's pre-shared key is, and nothing is read meanwhile.  The
/// answer finds this connection only if its handshake still waits: the filter keeps what the letter looks for.
void Connection::ask_for_key() {
  watch(false, watching_writable_);
  count_held();
  filter::ByteFilter& waiter = *way_in_->key_waiter();
  if (waiter.wanted_key().empty()) return;  // somebody is asked already
  auth::KeyWanted wanted{listener_.index, way_in_->psk_hint(), std::string{waiter.wanted_key()}, way_in_->peer()};
  const auto here = std::make_shared<Connection*>(this);
  waiter.asked_for_key(here);
  auto later = [loop = &loop_, waits = std::weak_ptr<Connection*>{here}](std::shared_ptr<const auth::PskKey> key) {
    loop->post([waits, key = std::move(key)] {
      if (const auto there = waits.lock()) (*there)->take_key(key);
    });
  };
  loop_.shard().core().authenticator().psk_key(std::move(wanted), std::move(later));
}

void Connection::take_key(std::shared_ptr<const auth::PskKey> key) {
  filter::ByteFilter* waiter = phase_ == Phase::open ? way_in_->key_waiter() : nullptr;
  if (waiter == nullptr) return;
  waiter->give_key(std::move(key));
  if (!paused_) watch(true, watching_writable_);
  take_filtered({});
  if (phase_ == Phase::open) count_held();
}

}  // namespace tombo::net
