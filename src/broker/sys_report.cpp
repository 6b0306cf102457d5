#include "broker/sys_report.hpp"

#include "store/store.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

namespace tombo::broker {

SysReport::SysReport(const Core& core) : core_(core), last_(core.started()) {
  for (const auto topic : {"messages/received", "messages/sent", "publish/received", "publish/sent", "publish/dropped",
                           "bytes/received", "bytes/sent", "sockets", "connections"}) {
    loads_.push_back({topic, 0, {}});
  }
}

void SysReport::text(std::string_view topic, std::string value, const Say& say) {
  std::string& told = told_[fmt::format("$SYS/broker/{}", topic)];
  if (told == value) return;
  told = std::move(value);
  say(fmt::format("$SYS/broker/{}", topic), told);
}

void SysReport::number(std::string_view topic, std::uint64_t value, const Say& say) {
  text(topic, std::to_string(value), say);
}

void SysReport::tell(MonoTime now, const Say& say) {
  text("version", fmt::format("tombo version {}", core_.version()), say);
  text("uptime", fmt::format("{} seconds", (now - core_.started()) / Milliseconds{1000}), say);
  tell_clients(say);
  tell_traffic(say);
  tell_loads(now, say);
  tell_shards(say);
  tell_bridges(say);
}

void SysReport::tell_clients(const Say& say) {
  const std::uint64_t connected = core_.sum(&ShardCounters::clients_connected);
  const std::uint64_t away = core_.sum(&ShardCounters::sessions_disconnected);
  clients_maximum_ = std::max(clients_maximum_, connected + away);
  number("clients/total", connected + away, say);
  number("clients/maximum", clients_maximum_, say);
  number("clients/connected", connected, say);
  number("clients/active", connected, say);
  number("clients/disconnected", away, say);
  number("clients/inactive", away, say);
  number("clients/expired", core_.sum(&ShardCounters::clients_expired), say);
}

void SysReport::tell_traffic(const Say& say) {
  number("messages/received", core_.sum(&ShardCounters::packets_received), say);
  number("messages/sent", core_.sum(&ShardCounters::packets_sent), say);
  number("messages/stored", core_.sum(&ShardCounters::messages_queued) + core_.retained.count(), say);
  number("messages/queued", core_.sum(&ShardCounters::messages_queued), say);
  number("store/messages/count", core_.sum(&ShardCounters::messages_queued) + core_.retained.count(), say);
  number("store/messages/bytes", core_.memory_used(), say);
  tell_store(say);
  number("subscriptions/count", core_.sum(&ShardCounters::subscriptions), say);
  number("shared_subscriptions/count", core_.sum(&ShardCounters::shared_subscriptions), say);
  number("retained messages/count", core_.retained.count(), say);
  number("retained messages/bytes", core_.retained.bytes(), say);
  number("publish/messages/received", core_.sum(&ShardCounters::publish_received), say);
  number("publish/messages/sent", core_.sum(&ShardCounters::publish_sent), say);
  number("publish/bytes/received", core_.sum(&ShardCounters::publish_bytes_received), say);
  number("publish/bytes/sent", core_.sum(&ShardCounters::publish_bytes_sent), say);
  number("bytes/received", core_.sum(&ShardCounters::bytes_received), say);
  number("bytes/sent", core_.sum(&ShardCounters::bytes_sent), say);
  std::uint64_t dropped = 0;
  for (std::size_t i = 0; i < kDropReasons; ++i) {
    const auto reason = static_cast<Drop>(i);
    dropped += core_.dropped(reason);
    number(fmt::format("publish/messages/dropped/{}", name_of(reason)), core_.dropped(reason), say);
  }
  number("publish/messages/dropped", dropped, say);
}

void SysReport::tell_store(const Say& say) {
  if (core_.store == nullptr) return;
  const auto& figures = core_.store->figures;
  const auto read = [](const std::atomic<std::uint64_t>& value) { return value.load(std::memory_order_relaxed); };
  text("store/state", core_.store->failing() ? "failing" : "fine", say);
  number("store/commits", read(figures.commits), say);
  number("store/records", read(figures.records), say);
  number("store/bytes/written", read(figures.bytes), say);
  number("store/errors", read(figures.errors), say);
  number("store/backlog/bytes", read(figures.backlog_bytes), say);
  number("store/commit/microseconds", read(figures.last_commit_us), say);
}

void SysReport::tell_loads(MonoTime now, const Say& say) {
  std::uint64_t dropped = 0;
  for (std::size_t i = 0; i < kDropReasons; ++i) dropped += core_.dropped(static_cast<Drop>(i));
  const std::uint64_t values[] = {core_.sum(&ShardCounters::packets_received),
                                  core_.sum(&ShardCounters::packets_sent),
                                  core_.sum(&ShardCounters::publish_received),
                                  core_.sum(&ShardCounters::publish_sent),
                                  dropped,
                                  core_.sum(&ShardCounters::bytes_received),
                                  core_.sum(&ShardCounters::bytes_sent),
                                  core_.sum(&ShardCounters::connections_accepted),
                                  core_.sum(&ShardCounters::connections_accepted)};
  const double minutes = static_cast<double>((now - last_).count()) / 60'000.0;
  last_ = now;
  if (minutes <= 0) return;
  static constexpr std::array<double, 3> kWindows{1, 5, 15};
  for (std::size_t i = 0; i < loads_.size(); ++i) {
    Load& load = loads_[i];
    const double rate = static_cast<double>(values[i] - std::exchange(load.last, values[i])) / minutes;
    for (std::size_t w = 0; w < kWindows.size(); ++w) {
      const double keep = std::exp(-minutes / kWindows[w]);
      load.average[w] = load.average[w] * keep + rate * (1 - keep);
      text(fmt::format("load/{}/{}min", load.topic, kWindows[w]), fmt::format("{:.2f}", load.average[w]), say);
    }
  }
}

void SysReport::tell_shards(const Say& say) {
  for (unsigned shard = 0; shard < core_.shards(); ++shard) {
    const auto& counters = core_.counters(static_cast<routing::ShardId>(shard));
    number(fmt::format("shards/{}/load", shard), counters.load_percent.load(std::memory_order_relaxed), say);
    number(fmt::format("shards/{}/clients", shard), counters.clients_connected.get(), say);
    number(fmt::format("shards/{}/sessions", shard), counters.sessions.get(), say);
    number(fmt::format("shards/{}/letters", shard), counters.letters_sent.get(), say);
    number(fmt::format("shards/{}/wakes", shard), counters.wakes_sent.get(), say);
  }
}

void SysReport::tell_bridges(const Say& say) {
  const auto list = core_.bridges.load();
  const auto is_there = [&](const std::string& name) {
    return list && std::any_of(list->begin(), list->end(), [&](const auto& bridge) { return bridge->name() == name; });
  };
  for (const auto& name : bridges_) {
    if (!is_there(name)) forget_bridge(name, say);
  }
  bridges_.clear();
  if (!list || list->empty()) return;
  number("bridge/looped", core_.loops.found.load(std::memory_order_relaxed), say);
  for (const auto& bridge : *list) {
    bridges_.push_back(bridge->name());
    const auto topic = [&](std::string_view what) { return fmt::format("bridge/{}/{}", bridge->name(), what); };
    text(topic("state"), std::string{name_of(bridge->state.load(std::memory_order_relaxed))}, say);
    number(topic("queued/messages"), bridge->queued_messages.get(), say);
    number(topic("queued/bytes"), bridge->queued_bytes.get(), say);
    number(topic("in_flight"), bridge->in_flight.get(), say);
    number(topic("sent"), bridge->sent.get(), say);
    number(topic("received"), bridge->received.get(), say);
    number(topic("dropped"), bridge->dropped.get(), say);
    number(topic("looped"), bridge->looped.get(), say);
    number(topic("reconnects"), bridge->reconnects.get(), say);
  }
}

/// An empty retained message takes the place of what was told.
void SysReport::forget_bridge(std::string_view name, const Say& say) {
  const std::string begin = fmt::format("$SYS/broker/bridge/{}/", name);
  std::erase_if(told_, [&](const auto& entry) {
    if (!entry.first.starts_with(begin)) return false;
    say(entry.first, {});
    return true;
  });
}

}  // namespace tombo::broker
