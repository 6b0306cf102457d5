#include "config/rows/rows.hpp"

namespace tombo::config {

namespace {

// clang-format off
constexpr auto kRows = std::to_array<Row>({
  text<&Listener::address>("address", 255, kRestart, "IPv4 or IPv6 address or host name; \"*\" or \"\" means all addresses, v4 and v6."),
  number<&Listener::port>("port", {1, 65'535}, kRestart, "TCP port."),
  number<&Listener::connections_max>("connections_max", {0, kMany}, kNew, "Connections on this listener; 0 means that only limits.connections_max holds."),
  size<&Listener::packet_bytes_max>("packet_bytes_max", {0, 268'435'460}, kNew, "Longest packet accepted on this listener; 0 means limits.packet_bytes_max."),
  number<&Listener::qos_max>("qos_max", {0, 2}, kNew, "Highest QoS that clients of this listener may use."),
  number<&Listener::topic_alias_max>("topic_alias_max", {0, 65'535}, kNew, "Topic aliases that a client of this listener may use towards the broker."),
  flag<&Listener::tcp_nodelay>("tcp_nodelay", kRestart, "Send small packets at once instead of waiting for more to fill a segment."),
  number<&Listener::backlog>("backlog", {1, 65'535}, kRestart, "Connections that the kernel may hold until they are accepted."),
});
// clang-format on

}  // namespace

std::span<const Row> listener_rows() {
  return kRows;
}

}  // namespace tombo::config
