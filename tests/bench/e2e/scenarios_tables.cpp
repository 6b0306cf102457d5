#include <fmt/format.h>
#include <cstring>
#include <random>
#include <stdexcept>

#include "flow.hpp"
#include "scenario.hpp"

namespace tombo::bench {
namespace {

constexpr double kWarmUpS = 0.5;
constexpr std::uint32_t kClients = 100;
constexpr std::uint32_t kDraftsPerPublisher = 4000;

constexpr std::uint32_t kRetained = 100'000;
constexpr std::uint32_t kRetainedPayload = 64;
constexpr std::uint32_t kRetainedWindow = 100;
constexpr std::uint32_t kRetainedPublishers = 10;

/// Four sensors per device, so that filters share most of their levels as real ones do.
std::string sensor_topic(std::uint32_t sensor) {
  const auto device = sensor / 4;
  return fmt::format("site/{:02}/dev/{:06}/sensor/{}", device % 100, device, sensor % 4);
}

/// One filter per sensor, so that every publish has exactly one receiver: 60 % exact, 30 % with
/// a '+' at one of three levels, 10 % with '#' (which also matches its parent level).
std::string sensor_filter(std::uint32_t sensor) {
  const auto device = sensor / 4;
  const auto site = device % 100;
  // 7919 is prime: the kind follows neither the client nor the device nor the site.
  switch (sensor * 7919ULL / 16 % 10) {
    case 0:
      return sensor_topic(sensor) + "/#";
    case 1:
      return fmt::format("+/{:02}/dev/{:06}/sensor/{}", site, device, sensor % 4);
    case 2:
      return fmt::format("site/+/dev/{:06}/sensor/{}", device, sensor % 4);
    case 3:
      return fmt::format("site/{:02}/dev/{:06}/+/{}", site, device, sensor % 4);
    default:
      return sensor_topic(sensor);
  }
}

FlowPlan match_plan(std::uint32_t filters) {
  const auto per_client = filters / kClients;
  // Few filters still spread over the same range of kinds and sites.
  const auto stride = 100'000 / filters;
  FlowPlan plan;
  plan.subscribers = kClients;
  plan.spread = Spread::marked;
  plan.filters = [=](std::uint32_t client) {
    std::vector<std::string> list;
    for (std::uint32_t i = 0; i < per_client; ++i) {
      list.push_back(sensor_filter((client * per_client + i) * stride));
    }
    return list;
  };
  plan.drafts = [=](std::uint32_t publisher) {
    std::mt19937 random(publisher + 1);
    std::vector<Draft> drafts;
    for (std::uint32_t i = 0; i < kDraftsPerPublisher; ++i) {
      const auto filter = static_cast<std::uint32_t>(random() % filters);
      drafts.push_back({sensor_topic(filter * stride), filter / per_client});
    }
    return drafts;
  };
  return plan;
}

Result run_match(const RunContext& context, const char* name, std::uint32_t filters) {
  const auto before = context.meter.settled_memory();
  const auto cpu_before = context.meter.cpu_ns();
  Flow flow(context.target, match_plan(filters));
  const auto cpu_after = context.meter.cpu_ns();
  const auto after = context.meter.settled_memory();
  const auto figures = flow.measure(context.meter, kWarmUpS, context.seconds);
  flow.finish();
  Result result{name, {}};
  result.add("cpu_us", figures.broker_cpu_us);
  result.add("rate", figures.rate);
  result.add("bytes_per_filter", static_cast<double>(after.rss - before.rss) / filters);
  result.add("anonymous_per_filter", static_cast<double>(after.anonymous - before.anonymous) / filters);
  result.add("subscribe_us", static_cast<double>(cpu_after - cpu_before) / 1e3 / filters);
  result.add("generator_us", figures.generator_cpu_us);
  return result;
}

std::string retained_payload(std::uint32_t index) {
  std::string payload(kRetainedPayload, 'r');
  std::memcpy(payload.data(), &index, sizeof index);
  return payload;
}

/// Stores retained messages at QoS 1, so that an acknowledgement tells when each is stored.
class RetainedPublisher final : public PacketHandler {
 public:
  RetainedPublisher(Reactor& reactor, Link link, std::uint32_t first, std::uint32_t end, std::uint32_t& stored)
      : next_(first), end_(end), stored_(stored), connection_(reactor, *this, std::move(link)) {
    connection_.wake();
  }

