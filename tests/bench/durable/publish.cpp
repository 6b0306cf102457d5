#include <fmt/format.h>
#include <algorithm>
#include <memory>
#include <stdexcept>
#include <vector>

#include "ledger.hpp"
#include "load.hpp"
#include "sessions.hpp"

namespace tombo::bench {
namespace {

constexpr double kWarmUpS = 0.5;
constexpr std::uint32_t kBatch = 25;  // of the window that is free before the next write

std::string live_topic(std::uint32_t number) {
  return fmt::format("live/{}", number);
}

/// An online subscriber with a persistent session that keeps up.
class Follower final : public PacketHandler {
 public:
  Follower(Reactor& reactor, std::uint16_t port, std::uint32_t number) {
    auto session = open_persistent(port, fmt::format("live-{}", number));
    subscribe(session.link, {live_topic(number)}, 1);
    connection_ = std::make_unique<Connection>(reactor, *this, std::move(session.link));
  }

  void on_packet(Connection& connection, const PacketView& packet) override {
    if (packet.type != PacketType::publish) return;
    append_ack(connection.out(), PacketType::puback, parse_publish(packet).packet_id);
    connection.wake();
  }

 private:
  std::unique_ptr<Connection> connection_;
};

class Publishing;

class Publisher final : public PacketHandler {
 public:
  Publisher(Publishing& all, Reactor& reactor, std::uint32_t number);
  void on_packet(Connection& connection, const PacketView& packet) override;
  void on_turn_end(Connection& connection) override;
  /// Writes what has become due until now (open loop).
  void send_due(std::int64_t now);
  [[nodiscard]] std::uint32_t open() const { return sent_ - acknowledged_; }

 private:
  void send_one(std::int64_t due);

  Publishing& all_;
  std::uint32_t number_;
  std::uint32_t sent_ = 0;
  std::uint32_t acknowledged_ = 0;
  std::vector<std::int64_t> due_;       // by packet id
  std::vector<std::uint32_t> numbers_;  // of the message, by packet id
  std::unique_ptr<Connection> connection_;
};

/// All publishers and what they saw.
class Publishing {
 public:
  explicit Publishing(const Load& of_load) : load(of_load) {
    if (load.online) {
      for (std::uint32_t i = 0; i < load.publishers; ++i) {
        followers_.push_back(std::make_unique<Follower>(reactor_, load.port, i));
      }
    }
    for (std::uint32_t i = 0; i < load.publishers; ++i) {
      publishers_.push_back(std::make_unique<Publisher>(*this, reactor_, i));
    }
  }

  void run() {
    const auto start = now_ns();
    const auto measure_from = load.count != 0 ? start : start + static_cast<std::int64_t>(kWarmUpS * 1e9);
    const auto end = measure_from + static_cast<std::int64_t>(load.seconds * 1e9);
    const auto warm = load.count != 0;
    bool measuring = warm;
    std::uint64_t before = 0;
    progress_at_ = start;
    while (load.count != 0 ? acknowledged < load.count : now_ns() < end) {
      if (!measuring && now_ns() >= measure_from) {
        measuring = true;
        before = acknowledged;
        latencies_us.clear();
      }
      turn(start);
    }
    const auto seconds = static_cast<double>(now_ns() - measure_from) / 1e9;
    const auto counted = acknowledged - before;
    stopped = true;
    // The load ends with windows full, as at a power cut; a count, or followers, are finished.
    while (load.online && std::ranges::any_of(publishers_, [](const auto& one) { return one->open() != 0; }))
      turn(start);
    if (!load.ledger.empty()) ledger.save(load.ledger);
    std::ranges::sort(latencies_us);
    const auto at = [this](double part) {
      return latencies_us.empty()
                 ? 0.0
                 : latencies_us[static_cast<std::size_t>(part * static_cast<double>(latencies_us.size() - 1))];
    };
    fmt::print(
        "{{\"acknowledged\": {}, \"rate\": {:.1f}, \"seconds\": {:.3f}, \"p50_us\": {:.1f}, \"p99_us\": {:.1f}}}\n",
        acknowledged, static_cast<double>(counted) / seconds, seconds, at(0.5), at(0.99));
  }

