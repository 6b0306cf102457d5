#include "sessions.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include "ledger.hpp"
#include "load.hpp"

namespace tombo::bench {
namespace {

constexpr std::uint32_t kAtOnce = 50;  // sessions that drain at the same time
constexpr std::size_t kFiltersPerPacket = 1000;
constexpr std::string_view kEnd = "end";

/// Comes back to one session and takes what waits.  A message that it sends to itself comes last: queues are first in,
/// first out.
class Drainer final : public PacketHandler {
 public:
  Drainer(Reactor& reactor, std::uint16_t port, std::uint32_t session, Ledger& received) : received_(received) {
    auto opened = open_persistent(port, fmt::format("away-{}", session));
    present = opened.present;
    connection_ = std::make_unique<Connection>(reactor, *this, std::move(opened.link));
    if (!present) {
      done = true;  // Nothing is subscribed: nothing would ever come.
      return;
    }
    append_publish(connection_->out(), away_topic(session), kEnd, 1, false, 1);
    connection_->wake();
  }

  void on_packet(Connection& connection, const PacketView& packet) override {
    if (packet.type != PacketType::publish) return;
    const auto message = parse_publish(packet);
    if (message.payload == kEnd) {
      done = true;
    } else {
      received_.mark(name_in(message.payload));
      ++deliveries;
    }
    append_ack(connection.out(), PacketType::puback, message.packet_id);
    connection.wake();
  }

  bool present = false;
  bool done = false;
  std::uint64_t deliveries = 0;

 private:
  Ledger& received_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace

std::string away_topic(std::uint32_t session) {
  return fmt::format("away/{}", session);
}

PersistentSession open_persistent(std::uint16_t port, std::string_view client_id) {
  std::string out;
  append_connect(out, client_id, 600);
  out[9] = 0;  // connect flags: clean session 0
  Link link(connect_tcp(port, 1));
  link.send(out);
  std::array<char, 4> answer{};
  if (recv(link.fd(), answer.data(), answer.size(), MSG_WAITALL) != 4 || answer[0] != 0x20 || answer[3] != 0) {
    throw std::runtime_error("CONNECT was not accepted");
  }
  return {std::move(link), answer[2] == 1};
}

void prepare(const Load& load) {
  const auto start = now_ns();
  for (std::uint32_t i = 0; i < load.sessions; ++i) {
    auto session = open_persistent(load.port, fmt::format("away-{}", i));
    std::vector<std::string> filters{away_topic(i)};
    for (std::uint32_t k = 1; k < load.filters; ++k) {
      filters.push_back(fmt::format("building/{}/room/{}/sensor/temperature", i, k));
      if (filters.size() == kFiltersPerPacket) {
        subscribe(session.link, filters, 1);
        filters.clear();
      }
    }
    if (!filters.empty()) subscribe(session.link, filters, 1);
    close_session(std::move(session.link));
  }
  fmt::print("{{\"sessions\": {}, \"seconds\": {:.3f}}}\n", load.sessions, static_cast<double>(now_ns() - start) / 1e9);
}

void drain(const Load& load) {
  const auto acknowledged = Ledger::load(load.ledger);
  Ledger received;
  std::uint64_t present = 0;
  std::uint64_t deliveries = 0;
  std::uint64_t stalled = 0;
  const auto start = now_ns();
  for (std::uint32_t first = 0; first < load.sessions; first += kAtOnce) {
    Reactor reactor;
    std::vector<std::unique_ptr<Drainer>> drainers;
    for (auto i = first; i < std::min(first + kAtOnce, load.sessions); ++i) {
      drainers.push_back(std::make_unique<Drainer>(reactor, load.port, i, received));
    }
    auto moved = now_ns();
    std::uint64_t before = received.count();
    const auto is_done = [](const auto& drainer) { return drainer->done; };
    while (!std::ranges::all_of(drainers, is_done) && now_ns() - moved < kStallNs) {
      reactor.turn(50'000'000);
      if (std::exchange(before, received.count()) != before) moved = now_ns();
    }
    reactor.turn(0);  // the last acknowledgements
    for (const auto& drainer : drainers) {
      present += drainer->present ? 1 : 0;
      stalled += drainer->done ? 0 : 1;
      deliveries += drainer->deliveries;
    }
  }
  fmt::print(
      "{{\"acknowledged\": {}, \"lost\": {}, \"deliveries\": {}, \"present\": {}, \"stalled\": {}, \"seconds\": "
      "{:.3f}}}\n",
      acknowledged.count(), acknowledged.missing_in(received), deliveries, present, stalled,
      static_cast<double>(now_ns() - start) / 1e9);
}

}  // namespace tombo::bench
