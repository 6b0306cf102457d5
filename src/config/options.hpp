#pragma once

#include "config/bridge_options.hpp"
#include "config/listener_options.hpp"
#include "config/security_options.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace tombo::config {

// The operator's options with their defaults.  Plain data, the same whichever file format they came from; every field
// has a row in schema.cpp with its key, bounds, reload class and one sentence.  The defaults keep a gateway with
// 512 MB alive.

enum class Placement : std::uint8_t { fill_first, hash, least_loaded };
enum class ShareStrategy : std::uint8_t { round_robin, random, sticky, least_in_flight, hash_client, hash_topic };
enum class QueueFull : std::uint8_t { drop_newest, drop_oldest, reject_publisher };
enum class RedirectMode : std::uint8_t { off, use_another_server, server_moved };
enum class LogFormat : std::uint8_t { text, json };
enum class LogWording : std::uint8_t { tombo, mosquitto };
enum class Sync : std::uint8_t { ack, interval, off };
enum class StoreProfile : std::uint8_t { gateway, server };
enum class StoreError : std::uint8_t { delay, refuse };

/// [limits]
struct Limits {
  std::uint32_t connections_max = 100'000;
  std::uint32_t connections_per_s = 0;             // accepted a second, 0: no limit
  std::uint32_t sessions_max = 200'000;            // connected and stored
  std::uint32_t connect_timeout_s = 10;            // from accept to a whole CONNECT
  std::uint32_t connect_bytes_max = 140'000;       // a first packet may be this long
  std::uint32_t packet_bytes_max = 16'777'216;     // whole packet; told to 5.0 clients
  std::uint32_t topic_levels_max = 128;
  std::uint32_t properties_max = 128;              // in one property section
  std::uint32_t subscriptions_per_client = 100'000;
  std::uint32_t wildcard_subscriptions_per_client = 100'000;
  std::uint32_t filters_per_packet = 10'000;
  std::uint32_t session_expiry_max_s = 604'800;    // server cap; 0xFFFFFFFF: clients decide
  std::uint16_t keep_alive_max_s = 65'535;         // 5.0: told as Server Keep Alive; 3.x: refused if longer or 0 when lowered
  std::uint16_t receive_maximum = 1'000;           // unacknowledged QoS 1/2 from a client
  std::uint16_t in_flight_max = 1'000;             // unacknowledged QoS 1/2 to a client, besides its Receive Maximum
  std::uint64_t in_flight_bytes_max = 0;           // payloads of unacknowledged QoS 1/2 to a client; 0: no limit
  std::uint32_t payload_bytes_max = 0;             // of a PUBLISH; 0: what packet_bytes_max allows
  std::uint16_t topic_alias_max_out = 32;          // aliases we use towards a client that allows them
  std::uint32_t queue_messages_max = 10'000;       // waiting per session
  std::uint64_t queue_bytes_max = 16'777'216;      // waiting per session
  std::uint32_t output_bytes_max = 262'144;        // encoded and not yet taken by the socket, per connection
  std::uint32_t retained_messages_max = 1'000'000;
  std::uint64_t retained_bytes_max = 268'435'456;
  std::uint32_t retained_expiry_s = 0;             // a retained message is forgotten after so long; 0: when its publisher says
  std::uint32_t retained_batch = 100;              // retained messages sent per client and loop turn
  std::uint64_t memory_bytes_max = 0;              // ceiling for messages and buffers; 0: three quarters of the machine's (or cgroup's)
  std::uint64_t mailbox_bytes_max = 67'108'864;    // letters waiting between two shards
  std::uint32_t packets_per_turn = 1'000;          // of one connection before others get their turn
  std::uint32_t acks_waiting_max = 10'000;         // of one client, for the disk, before it is not read from
};

