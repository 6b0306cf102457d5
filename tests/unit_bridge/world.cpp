#include "unit_bridge/world.hpp"

#include <algorithm>
#include <array>

#include <sys/uio.h>

namespace tombo::test {

void VirtualLine::dial(const config::BridgeAddress& address) {
  ++dialed;
  last_host = dialing_ = address.host;
  remote_ = nullptr;
  reads_ = true;
  inbound_.clear();
}

void VirtualLine::hang_up() {
  if (bridge_ != nullptr) write(*bridge_);
  if (remote_ != nullptr) remote_->cut();
  remote_ = nullptr;
  dialing_.clear();
  inbound_.clear();
}

bool VirtualLine::has_news() const {
  if (!dialing_.empty() || !probed_.empty()) return true;
  if (remote_ == nullptr) return false;
  return (reads_ && remote_->has_received()) || remote_->closed_by_broker() || !world_.is_reachable(last_host);
}

void VirtualLine::tell(bridge::Bridge& bridge) {
  bridge_ = &bridge;
  if (!probed_.empty()) bridge.on_probed(world_.is_reachable(std::exchange(probed_, {})));
  if (!dialing_.empty()) {
    const std::string host = std::exchange(dialing_, {});
    if (!world_.is_reachable(host)) return bridge.on_lost("connection refused");
    auto& there = *world_.brokers_.at(host);
    remote_ = &there.broker->open();
    there.callers.push_back(remote_);
    bridge.on_open();
  }
  if (remote_ == nullptr) return;
  if (!world_.is_reachable(last_host)) {
    remote_ = nullptr;
    inbound_.clear();
    return bridge.on_lost("connection reset");
  }
  if (!reads_) return;
  auto bytes = remote_->take_received();
  inbound_.insert(inbound_.end(), bytes.begin(), bytes.end());
  const auto waiting = std::move(inbound_);
  inbound_.clear();
  const std::size_t consumed = waiting.empty() ? 0 : bridge.on_bytes(waiting);
  if (remote_ == nullptr) return;
  inbound_.assign(waiting.begin() + static_cast<std::ptrdiff_t>(consumed), waiting.end());
  if (!remote_->closed_by_broker() || !inbound_.empty()) return;
  remote_ = nullptr;
  bridge.on_lost("closed by the other broker");
}

void VirtualLine::write(bridge::Bridge& bridge) {
  auto& out = bridge.out();
  if (remote_ == nullptr) return;
  while (!out.empty() && breaks_after != 0) {
    std::array<iovec, 16> pieces;
    const std::size_t count = out.describe(pieces.data(), pieces.size());
    std::size_t size = 0;
    for (std::size_t i = 0; i < count && breaks_after != 0; ++i) {
      const std::size_t taken = std::min(pieces[i].iov_len, breaks_after);
      remote_->send({static_cast<const std::uint8_t*>(pieces[i].iov_base), taken});
      if (breaks_after != SIZE_MAX) breaks_after -= taken;
      size += taken;
    }
    out.consume(size);
  }
}

void VirtualLine::carry(bridge::Bridge& bridge) {
  if (remote_ == nullptr || bridge.out().empty()) return;
  write(bridge);
  bridge.on_written();
}

VirtualBroker& World::add(const std::string& name, VirtualBroker::Setup setup) {
  setup.seed = brokers_.size() + 1;
  auto host = std::make_unique<Host>();
  host->broker = std::make_unique<VirtualBroker>(std::move(setup));
  host->broker->core().loops.set_node("node-" + name);
  host->broker->core().loops.begin_remembering();
  Host& there = *host;
  host->broker->before_end = [&there](routing::ShardId shard) {
    if (shard != 0) return;
    for (auto& guest : there.guests) {
      if (!std::exchange(guest->begun, true)) guest->bridge->begin();
      for (auto& call : std::exchange(guest->calls, {})) call();
      guest->line->tell(*guest->bridge);
      guest->bridge->turn();
    }
  };
  host->broker->after_turn = [&there](routing::ShardId shard) {
    if (shard != 0) return;
    for (auto& guest : there.guests) guest->line->carry(*guest->bridge);
  };
  brokers_[name] = std::move(host);
  return *there.broker;
}

bridge::Bridge& World::bridge(const std::string& at, const config::Bridge& options, std::uint32_t part) {
  Host& host = *brokers_.at(at);
  const auto plan = bridge::plans_of(options, at)[part];
  auto guest = std::make_unique<Guest>();
  guest->line = std::make_unique<VirtualLine>(*this, at);
  guest->figures = std::make_shared<broker::BridgeFigures>(plan->name);
  bridge::Bridge::Parts parts{&host.broker->shard(0), guest->line.get(), plan, guest->figures, 7, {}};
  guest->bridge = std::make_unique<bridge::Bridge>(std::move(parts));
  host.guests.push_back(std::move(guest));
  return *host.guests.back()->bridge;
}

VirtualLine& World::line(const bridge::Bridge& bridge) {
  for (auto& [name, host] : brokers_) {
    for (auto& guest : host->guests) {
      if (guest->bridge.get() == &bridge) return *guest->line;
    }
  }
  std::abort();
}

const broker::BridgeFigures& World::figures(const bridge::Bridge& bridge) {
  for (auto& [name, host] : brokers_) {
    for (auto& guest : host->guests) {
      if (guest->bridge.get() == &bridge) return *guest->figures;
    }
  }
  std::abort();
}

void World::reachable(const std::string& name, bool on) {
  Host& host = *brokers_.at(name);
  host.reachable = on;
  if (!on) {
    for (auto* caller : std::exchange(host.callers, {})) caller->cut();
  }
  settle();
}

void World::within(bridge::Bridge& bridge, const std::function<void()>& call) {
  for (auto& [name, host] : brokers_) {
    for (auto& guest : host->guests) {
      if (guest->bridge.get() == &bridge) guest->calls.push_back(call);
    }
  }
  settle();
}

bool World::settle_once() {
  bool more = false;
  for (auto& [name, host] : brokers_) {
    host->broker->settle();
    for (auto& guest : host->guests) {
      const bool due = guest->bridge->next_due() <= host->broker->shard(0).now() && !guest->bridge->ended();
      more = more || due || guest->line->has_news() || !guest->calls.empty();
    }
  }
  return more;
}

void World::settle() {
  constexpr int kRoundsMax = 20'000;
  int rounds = 0;
  // What one has written the other sees in the round after.
  for (int quiet = 0; quiet < 3 && rounds < kRoundsMax; ++rounds) quiet = settle_once() ? 0 : quiet + 1;
  ASSERT_LT(rounds, kRoundsMax) << "the world does not come to rest";
}

void World::advance(Milliseconds by) {
  constexpr Milliseconds kStep{200};
  for (; by.count() > 0; by -= kStep) {
    for (auto& [name, host] : brokers_) host->broker->clock.advance(kStep);
    settle();
  }
}

config::Bridge bridge_to(const std::string& to, std::vector<std::string> topics, config::BridgeVersion version) {
  config::Bridge options;
  options.name = "to-" + to;
  options.addresses = {to};
  options.topics = std::move(topics);
  options.version = version;
  return options;
}

}  // namespace tombo::test
