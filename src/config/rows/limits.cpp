#include "config/rows/rows.hpp"

namespace tombo::config {

namespace {

// clang-format off
constexpr auto kRows = std::to_array<Row>({
  number<&Limits::connections_max>("connections_max", {1, kMany}, kLive, "Connections on all listeners together."),
  number<&Limits::connections_per_s>("connections_per_s", {0, 1'000'000}, kLive, "New connections accepted a second; 0 means no limit."),
  number<&Limits::sessions_max>("sessions_max", {1, kMany}, kLive, "Sessions, connected and stored together."),
  number<&Limits::connect_timeout_s>("connect_timeout_s", {1, 3600}, kNew, "How long a client may take, by its own time alone, from opening a connection until it is let in."),
  size<&Limits::connect_bytes_max>("connect_bytes_max", {64, 268'435'460}, kNew, "Longest CONNECT packet, will and credentials included."),
  size<&Limits::packet_bytes_max>("packet_bytes_max", {64, 268'435'460}, kNew, "Longest packet that is accepted; MQTT 5.0 clients are told when it is lower than the protocol's own limit."),
  number<&Limits::topic_levels_max>("topic_levels_max", {1, 65'535}, kLive, "Levels in a topic or topic filter."),
  number<&Limits::properties_max>("properties_max", {1, 65'535}, kLive, "Properties in one property section of a packet, user properties included."),
  number<&Limits::subscriptions_per_client>("subscriptions_per_client", {1, kMany}, kLive, "Subscriptions of one session."),
  number<&Limits::wildcard_subscriptions_per_client>("wildcard_subscriptions_per_client", {0, kMany}, kLive, "Subscriptions of one session that hold a wildcard."),
  number<&Limits::filters_per_packet>("filters_per_packet", {1, 1'000'000}, kLive, "Topic filters in one SUBSCRIBE or UNSUBSCRIBE."),
  number<&Limits::session_expiry_max_s>("session_expiry_max_s", {0, kNoEnd}, kNew, "Longest time that the session of an absent client is kept; \"never\" leaves it to the client.").with_word("never", kNoEnd),
  number<&Limits::keep_alive_max_s>("keep_alive_max_s", {1, 65'535}, kNew, "Longest keep alive; MQTT 5.0 clients are told to use it, older clients that ask for more are refused when it is lowered."),
  number<&Limits::receive_maximum>("receive_maximum", {1, 65'535}, kNew, "QoS 1 and 2 messages that a client may send before the first is acknowledged."),
  number<&Limits::in_flight_max>("in_flight_max", {1, 65'535}, kNew, "QoS 1 and 2 messages sent to a client before the first is acknowledged."),
  size<&Limits::in_flight_bytes_max>("in_flight_bytes_max", {0, kTiB}, kNew, "Payload bytes of QoS 1 and 2 messages sent to a client before the first is acknowledged; 0 means no limit."),
  size<&Limits::payload_bytes_max>("payload_bytes_max", {0, 268'435'460}, kNew, "Longest payload that may be published; 0 means that only packet_bytes_max holds."),
  number<&Limits::topic_alias_max_out>("topic_alias_max_out", {0, 65'535}, kNew, "Topic aliases that the broker uses towards a client that allows them."),
  number<&Limits::queue_messages_max>("queue_messages_max", {1, kMany}, kLive, "Messages that wait for one session."),
  size<&Limits::queue_bytes_max>("queue_bytes_max", {kKiB, kTiB}, kLive, "Bytes of messages that wait for one session."),
  size<&Limits::output_bytes_max>("output_bytes_max", {4 * kKiB, 1024 * kMiB}, kLive, "Encoded bytes per connection that the network has not taken yet."),
  number<&Limits::retained_messages_max>("retained_messages_max", {0, kMany}, kLive, "Retained messages."),
  size<&Limits::retained_bytes_max>("retained_bytes_max", {0, kTiB}, kLive, "Bytes of retained messages, topics included."),
  number<&Limits::retained_expiry_s>("retained_expiry_s", {0, kNoEnd}, kLive, "A retained message is forgotten after so long; 0 means that only its publisher says when."),
  number<&Limits::retained_batch>("retained_batch", {1, 1'000'000}, kLive, "Retained messages sent to a client before others get their turn."),
  size<&Limits::memory_bytes_max>("memory_bytes_max", {0, kTiB}, kLive, "Memory for messages and buffers, above which load is shed; 0 means three quarters of what the machine or control group has."),
  size<&Limits::mailbox_bytes_max>("mailbox_bytes_max", {64 * kKiB, kTiB}, kLive, "Bytes of messages on their way from one shard to another."),
  number<&Limits::packets_per_turn>("packets_per_turn", {1, 1'000'000}, kLive, "Packets of one connection that are handled before others get their turn."),
  number<&Limits::acks_waiting_max>("acks_waiting_max", {1, 1'000'000}, kLive, "Acknowledgements to one client that wait for the disk before it is not read from."),
});
// clang-format on

}  // namespace

std::span<const Row> limits_rows() {
  return kRows;
}

}  // namespace tombo::config