  void on_acknowledged(MessageName name, std::int64_t due) {
    ++acknowledged;
    if (!load.ledger.empty()) ledger.mark(name);
    if (load.rate > 0) latencies_us.push_back(static_cast<double>(now_ns() - due) / 1e3);
  }

  /// False when everything that is wanted was sent.
  bool take_one() { return !stopped && (load.count == 0 || next_ < load.count); }

  /// The topic of the next message, in turn.
  std::string next_topic(std::uint32_t publisher) {
    const auto n = next_++;
    if (load.online) return live_topic(publisher);
    return load.retain ? fmt::format("kept/building/{}/sensor/{}", n / 100, n % 100)
                       : away_topic(static_cast<std::uint32_t>(n % load.sessions));
  }

  const Load& load;
  Ledger ledger;
  std::uint64_t acknowledged = 0;
  bool stopped = false;
  std::vector<double> latencies_us;

 private:
  void turn(std::int64_t start) {
    std::int64_t wait = 50'000'000;
    if (load.rate > 0 && !stopped) {
      const auto step = 1e9 / load.rate;
      while (start + static_cast<std::int64_t>(step * static_cast<double>(next_)) <= now_ns()) {
        publishers_[next_ % publishers_.size()]->send_due(start +
                                                          static_cast<std::int64_t>(step * static_cast<double>(next_)));
      }
      wait = std::min(wait, start + static_cast<std::int64_t>(step * static_cast<double>(next_)) - now_ns());
    }
    reactor_.turn(wait);
    if (acknowledged != progress_) {
      progress_ = acknowledged;
      progress_at_ = now_ns();
    } else if (now_ns() - progress_at_ > kStallNs) {
      throw std::runtime_error(fmt::format("no acknowledgement for 10 s after {}", acknowledged));
    }
  }

  Reactor reactor_;
  std::vector<std::unique_ptr<Follower>> followers_;
  std::vector<std::unique_ptr<Publisher>> publishers_;
  std::uint64_t next_ = 0;
  std::uint64_t progress_ = 0;
  std::int64_t progress_at_ = 0;
};

Publisher::Publisher(Publishing& all, Reactor& reactor, std::uint32_t number)
    : all_(all), number_(number), due_(65536), numbers_(65536) {
  connection_ =
      std::make_unique<Connection>(reactor, *this, open_session({all.load.port, false}, fmt::format("pub-{}", number)));
  connection_->wake();
}

void Publisher::on_packet(Connection& connection, const PacketView& packet) {
  if (packet.type != PacketType::puback) throw std::runtime_error("expected a PUBACK");
  const auto id = parse_packet_id(packet);
  ++acknowledged_;
  all_.on_acknowledged({number_, numbers_[id]}, due_[id]);
  connection.wake();
}

void Publisher::on_turn_end(Connection&) {
  const auto& load = all_.load;
  if (load.rate > 0 || load.window - open() < std::min(kBatch, load.window)) return;
  while (open() < load.window && all_.take_one()) send_one(0);
}

void Publisher::send_due(std::int64_t due) {
  send_one(due);
  connection_->wake();
}

void Publisher::send_one(std::int64_t due) {
  const auto id = static_cast<std::uint16_t>(sent_ % 65535 + 1);
  due_[id] = due;
  numbers_[id] = sent_;
  append_publish(connection_->out(), all_.next_topic(number_), payload_of({number_, sent_}, all_.load.payload), 1,
                 all_.load.retain, id);
  ++sent_;
}

}  // namespace

void publish(const Load& load) {
  Publishing(load).run();
}

}  // namespace tombo::bench
