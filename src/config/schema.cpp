#include "config/schema.hpp"

#include "config/fields.hpp"

#include <utility>

namespace tombo::config {

namespace {

constexpr auto kLive = Reload::live;
constexpr auto kNew = Reload::new_connections;
constexpr auto kRestart = Reload::restart;

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kMiB = 1024 * kKiB;
constexpr std::uint64_t kTiB = kMiB * kMiB;
constexpr std::uint64_t kDay = 86'400;
constexpr std::uint64_t kMany = 100'000'000;  // of anything that is counted: a typo, not a plan, is above
constexpr std::uint64_t kNoEnd = 0xFFFFFFFF;

constexpr std::array<std::string_view, 2> kModes{"0600", "0660"};
constexpr std::array<std::string_view, 6> kLevels{"trace", "debug", "info", "warning", "error", "off"};

constexpr std::array<SectionInfo, 9> kSections{{
    {Section::top, "", "the top of the file", "The broker as a whole."},
    {Section::listener, "listener", "[[listener]]",
     "An address and port to listen on; write the section once for each."},
    {Section::limits, "limits", "[limits]", "What one client and all clients together may use at most."},
    {Section::mqtt, "mqtt", "[mqtt]",
     "Which parts of MQTT are offered, and how choices it leaves open are made."},
    {Section::persistence, "persistence", "[persistence]",
     "What survives a restart, a crash and a power cut: sessions, their queues and retained messages."},
    {Section::redirect, "redirect", "[redirect]", "Sending clients to another server."},
    {Section::sys, "sys", "[sys]", "The broker's own figures under $SYS/broker."},
    {Section::log, "log", "[log]", "What is logged, where and how."},
    {Section::control, "control", "[control]", "Where tomboctl asks and commands the running broker."},
}};

// clang-format off
constexpr auto kRows = std::to_array<Row>({
  number<&Options::threads>("threads", {0, 256}, kRestart, "Shards, each a thread with its own connections; 0 means one for each available core."),
  choice<&Options::placement>("placement", kNew, "Which shard gets a new session: fill_first loads one shard before it spills to the next, hash spreads by client id, least_loaded takes the idlest."),
  number<&Options::spill_load_percent>("spill_load_percent", {1, 100}, kNew, "With placement fill_first, a shard that is busier than this gets no new session."),
  flag<&Options::allow_anonymous>("allow_anonymous", kNew, "Clients may connect without a user name, which lets everyone who reaches a listener publish and read every topic."),
  text<&Options::pid_file>("pid_file", 4096, kRestart, "File that holds the process id while the broker runs; empty means none."),
  number<&Options::stop_deadline_s>("stop_deadline_s", {0, 3600}, kLive, "How long a stop may take to drain connections."),

  text<&Listener::address>("address", 255, kRestart, "IPv4 or IPv6 address or host name; \"*\" or \"\" means all addresses, v4 and v6."),
  number<&Listener::port>("port", {1, 65'535}, kRestart, "TCP port."),
  number<&Listener::connections_max>("connections_max", {0, kMany}, kNew, "Connections on this listener; 0 means that only limits.connections_max holds."),
  size<&Listener::packet_bytes_max>("packet_bytes_max", {0, 268'435'460}, kNew, "Longest packet accepted on this listener; 0 means limits.packet_bytes_max."),
  number<&Listener::qos_max>("qos_max", {0, 2}, kNew, "Highest QoS that clients of this listener may use."),
  number<&Listener::topic_alias_max>("topic_alias_max", {0, 65'535}, kNew, "Topic aliases that a client of this listener may use towards the broker."),
  flag<&Listener::tcp_nodelay>("tcp_nodelay", kRestart, "Send small packets at once instead of waiting for more to fill a segment."),
  number<&Listener::backlog>("backlog", {1, 65'535}, kRestart, "Connections that the kernel may hold until they are accepted."),

  number<&Limits::connections_max>("connections_max", {1, kMany}, kLive, "Connections on all listeners together."),
  number<&Limits::connections_per_s>("connections_per_s", {0, 1'000'000}, kLive, "New connections accepted a second; 0 means no limit."),
  number<&Limits::sessions_max>("sessions_max", {1, kMany}, kLive, "Sessions, connected and stored together."),
  number<&Limits::connect_timeout_s>("connect_timeout_s", {1, 3600}, kNew, "How long a client may take from opening a connection to the end of its CONNECT packet."),
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
  number<&Limits::topic_alias_max_out>("topic_alias_max_out", {0, 65'535}, kNew, "Topic aliases that the broker uses towards a client that allows them."),
  number<&Limits::queue_messages_max>("queue_messages_max", {1, kMany}, kLive, "Messages that wait for one session."),
  size<&Limits::queue_bytes_max>("queue_bytes_max", {kKiB, kTiB}, kLive, "Bytes of messages that wait for one session."),
  size<&Limits::output_bytes_max>("output_bytes_max", {4 * kKiB, 1024 * kMiB}, kLive, "Encoded bytes per connection that the network has not taken yet."),
  number<&Limits::retained_messages_max>("retained_messages_max", {0, kMany}, kLive, "Retained messages."),
  size<&Limits::retained_bytes_max>("retained_bytes_max", {0, kTiB}, kLive, "Bytes of retained messages, topics included."),
  number<&Limits::retained_batch>("retained_batch", {1, 1'000'000}, kLive, "Retained messages sent to a client before others get their turn."),
  size<&Limits::memory_bytes_max>("memory_bytes_max", {0, kTiB}, kLive, "Memory for messages and buffers, above which load is shed; 0 means three quarters of what the machine or control group has."),
  size<&Limits::mailbox_bytes_max>("mailbox_bytes_max", {64 * kKiB, kTiB}, kLive, "Bytes of messages on their way from one shard to another."),
  number<&Limits::packets_per_turn>("packets_per_turn", {1, 1'000'000}, kLive, "Packets of one connection that are handled before others get their turn."),
  number<&Limits::acks_waiting_max>("acks_waiting_max", {1, 1'000'000}, kLive, "Acknowledgements to one client that wait for the disk before it is not read from."),

  flag<&Mqtt::retain_available>("retain_available", kNew, "Messages may be retained."),
  flag<&Mqtt::wildcard_subscriptions>("wildcard_subscriptions", kNew, "Topic filters may hold + and #."),
  flag<&Mqtt::shared_subscriptions>("shared_subscriptions", kNew, "Clients may share a subscription as $share/group/filter."),
  flag<&Mqtt::subscription_ids>("subscription_ids", kNew, "MQTT 5.0 clients may number their subscriptions and get the numbers with each message."),
  flag<&Mqtt::allow_empty_client_id>("allow_empty_client_id", kNew, "A client without a client id is given one instead of being refused."),
  flag<&Mqtt::check_payload_format>("check_payload_format", kLive, "Refuse a message that is marked as text and is not UTF-8."),
  flag<&Mqtt::tell_no_subscribers>("tell_no_subscribers", kLive, "Tell an MQTT 5.0 publisher in the acknowledgement when nobody subscribes to its topic."),
  flag<&Mqtt::deliver_overlapping_once>("deliver_overlapping_once", kLive, "A message that matches several subscriptions of a client is sent to it once."),
  flag<&Mqtt::queue_qos0_offline>("queue_qos0_offline", kLive, "Keep QoS 0 messages for sessions whose client is away."),
  choice<&Mqtt::share_strategy>("share_strategy", kLive, "Which member of a shared subscription gets a message."),
  choice<&Mqtt::on_queue_full>("on_queue_full", kLive, "What happens when a session's queue is full: drop the new message, drop the oldest one, or tell the publisher (0x97)."),
  text<&Mqtt::response_information>("response_information", 65'535, kNew, "Text for MQTT 5.0 clients that ask where to receive responses; empty means none."),
  number<&Mqtt::will_delay_max_s>("will_delay_max_s", {0, kNoEnd}, kNew, "Longest time that a will may be held back; \"unlimited\" leaves it to the client.").with_word("unlimited", kNoEnd),

  text<&Persistence::directory>("directory", 4096, kRestart, "Where the store is kept, made if it is not there; empty means that nothing survives a restart."),
  choice<&Persistence::sync>("sync", kLive, "When a message counts as safe: ack means on stable storage before it is acknowledged, interval that a crash may lose the last sync_interval_ms, off that the operating system decides."),
  list<&Persistence::sync_topics>("sync_topics", {0, 64}, kLive, "Other levels for some topics, such as \"telemetry/#=interval\": filter=level, the first that matches holds."),
  number<&Persistence::sync_interval_ms>("sync_interval_ms", {10, 60'000}, kLive, "Time between two syncs of what the level interval covers; so much a crash may lose."),
  number<&Persistence::linger_ms>("linger_ms", {0, 1000}, kLive, "A commit waits so long for more messages, which wears flash memory less and makes acknowledgements slower; 5 to 20 suit eMMC."),
  number<&Persistence::patience_ms>("patience_ms", {0, 1000}, kLive, "How long a message is held back from the disk while all its subscribers are there and may acknowledge it; one that they all did is never written."),
  choice<&Persistence::profile>("profile", kRestart, "gateway uses little memory and few files, server more of both for a higher rate."),
  choice<&Persistence::on_error>("on_error", kLive, "While the disk cannot be written: delay holds acknowledgements back until it can, refuse answers MQTT 5.0 publishers with 0x97 instead."),
  number<&Persistence::window_messages>("window_messages", {1, 100'000}, kLive, "Messages of a session's queue that are in memory; the others are on the disk only."),
  size<&Persistence::backlog_bytes_max>("backlog_bytes_max", {64 * kKiB, kTiB}, kLive, "Bytes of messages on their way to the disk; with more, publishers are not read from."),

  choice<&Redirect::mode>("mode", kNew, "Answer every CONNECT with 0x9C (use_another_server) or 0x9D (server_moved)."),
  text<&Redirect::server_reference>("server_reference", 65'535, kNew, "The other server, as host or host:port, several separated by spaces."),
  number<&Redirect::connections_high>("connections_high", {0, kMany}, kLive, "With more connections the newest MQTT 5.0 clients are sent to the other server; 0 means never."),
  number<&Redirect::connections_low>("connections_low", {0, kMany}, kLive, "Sending clients away ends when so many connections are left."),

  number<&Sys::interval_s>("interval_s", {0, kDay}, kLive, "Time between two updates of $SYS; 0 means none are published."),

  list<&Log::to>("to", {1, 8}, kLive, "Where lines go: stdout, stderr, file:PATH (opened anew on SIGHUP), syslog, journald."),
  text<&Log::level>("level", 16, kLive, "Lowest level that is logged.").one_of(kLevels),
  list<&Log::modules>("modules", {0, 32}, kLive, "Levels of single modules, such as \"net=debug\"; the modules are broker, net, auth, store, config and app."),
  choice<&Log::format>("format", kLive, "A line of text or a JSON object for each event."),
  flag<&Log::timestamps>("timestamps", kLive, "Begin text lines with the time."),
  flag<&Log::connections>("connections", kLive, "Log a line for each connect and disconnect."),

  text<&Control::socket>("socket", 100, kRestart, "Path of the Unix socket for tomboctl, for example /run/tombo/control.sock; empty means none."),
  text<&Control::mode>("mode", 4, kRestart, "Who may use the socket: 0600 the user that runs the broker, 0660 its group as well.").one_of(kModes),
});
// clang-format on

}  // namespace

std::span<const Row> rows() {
  return kRows;
}
std::span<const SectionInfo> sections() {
  return kSections;
}

const SectionInfo& info_of(Section section) {
  return kSections[static_cast<std::size_t>(section)];
}

std::string_view name_of(Reload reload) {
  static constexpr std::array<std::string_view, 3> kNames{"live", "new connections", "restart"};
  return kNames[static_cast<std::size_t>(reload)];
}

const Row* find_row(Section section, std::string_view key) {
  const auto found = std::find_if(kRows.begin(), kRows.end(),
                                  [&](const Row& row) { return row.section == section && row.key == key; });
  return found == kRows.end() ? nullptr : &*found;
}

const void* object_of(const Options& options, Section section, std::size_t listener) {
  switch (section) {
    case Section::top:
      return &options;
    case Section::listener:
      return &options.listeners.at(listener);
    case Section::limits:
      return &options.limits;
    case Section::mqtt:
      return &options.mqtt;
    case Section::persistence:
      return &options.persistence;
    case Section::redirect:
      return &options.redirect;
    case Section::sys:
      return &options.sys;
    case Section::log:
      return &options.log;
    case Section::control:
      return &options.control;
  }
  return &options;
}

void* object_of(Options& options, Section section, std::size_t listener) {
  return const_cast<void*>(object_of(std::as_const(options), section, listener));
}

Value default_of(const Row& row) {
  static const Options kDefaults = [] {
    Options options;
    options.listeners.emplace_back();
    return options;
  }();
  return row.get(object_of(kDefaults, row.section, 0));
}

}  // namespace tombo::config