/// [mqtt]
struct Mqtt {
  bool retain_available = true;
  bool wildcard_subscriptions = true;
  bool shared_subscriptions = true;
  bool subscription_ids = true;
  bool allow_empty_client_id = true;
  bool check_payload_format = false;     // refuse a payload that says it is text and is not (0x99)
  bool tell_no_subscribers = true;       // 0x10 in PUBACK and PUBREC where nobody subscribed
  bool deliver_overlapping_once = true;  // one copy for all of a client's matching subscriptions
  bool upgrade_outgoing_qos = false;     // send with the subscription's QoS even what was published with a lower one
  std::vector<std::string> client_id_prefixes;   // none: every client id may connect
  bool control_api = false;              // answer requests on $CONTROL/broker/v1
  bool queue_qos0_offline = false;       // keep QoS 0 messages for sessions that are away
  ShareStrategy share_strategy = ShareStrategy::round_robin;
  QueueFull on_queue_full = QueueFull::drop_newest;
  std::string response_information;      // told to clients that ask for it, empty: none
  std::uint32_t will_delay_max_s = 0xFFFFFFFF;
};

/// [persistence]
struct Persistence {
  std::string directory;                    // empty: nothing survives a restart
  std::string import_file;                  // a mosquitto.db that is read once, while the directory holds no store yet
  Sync sync = Sync::ack;
  std::vector<std::string> sync_topics;     // "filter=level", the first that matches a topic holds
  std::uint32_t sync_interval_ms = 1'000;   // level interval: what a crash may lose
  std::uint32_t linger_ms = 0;              // a commit waits so long for more: fewer syncs, slower acknowledgements
  std::uint32_t patience_ms = 20;           // for subscribers that are there, before their messages are written
  StoreProfile profile = StoreProfile::gateway;
  StoreError on_error = StoreError::delay;
  std::uint32_t window_messages = 100;      // of a session's queue that are in memory; the rest is on disk only
  std::uint64_t backlog_bytes_max = 33'554'432;  // on their way to the disk
};

/// [redirect]
struct Redirect {
  RedirectMode mode = RedirectMode::off;   // what every CONNECT is answered
  std::string server_reference;            // told with it
  std::uint32_t connections_high = 0;      // above: the newest 5.0 clients are sent elsewhere; 0: never
  std::uint32_t connections_low = 0;       // until so many are left
};

/// [sys]
struct Sys {
  std::uint32_t interval_s = 10;  // 0: no $SYS
};

/// [log]
struct Log {
  std::vector<std::string> to = {"stdout"};  // stdout, stderr, file:PATH, syslog, journald, topic
  std::string level = "info";
  std::vector<std::string> modules;          // "net=debug": module=level
  std::vector<std::string> types;            // of lines that are written, whatever their level; empty: level decides
  LogFormat format = LogFormat::text;
  LogWording wording = LogWording::tombo;    // of the lines about clients: Mosquitto's, for scripts that read them
  bool timestamps = true;
  std::string timestamp_format;              // as strftime has it; empty: ISO 8601
  bool connections = true;                   // a line for each connect and disconnect
};

/// [control]
struct Control {
  std::string socket;         // path of the Unix socket that tomboctl talks to; empty: none
  std::string mode = "0600";  // who may use it: 0600 the broker's user, 0660 its group, too
};

struct Options {
  std::uint32_t threads = 0;  // shards; 0: one per available core
  Placement placement = Placement::fill_first;
  std::uint32_t spill_load_percent = 65;  // fill_first: a shard busier than this gets no new session
  bool allow_anonymous = false;
  std::string pid_file;
  std::uint32_t stop_deadline_s = 5;      // to drain connections at a stop
  std::vector<Listener> listeners;
  Limits limits;
  Mqtt mqtt;
  Persistence persistence;
  Redirect redirect;
  Sys sys;
  Log log;
  Control control;
  Auth auth;
  Passwords passwords;
  Jwt jwt;
  Http http;
  Scram scram;
  Ldap ldap;
  Sql sql;
  Acl acl;
  Defence defence;
  std::vector<Plugin> plugins;
  std::vector<Bridge> bridges;
};

}  // namespace tombo::config
