#include "net/bridge_host.hpp"

#include "net/shard_loop.hpp"

#include <algorithm>
#include <utility>

namespace tombo::net {

void BridgeHost::add(BridgeOrder order) {
  if (ending_) return;
  Guest guest;
  guest.order = std::move(order);
  guest.socket = std::make_unique<BridgeSocket>(loop_, resolver_);
  guest.socket->set_options(guest.order.plan->options, guest.order.tls);
  guest.bridge = std::make_unique<bridge::Bridge>(bridge::Bridge::Parts{
      &loop_.shard(), guest.socket.get(), guest.order.plan, guest.order.figures, guest.order.seed, logger_});
  guest.socket->set_bridge(*guest.bridge);
  guests_.push_back(std::move(guest));
  guests_.back().bridge->begin();
}

void BridgeHost::change(const BridgeOrder& order) {
  for (Guest& guest : guests_) {
    if (guest.order.plan->name != order.plan->name) continue;
    const bool same = guest.order.plan->options == order.plan->options;
    guest.order.plan = order.plan;
    guest.order.tls = order.tls;
    guest.socket->set_options(order.plan->options, order.tls);
    if (!same) guest.bridge->change(order.plan);
  }
}

void BridgeHost::remove(const std::string& name, bool forget) {
  for (Guest& guest : guests_) {
    if (guest.order.plan->name == name) guest.bridge->end(forget);
  }
}

void BridgeHost::end_all() {
  ending_ = true;
  for (Guest& guest : guests_) guest.bridge->end(false);
}

void BridgeHost::turn() {
  for (std::size_t i = 0; i < guests_.size(); ++i) {
    guests_[i].socket->turn();
    guests_[i].bridge->turn();
  }
  std::erase_if(guests_, [&](Guest& guest) {
    if (guest.bridge->ended()) return true;
    const auto elsewhere = guest.bridge->elsewhere();
    if (!elsewhere) return false;
    ShardLoop& there = loop_.loop_of(*elsewhere);
    there.post([&there, order = guest.order] { there.bridges().add(order); });
    return true;
  });
}

void BridgeHost::flush() {
  for (Guest& guest : guests_) guest.socket->flush();
}

MonoTime BridgeHost::next_due() const {
  MonoTime due = kNever;
  for (const Guest& guest : guests_) due = std::min({due, guest.socket->next_due(), guest.bridge->next_due()});
  return due;
}

}  // namespace tombo::net
