#pragma once

#include "mqtt/types.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// The load tester.  One Plan says everything about one run; the command line, a scenario file, an MQTTLoader file
/// and a coordinator's order all end in Plans, and run() (engine/run.hpp) is the only thing that executes them.
namespace tombo::bench {

using Seconds = std::chrono::duration<double>;

/// Where the broker is and how to talk to it.
struct Target {
  std::string host = "127.0.0.1";  // name, IPv4 or IPv6 without brackets
  std::uint16_t port = 1883;
  mqtt::Version version = mqtt::Version::v5;
  std::vector<std::string> source_addresses;  // bound in turn; empty: the system's choice
  struct Tls {
    bool on = false;
    std::string ca_file;
    std::string certificate_file;
    std::vector<std::string> chain_files;  // further certificates of the client's chain, in order
    std::string key_file;
    std::string server_name;  // SNI and name check; empty: host
    bool insecure = false;    // no check of the peer
  } tls;
  bool websocket = false;
  std::string websocket_path = "/mqtt";
};

/// What each client says in its CONNECT.  Texts are templates: %i number of the client, %u its user name, %c its
/// client id (not in client_id itself), %k p for a publisher and s for a subscriber, %n its number within its kind in
/// five digits (both as MQTTLoader names its clients: ml-%r-%k-%n), %% a percent sign.
struct ClientOptions {
  std::string client_id = "tb-%r-%i";  // %r: four random letters, the same for the whole run
  std::string user_name;               // empty: none
  std::string password;
  bool clean_start = true;
  std::uint32_t session_expiry_s = 0;  // 5.0
  std::uint16_t keep_alive_s = 60;
  std::uint16_t receive_maximum = 0;   // 5.0; 0: not said
  double connects_per_s = 0;           // 0: as fast as answers come
  std::uint32_t connecting_max = 100;  // half-open at once
  std::uint32_t connect_retries = 0;
  Seconds connect_timeout{10};
  bool reconnect = false;  // when the connection breaks during the run
};

/// Which publisher's messages reach which subscriber.
enum class Topology : std::uint8_t {
  connect_only,  // no traffic: `conn`
  publish_only,
  subscribe_only,
  pairs,     // publisher i to subscriber i
  fan_in,    // all publishers to one subscriber
  fan_out,   // each message to every subscriber
  shared,    // each message to one member of a shared group
  wildcard,  // subscriber i takes publisher i's whole subtree with # and +
  request_response,
  retained,       // store, then time the delivery on `#`
  subscriptions,  // many filters of a mix, then publish to some of them
};

/// How fast publishers go.
struct Pace {
  /// Messages a second, all publishers together, on a schedule that does not wait for the broker (open loop: latency
  /// counts from when a message was due).  0: closed loop, as fast as the window's credit allows.
  double rate = 0;
  /// Closed loop: messages of one publisher that were sent and not yet delivered (where this run has the
  /// subscribers) or acknowledged (QoS > 0, publish_only).
  std::uint32_t window = 100;
  /// Closed loop: credit that must be there before the next write.
  std::uint32_t batch = 25;
};

struct Payload {
  /// What stands at the front.  `time_only` is MQTTLoader's payload: only the time (write_time() in measure/stamp.hpp),
  /// from 8 bytes on; streams cannot be told apart, so nothing is checked and nothing gives credit but
  /// acknowledgements (QoS 0: as much as the socket takes).
  enum class Mark : std::uint8_t { stamp, time_only };
  Mark mark = Mark::stamp;
  /// What the tool writes at the front: stream, sequence and time (measure/stamp.hpp).  Smaller sizes are refused.
  std::size_t size = 64;
  std::string file;  // contents follow the stamp
  std::string text;  // a template that follows the stamp: %i %u %c %s (sequence) %t (µs since 1970)
};

struct Plan {
  std::string name = "run";
  Target target;
  ClientOptions client;
  Topology topology = Topology::pairs;
  std::uint32_t publishers = 10;
  std::uint32_t subscribers = 10;
  std::uint32_t connections = 0;  // connect_only
  double churn_per_s = 0;         // connect_only: connections closed and replaced each second while holding
  mqtt::Qos publish_qos = mqtt::Qos::at_most_once;
  mqtt::Qos subscribe_qos = mqtt::Qos::at_most_once;
  bool retain = false;
  std::string topic = "bench/%r/%i";  // template as in ClientOptions, and %s: sequence
  std::string share_group = "bench";
  std::string run_word;  // what %r stands for; empty: drawn at random
  Pace pace;
  Payload payload;
  std::uint64_t messages = 0;  // per publisher; 0: until the time is over
  Seconds duration{10};        // of measuring; warm-up, ramps and draining come on top
  Seconds ramp_up{1};          // traffic runs, not measured
  Seconds ramp_down{0};
  Seconds drain{5};  // waiting for what is under way at the end
  /// Set (MQTTLoader): the run ends when every publisher has sent its `messages` and nothing has arrived for so long;
  /// `duration` is then the hard end, and `drain` does not count.  Without publishers, silence counts from the first
  /// arrival.
  std::optional<Seconds> end_after_silence;
  std::uint32_t filters = 100'000;  // subscriptions: how many, over all subscribers
  double filters_exact = 0.8;       // their mix; the rest are `#`
  double filters_plus = 0.1;
  std::uint32_t retained = 100'000;
  unsigned threads = 1;
  /// A line per message, CSV as MQTTLoader writes it: the first line is the start (µs since 1970), then
  /// time_us,client_id,S|R,latency_us with an empty latency for S.  S counts when `acknowledged` counts.
  std::optional<std::string> record_file;
  /// What this machine's clock must be corrected by (added) wherever a time is put into a payload or an arrival is
  /// compared with one: the coordinator's clock, or the NTP server's, is the common one.
  std::int64_t clock_offset_us = 0;
  /// Clients connect and subscribe at once; traffic waits for this moment of the corrected clock (µs since 1970).
  /// 0, or already past: no waiting.
  std::int64_t start_at_unix_us = 0;
  /// Number of the first client, stream and %i of this run: workers of one coordinator have ranges of their own.
  std::uint32_t first_client = 0;
  std::int32_t broker_pid = 0;  // CPU time and memory of this process are measured; 0: none
};

}  // namespace tombo::bench
