#pragma once

#include "bench/engine/context.hpp"
#include "bench/engine/in_flight.hpp"
#include "bench/engine/link.hpp"
#include "bench/measure/stamp.hpp"
#include "mqtt/packet_views.hpp"
#include "mqtt/raw_writer.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tombo::bench::engine {

/// What the server said about itself in CONNACK.
struct ServerLimits {
  bool session_present = false;
  std::uint16_t receive_maximum = 65'535;
  std::uint32_t packet_max = 0xFFFF'FFFF;
  mqtt::Qos maximum_qos = mqtt::Qos::exactly_once;
  bool retain_available = true;
  std::uint16_t keep_alive_s = 0;
};

/// Durations seen by one client, for its line in the report.
struct Durations {
  std::uint64_t count = 0;
  double sum_ms = 0;
  double squares_ms = 0;
  double min_ms = 0;
  double max_ms = 0;

  void add(double ms);
  double mean() const { return count == 0 ? 0 : sum_ms / static_cast<double>(count); }
  double deviation() const;
};

/// The sending side of one client: stamps and writes messages as credit or the schedule allows, and sees their
/// handshakes through.
class Publisher {
 public:
  Publisher(Context& context, const ClientSpec& spec);

  /// A connection was made, perhaps again.  The error says what the server does not allow.
  std::optional<RunError> begin(const ServerLimits& limits, Link& link);
  /// Publishes what may be published now.  False: the connection is broken.
  bool pump(Link& link);
  void on_ack(mqtt::PacketType type, const mqtt::AckView& ack, Link& link, std::int64_t now);

  /// Open loop: `count` messages have been due so far, the first of them at `first_due_ns`, `step_ns` apart.
  void schedule(std::int64_t first_due_ns, double step_ns);
  void release(std::uint64_t count) { released_ = count; }
  /// Nothing came back for a while: what is under way is taken as lost, so that the run goes on.
  void forgive();

  bool all_sent() const { return messages_ != 0 && sent_ >= messages_; }
  bool handshakes_done() const { return in_flight_.count() == 0; }
  std::uint64_t sent() const { return sent_; }
  std::uint64_t refused() const { return refused_; }
  std::uint64_t unacknowledged() const { return in_flight_.count(); }
  /// Has pumped its share of this turn and wants another one.
  bool eager() const { return eager_; }
  ClientResult result() const;

 private:
  std::uint64_t allowance() const;
  std::uint64_t credit() const;
  bool send_batch(Link& link, std::uint64_t count, std::int64_t now);
  void note_sent(std::uint64_t count, std::int64_t now);
  std::uint8_t* write(std::uint8_t* out, std::uint64_t sequence, std::int64_t stamp_us, mqtt::PacketId id, bool dup);
  std::uint8_t* write_around_mark(std::uint8_t* out, std::uint64_t sequence, mqtt::PacketId id, std::string_view topic,
                                  mqtt::Bytes tail);
  void make_form();
  std::int64_t due_ns(std::uint64_t sequence) const;
  std::string_view topic_for(std::uint64_t sequence);
  mqtt::Bytes tail_for(std::uint64_t sequence, std::int64_t stamp_us);
  Stamp stamp_for(std::uint64_t sequence, std::int64_t stamp_us) const;
  void finish(InFlight::Entry& entry, std::int64_t now, bool accepted);
  void resend(Link& link, bool session_present);
  std::size_t packet_bound() const;

  Context& context_;
  const ClientSpec& spec_;
  const mqtt::Qos qos_;
  InFlight in_flight_;
  std::uint64_t messages_ = 0;
  std::uint64_t sent_ = 0;
  std::uint64_t released_ = 0;
  std::uint64_t forgiven_ = 0;
  std::uint64_t refused_ = 0;
  std::uint64_t acknowledged_ = 0;
  std::uint64_t batch_max_ = 1;
  std::uint64_t packet_bound_ = 0;
  std::int64_t first_due_ns_ = 0;
  double step_ns_ = 0;
  std::int64_t first_ns_ = 0;
  std::int64_t last_ns_ = 0;
  bool eager_ = false;
  std::vector<std::uint8_t> form_;  // a packet that the next ones are copied from; empty: they differ too much
  std::size_t form_id_at_ = 0;
  std::size_t form_payload_ = 0;
  std::string topic_;  // filled in for one message
  std::string text_;
  std::vector<std::uint8_t> properties_;  // requests: response topic and correlation data
  std::size_t correlation_at_ = 0;
  Durations ack_times_;
};

}  // namespace tombo::bench::engine