  void on_packet(Connection& connection, const PacketView& packet) override {
    if (packet.type != PacketType::puback) throw std::runtime_error("expected a PUBACK");
    --open_;
    ++stored_;
    connection.wake();
  }

  void on_turn_end(Connection& connection) override {
    if (kRetainedWindow - open_ < 25) return;
    for (; open_ < kRetainedWindow && next_ < end_; ++open_, ++next_) {
      append_publish(connection.out(), sensor_topic(next_), retained_payload(next_), 1, true,
                     static_cast<std::uint16_t>(next_ % 65535 + 1));
    }
  }

 private:
  std::uint32_t next_;
  std::uint32_t end_;
  std::uint32_t open_ = 0;
  std::uint32_t& stored_;
  Connection connection_;
};

/// Subscribes to '#' and ticks off what comes.
class RetainedReader final : public PacketHandler {
 public:
  RetainedReader(Reactor& reactor, Link link) : connection_(reactor, *this, std::move(link)), seen_(kRetained) {
    append_subscribe(connection_.out(), 1, {"#"}, 0);
    connection_.wake();
  }

  void on_packet(Connection&, const PacketView& packet) override {
    if (packet.type == PacketType::suback) return;
    if (packet.type != PacketType::publish) throw std::runtime_error("expected a PUBLISH");
    const auto message = parse_publish(packet);
    std::uint32_t index = 0;
    if (message.payload.size() != kRetainedPayload || !message.retain) {
      throw std::runtime_error("a retained message arrived damaged");
    }
    std::memcpy(&index, message.payload.data(), sizeof index);
    if (index >= kRetained || seen_[index] || message.topic != sensor_topic(index)) {
      throw std::runtime_error("a retained message arrived twice or with another topic");
    }
    seen_[index] = true;
    ++count;
  }

  std::uint32_t count = 0;

 private:
  Connection connection_;
  std::vector<bool> seen_;
};

/// Turns until `counter` has reached `goal`; throws when it stands still for 10 s.
void turn_until(Reactor& reactor, const std::uint32_t& counter, std::uint32_t goal) {
  auto last = counter;
  auto last_ns = now_ns();
  while (counter < goal) {
    reactor.turn(50'000'000);
    if (counter != last) {
      last = counter;
      last_ns = now_ns();
    } else if (now_ns() - last_ns > kStallNs) {
      throw std::runtime_error(fmt::format("stalled at {} of {}", counter, goal));
    }
  }
}

}  // namespace

Result run_match100(const RunContext& context) {
  return run_match(context, "match100", 100);
}

Result run_match100k(const RunContext& context) {
  return run_match(context, "match100k", 100'000);
}

Result run_retained(const RunContext& context) {
  Reactor reactor;
  const auto before = context.meter.settled_memory();
  auto cpu = context.meter.cpu_ns();
  auto time = now_ns();
  std::uint32_t stored = 0;
  std::vector<std::unique_ptr<RetainedPublisher>> publishers;
  for (std::uint32_t i = 0; i < kRetainedPublishers; ++i) {
    const auto share = kRetained / kRetainedPublishers;
    publishers.push_back(std::make_unique<RetainedPublisher>(
        reactor, open_session(context.target, fmt::format("pub-{}", i)), i * share, (i + 1) * share, stored));
  }
  turn_until(reactor, stored, kRetained);
  Result result{"retained", {}};
  result.add("store_us", static_cast<double>(context.meter.cpu_ns() - cpu) / 1e3 / kRetained);
  result.add("store_rate", kRetained * 1e9 / static_cast<double>(now_ns() - time));
  const auto after = context.meter.settled_memory();
  const auto content = static_cast<double>(sensor_topic(0).size() + kRetainedPayload);
  result.add("bytes_beyond", static_cast<double>(after.rss - before.rss) / kRetained - content);
  result.add("anonymous_beyond",
             static_cast<double>(after.anonymous - before.anonymous) / kRetained - content);

  cpu = context.meter.cpu_ns();
  time = now_ns();
  RetainedReader reader(reactor, open_session(context.target, "sub-0"));
  turn_until(reactor, reader.count, kRetained);
  result.add("deliver_us", static_cast<double>(context.meter.cpu_ns() - cpu) / 1e3 / kRetained);
  result.add("deliver_rate", kRetained * 1e9 / static_cast<double>(now_ns() - time));
  return result;
}

}  // namespace tombo::bench
