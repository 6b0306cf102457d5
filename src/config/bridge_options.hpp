#pragma once

#include "config/listener_options.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace tombo::config {

// A connection to another broker, over which topics are carried both ways.

enum class BridgeStart : std::uint8_t { automatic, lazy, once };
enum class BridgeVersion : std::uint8_t { v3_1, v3_1_1, v5 };
enum class BridgeReload : std::uint8_t { lazy, immediate };
enum class BridgeOverflow : std::uint8_t { drop_newest, drop_oldest };

/// How a bridge's connection is secured; off unless `tls` or one of the others says so.
struct BridgeTls {
  bool tls = false;                        // with the system's authorities, where no others are named
  std::string ca_file;
  std::string ca_directory;
  std::string certificate;                 // PEM, shown to the other broker
  std::string key;
  std::string alpn;
  bool verify_host = true;                 // the certificate must be for the host that is connected to
  bool require_ocsp = false;               // the other broker must staple a good answer
  TlsVersion tls_min = TlsVersion::v1_2;
  std::string ciphers;                     // TLS 1.2, as OpenSSL writes them; empty: OpenSSL's choice
  std::string ciphersuites;                // TLS 1.3
  std::string psk_identity;
  std::string psk;                         // in hex

  bool operator==(const BridgeTls&) const = default;
};

/// Who a bridge is, on both sides.  Empty names are made up from the bridge's and this host's.
struct BridgeIdentity {
  std::string client_id;                   // to the other broker: HOST.NAME
  std::string user_name;
  std::string password;
  std::string local_client_id;             // in this broker: local.CLIENT_ID
  std::string local_user_name;             // whose rights the bridge has here; empty: it may do everything
  bool clean_session = false;              // at the other broker
  bool local_clean_session = false;        // in this one: what waits is forgotten when the connection is lost

  bool operator==(const BridgeIdentity&) const = default;
};

/// [[bridge]]
struct Bridge : BridgeTls, BridgeIdentity {
  std::string name;
  std::vector<std::string> addresses;      // "host" or "host:port", the first is the primary one
  std::vector<std::string> topics;         // "FILTER [out|in|both] [QOS] [LOCAL-PREFIX] [REMOTE-PREFIX]"
  bool round_robin = false;                // all addresses are equal; else the first is gone back to
  BridgeStart start = BridgeStart::automatic;
  BridgeVersion version = BridgeVersion::v3_1_1;
  std::uint32_t connections = 1;           // in parallel; a topic keeps to one
  std::uint16_t keep_alive_s = 60;
  std::uint32_t restart_min_s = 5;         // between attempts, doubled up to restart_max_s, with jitter
  std::uint32_t restart_max_s = 30;
  std::uint32_t idle_timeout_s = 60;       // lazy: the connection ends when nothing was carried for so long
  std::uint32_t threshold = 10;            // lazy: it begins when so many messages wait
  bool try_private = true;                 // 3.x: tell the other broker that this is a bridge
  bool notifications = true;
  bool notifications_local_only = false;
  std::string notification_topic;          // empty: $SYS/broker/connection/CLIENT_ID/state
  bool outgoing_retain = true;             // messages keep their RETAIN on the way out
  bool attempt_unsubscribe = true;         // when it connects, there: from what only goes out
  std::uint32_t session_expiry_s = 0;      // 5.0, told to the other broker; 0xFFFFFFFF: never
  std::uint16_t receive_maximum = 1'000;   // 5.0: in flight towards us
  std::uint16_t in_flight_max = 1'000;     // towards the other broker
  std::uint16_t topic_alias_max = 10;      // 5.0
  std::uint32_t packet_bytes_max = 0;      // from the other broker; 0: limits.packet_bytes_max
  std::uint32_t outgoing_packet_bytes_max = 0;     // to it; 0: what it takes
  std::string bind_address;
  std::uint32_t tcp_keepalive_s = 0;       // 0: the system's
  std::uint32_t tcp_user_timeout_ms = 0;   // 0: the system's
  std::uint32_t queue_messages_max = 100'000;      // waiting for the other broker; on disk where persistence is on
  std::uint64_t queue_bytes_max = 67'108'864;
  BridgeOverflow on_overflow = BridgeOverflow::drop_oldest;
  std::uint32_t loop_window_s = 2;        // 3.x: a message that comes back within so long is not carried on; 0: not looked at
  BridgeReload reload = BridgeReload::immediate;   // when a changed bridge takes its options: at its next connection, or now

  bool has_tls() const { return tls || !ca_file.empty() || !ca_directory.empty() || !psk.empty(); }
  bool operator==(const Bridge&) const = default;
};

}  // namespace tombo::config
