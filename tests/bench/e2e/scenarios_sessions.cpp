#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <array>
#include <memory>
#include <stdexcept>

#include "scenario.hpp"

namespace tombo::bench {
namespace {

constexpr double kWarmUpS = 0.3;
constexpr std::uint32_t kConnectSlots = 10;
constexpr std::size_t kAnswerBytes = 16 * 1024;
/// Own addresses of the connect cycles: each closed connection keeps its port for a minute.
constexpr unsigned kConnectSources = 32;

constexpr std::uint32_t kIdleProbeEvery = 100;

/// Runs connect, CONNECT, CONNACK, DISCONNECT, close in a few slots at the same time.
class ConnectCycles {
 public:
  explicit ConnectCycles(const Target& target) : target_(target), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    for (std::uint32_t slot = 0; slot < kConnectSlots; ++slot) begin(slot);
  }
  ~ConnectCycles() {
    close(epoll_);
  }
  ConnectCycles(const ConnectCycles&) = delete;
  ConnectCycles& operator=(const ConnectCycles&) = delete;

  void turn() {
    epoll_event events[kConnectSlots];
    const int n = epoll_wait(epoll_, events, kConnectSlots, 50);
    for (int i = 0; i < n; ++i) go_on(events[i].data.u32);
    if (n > 0) last_ns_ = now_ns();
    if (now_ns() - last_ns_ > kStallNs) throw std::runtime_error("stalled: no CONNACK for 10 s");
  }

  [[nodiscard]] std::uint64_t cycles() const { return cycles_; }

 private:
  struct Slot {
    Link link;
    std::string plain;
    bool asked = false;  ///< CONNECT is sent.
  };

  void begin(std::uint32_t number) {
    auto& slot = slots_[number];
    slot = {connect_link(target_, 2 + static_cast<unsigned>(started_ % kConnectSources)), {}, false};
    if (slot.link.open()) ask(slot);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u32 = number;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, slot.link.fd(), &event);
  }

  void ask(Slot& slot) {
    out_.clear();
    append_connect(out_, target_, fmt::format("cycle-{}", started_++), 60);
    slot.link.send(out_);
    slot.asked = true;
  }

  void go_on(std::uint32_t number) {
    auto& slot = slots_[number];
    slot.link.receive(slot.plain, kAnswerBytes);
    if (!slot.asked && slot.link.open()) ask(slot);
    // CONNACK is four bytes and always comes in one piece over loopback; TLS has more to say before.
    if (slot.plain.empty()) return;
    if (slot.plain.size() != 4 || slot.plain[0] != 0x20 || slot.plain[3] != 0) {
      throw std::runtime_error("CONNECT was not accepted");
    }
    close_session(std::move(slot.link));
    ++cycles_;
    begin(number);
  }

  Target target_;
  int epoll_;
  std::array<Slot, kConnectSlots> slots_;
  std::string out_;
  std::uint64_t started_ = 0;
  std::uint64_t cycles_ = 0;
  std::int64_t last_ns_ = now_ns();
};

/// One quiet subscriber; knows what it may get.
class IdleClient final : public PacketHandler {
 public:
  IdleClient(Reactor& reactor, Link link, std::uint32_t index)
      : index_(index), connection_(reactor, *this, std::move(link)) {}

  void on_packet(Connection&, const PacketView& packet) override {
    if (packet.type != PacketType::publish ||
        parse_publish(packet).topic != fmt::format("idle/{:05}", index_)) {
      throw std::runtime_error("an idle connection got what it did not ask for");
    }
    ++received;
  }

  std::uint32_t received = 0;

 private:
  std::uint32_t index_;
  Connection connection_;
};

/// Publishes to every hundredth client and waits until exactly those got it.
void probe(const RunContext& context, Reactor& reactor,
           const std::vector<std::unique_ptr<IdleClient>>& clients) {
  auto prober = open_session(context.target, "prober");
  std::string out;
  for (std::uint32_t i = 0; i < clients.size(); i += kIdleProbeEvery) {
    append_publish(out, fmt::format("idle/{:05}", i), "probe", 0, false, 0);
  }
  prober.send(out);
  const auto begin = now_ns();
  for (std::uint32_t got = 0; got < clients.size() / kIdleProbeEvery;) {
    reactor.turn(50'000'000);
    got = 0;
    for (const auto& client : clients) got += client->received;
    if (now_ns() - begin > kStallNs) throw std::runtime_error("stalled: probes did not arrive");
  }
  close_session(std::move(prober));
  for (std::uint32_t i = 0; i < clients.size(); i += kIdleProbeEvery) {
    if (clients[i]->received != 1) throw std::runtime_error("a probe was lost or doubled");
  }
}

/// `count` connections with a subscription each that say nothing.
Result run_idle(const RunContext& context, const char* name, std::uint32_t count) {
  Reactor reactor;
  const auto before = context.meter.settled_memory();
  const auto cpu = context.meter.cpu_ns();
  std::vector<std::unique_ptr<IdleClient>> clients;
  for (std::uint32_t i = 0; i < count; ++i) {
    auto link = open_session(context.target, fmt::format("idle-{:05}", i), 2 + i % 4);
    subscribe(link, {fmt::format("idle/{:05}", i)}, 0);
    clients.push_back(std::make_unique<IdleClient>(reactor, std::move(link), i));
  }
  const auto cpu_after = context.meter.cpu_ns();
  const auto after = context.meter.settled_memory();
  probe(context, reactor, clients);
  const auto per_connection = [count](std::int64_t bytes) {
    return static_cast<double>(bytes) / count;
  };
  Result result{name, {}};
  result.add("bytes", per_connection(after.rss - before.rss));
  result.add("anonymous", per_connection(after.anonymous - before.anonymous));
  result.add("private_dirty", per_connection(after.private_dirty - before.private_dirty));
  result.add("setup_us", static_cast<double>(cpu_after - cpu) / 1e3 / count);
  return result;
}

}  // namespace

Result run_connect(const RunContext& context) {
  ConnectCycles cycles(context.target);
  const auto warm = now_ns() + static_cast<std::int64_t>(kWarmUpS * 1e9);
  while (now_ns() < warm) cycles.turn();
  const auto time = now_ns();
  const auto cpu = context.meter.cpu_ns();
  const auto own = own_cpu_ns();
  const auto done = cycles.cycles();
  const auto end = time + static_cast<std::int64_t>(context.seconds * 1e9);
  while (now_ns() < end) cycles.turn();
  const auto n = static_cast<double>(cycles.cycles() - done);
  Result result{"connect", {}};
  result.add("cpu_us", static_cast<double>(context.meter.cpu_ns() - cpu) / 1e3 / n);
  result.add("rate", n * 1e9 / static_cast<double>(now_ns() - time));
  result.add("generator_us", static_cast<double>(own_cpu_ns() - own) / 1e3 / n);
  return result;
}

Result run_idle10k(const RunContext& context) {
  return run_idle(context, "idle10k", 10'000);
}

Result run_idle5k(const RunContext& context) {
  return run_idle(context, "idle5k", 5'000);
}

}  // namespace tombo::bench
