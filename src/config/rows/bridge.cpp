#include "config/rows/rows.hpp"

namespace tombo::config {

namespace {

// clang-format off
constexpr auto kRows = std::to_array<Row>({
  text<&Bridge::name>("name", 64, kLive, "Name of the bridge, which no other has."),
  list<&Bridge::addresses>("addresses", {0, 64}, kLive, "The other broker as host or host:port; the next one is tried when one cannot be reached."),
  list<&Bridge::topics>("topics", {0, 10'000}, kLive, "What is carried, each \"FILTER DIRECTION QOS LOCAL-PREFIX REMOTE-PREFIX\" with the direction out, in or both; words at the end may be left out (out 0 and no prefixes), \"\" stands for an empty word."),
  flag<&Bridge::round_robin>("round_robin", kLive, "All addresses are equal: a lost connection goes on at the next one; otherwise the first is gone back to as soon as it can be reached."),
  choice<&Bridge::start>("start", kLive, "automatic keeps the connection up, lazy connects when threshold messages wait, once does not come back after a loss."),
  choice<&Bridge::version>("version", kLive, "Version of MQTT that is spoken with the other broker."),
  number<&Bridge::connections>("connections", {1, 64}, kLive, "Connections in parallel; a topic always takes the same one, so its order is kept."),
  text<&BridgeIdentity::client_id>("client_id", 1024, kLive, "Client id at the other broker; empty means HOST.NAME."),
  text<&BridgeIdentity::user_name>("user_name", 1024, kLive, "User name at the other broker."),
  text<&BridgeIdentity::password>("password", 1024, kLive, "Password at the other broker."),
  text<&BridgeIdentity::local_client_id>("local_client_id", 1024, kLive, "Client id in this broker; empty means local.CLIENT_ID."),
  text<&BridgeIdentity::local_user_name>("local_user_name", 1024, kLive, "User whose rights the bridge has in this broker; empty means that it may do everything."),
  flag<&BridgeIdentity::clean_session>("clean_session", kLive, "The other broker forgets the bridge when the connection is lost."),
  flag<&BridgeIdentity::local_clean_session>("local_clean_session", kLive, "This broker forgets what waits for the bridge when the connection is lost."),
  number<&Bridge::keep_alive_s>("keep_alive_s", {5, 65'535}, kLive, "Keep alive towards the other broker."),
  number<&Bridge::restart_min_s>("restart_min_s", {1, 3600}, kLive, "Pause before the second attempt to connect; it doubles from there, with jitter."),
  number<&Bridge::restart_max_s>("restart_max_s", {1, 86'400}, kLive, "Longest pause between two attempts."),
  number<&Bridge::idle_timeout_s>("idle_timeout_s", {1, 86'400}, kLive, "With start lazy, the connection ends when nothing was carried for so long."),
  number<&Bridge::threshold>("threshold", {1, kMany}, kLive, "With start lazy, the connection begins when so many messages wait."),
  flag<&Bridge::try_private>("try_private", kLive, "Tell a broker that speaks 3.x that this is a bridge, so that it sends nothing back."),
  flag<&Bridge::notifications>("notifications", kLive, "Say on notification_topic, retained, whether the bridge is connected: 1 or 0."),
  flag<&Bridge::notifications_local_only>("notifications_local_only", kLive, "Say so in this broker only."),
  text<&Bridge::notification_topic>("notification_topic", 1024, kLive, "Topic of the notifications; empty means $SYS/broker/connection/CLIENT_ID/state."),
  flag<&Bridge::outgoing_retain>("outgoing_retain", kLive, "Retained messages are retained at the other broker, too."),
  flag<&Bridge::attempt_unsubscribe>("attempt_unsubscribe", kLive, "At a start, unsubscribe at the other broker from filters that go out only."),
  number<&Bridge::session_expiry_s>("session_expiry_s", {0, kNoEnd}, kLive, "MQTT 5.0: how long the other broker keeps the session of the bridge.").with_word("never", kNoEnd),
  number<&Bridge::receive_maximum>("receive_maximum", {1, 65'535}, kLive, "MQTT 5.0: QoS 1 and 2 messages that the other broker may send before the first is acknowledged."),
  number<&Bridge::in_flight_max>("in_flight_max", {1, 65'535}, kLive, "QoS 1 and 2 messages sent to the other broker before the first is acknowledged."),
  number<&Bridge::topic_alias_max>("topic_alias_max", {0, 65'535}, kLive, "MQTT 5.0: topic aliases that the other broker may use, and that are used towards it as far as it allows."),
  size<&Bridge::packet_bytes_max>("packet_bytes_max", {0, 268'435'460}, kLive, "Longest packet that the other broker may send; 0 means limits.packet_bytes_max."),
  size<&Bridge::outgoing_packet_bytes_max>("outgoing_packet_bytes_max", {0, 268'435'460}, kLive, "Longest PUBLISH that the other broker is sent, a longer one is given up; 0 leaves it to that broker, which says so with MQTT 5.0."),
  text<&Bridge::bind_address>("bind_address", 255, kLive, "Local address of the connection; empty means any."),
  number<&Bridge::tcp_keepalive_s>("tcp_keepalive_s", {0, 65'535}, kLive, "Idle seconds before TCP asks whether the other side is there; 0 leaves it to the system."),
  number<&Bridge::tcp_user_timeout_ms>("tcp_user_timeout_ms", {0, 86'400'000}, kLive, "How long sent bytes may stay unacknowledged by TCP; 0 leaves it to the system."),
  number<&Bridge::queue_messages_max>("queue_messages_max", {1, kMany}, kLive, "Messages that wait for the other broker; on disk where persistence is on."),
  size<&Bridge::queue_bytes_max>("queue_bytes_max", {kKiB, kTiB}, kLive, "Bytes of messages that wait for the other broker."),
  choice<&Bridge::on_overflow>("on_overflow", kLive, "What goes when the queue is full: the new message or the oldest one."),
  number<&Bridge::loop_window_s>("loop_window_s", {0, 3600}, kLive, "With 3.x, a message that comes back within so long is not carried on; 0 means that nobody looks."),
  choice<&Bridge::reload>("reload", kLive, "When changed options hold: immediate connects anew, lazy waits for the next connection."),
  flag<&BridgeTls::tls>("tls", kLive, "Speak TLS, with the system's authorities where no others are named."),
  text<&BridgeTls::ca_file>("ca_file", 4096, kLive, "PEM file of authorities that sign the other broker's certificate; speaks TLS."),
  text<&BridgeTls::ca_directory>("ca_directory", 4096, kLive, "Directory of such authorities, named by hash; speaks TLS."),
  text<&BridgeTls::certificate>("certificate", 4096, kLive, "PEM file of the certificate that the other broker is shown."),
  text<&BridgeTls::key>("key", 4096, kLive, "PEM file of its private key."),
  text<&BridgeTls::alpn>("alpn", 255, kLive, "Protocol that is named in the TLS handshake (ALPN)."),
  flag<&BridgeTls::verify_host>("verify_host", kLive, "The certificate must be for the host that is connected to."),
  flag<&BridgeTls::require_ocsp>("require_ocsp", kLive, "The other broker must staple an OCSP answer that says its certificate is good."),
  choice<&BridgeTls::tls_min>("tls_min", kLive, "Oldest version of TLS that is spoken."),
  text<&BridgeTls::ciphers>("ciphers", 4096, kLive, "Ciphers of TLS 1.2 as OpenSSL writes them; empty leaves it to OpenSSL."),
  text<&BridgeTls::ciphersuites>("ciphersuites", 4096, kLive, "Cipher suites of TLS 1.3; empty leaves it to OpenSSL."),
  text<&BridgeTls::psk_identity>("psk_identity", 1024, kLive, "Identity of the pre-shared key."),
  text<&BridgeTls::psk>("psk", 512, kLive, "The pre-shared key in hex; speaks TLS-PSK."),
});
// clang-format on

}  // namespace

std::span<const Row> bridge_rows() {
  return kRows;
}

}  // namespace tombo::config
