#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tombo::config {

// The options of a [[listener]], in the groups in which they are used.  All of them stand in one table of a file.

enum class Protocol : std::uint8_t { mqtt, websocket, any };
enum class ClientCertificate : std::uint8_t { none, optional, required };
enum class UserNameFrom : std::uint8_t { connect, certificate_cn, certificate_subject, certificate_san, psk_identity, unix_user };
enum class TlsVersion : std::uint8_t { v1_2, v1_3 };
enum class ProxyProtocol : std::uint8_t { off, required };
enum class Anonymous : std::uint8_t { as_broker, allow, refuse };

/// TLS; off where there is neither a certificate nor a file of pre-shared keys, nor a hint for them.
struct ListenerTls {
  std::vector<std::string> certificates;     // PEM files, each the server's certificate and its chain; the first where no name fits
  std::vector<std::string> keys;             // PEM files in the same order; none: the key is in the certificate's file
  std::string ca_file;                       // who signs client certificates
  std::string ca_directory;                  // the same, by hash (c_rehash)
  ClientCertificate client_certificate = ClientCertificate::none;
  std::vector<std::string> crls;             // files and directories of revocation lists
  std::string ocsp_file;                     // DER answer that is stapled; read again when it changes
  TlsVersion tls_min = TlsVersion::v1_2;
  std::string ciphers;                       // TLS 1.2, as OpenSSL writes them; empty: OpenSSL's choice
  std::string ciphersuites;                  // TLS 1.3
  std::string groups;                        // key exchange
  std::uint32_t tls_session_timeout_s = 7'200;  // a session may be resumed for so long; 0: never
  std::uint32_t tls_handshake_timeout_s = 10;
  std::uint32_t tls_handshakes_per_s = 0;    // begun on this listener; 0: no limit
  std::string psk_file;                      // identity:hexkey a line
  std::string psk_hint;                      // with one, and without psk_file, plugins are asked for keys
};

/// MQTT over WebSocket, where protocol says so.
struct ListenerWebSocket {
  Protocol protocol = Protocol::mqtt;
  std::string websocket_path;                // "/mqtt"; empty: any
  std::vector<std::string> websocket_origins;         // allowed values of Origin; none: any
  std::vector<std::string> websocket_trusted_proxies; // networks whose X-Forwarded-For is believed
  std::uint32_t websocket_header_bytes_max = 8'192;
  std::string http_directory;                // files for a plain GET; empty: none
};

/// Who may reach a listener, and as whom.
struct ListenerDoor {
  std::string interface;                     // bind to this network interface
  bool freebind = false;                     // bind to an address that is not there yet
  std::string unix_mode = "0660";            // of a Unix socket
  std::string unix_user;
  std::string unix_group;
  ProxyProtocol proxy_protocol = ProxyProtocol::off;
  std::vector<std::string> proxy_networks;   // who may speak it
  std::vector<std::string> allow_networks;   // none: everybody
  std::vector<std::string> deny_networks;
  std::vector<std::string> versions = {"3.1", "3.1.1", "5"};
  UserNameFrom user_name_from = UserNameFrom::connect;
  Anonymous anonymous = Anonymous::as_broker;
  std::vector<std::string> authentication;   // backends in the order in which they are asked; none: auth.backends
  std::uint32_t connections_per_s = 0;       // 0: no limit
};

/// What is different for the clients of one listener.
struct ListenerClients {
  std::string mount_point;                   // put before all their topics and filters, and never seen by them
  std::string auto_id_prefix;                // of the client ids that are made here
  Anonymous empty_client_id = Anonymous::as_broker;
  bool client_id_from_user_name = false;     // whatever CONNECT says
  std::string password_file;                 // instead of passwords.file
  std::string acl_file;                      // instead of acl.file
};

/// [[listener]]
struct Listener : ListenerTls, ListenerWebSocket, ListenerDoor, ListenerClients {
  std::string address = "127.0.0.1";   // IPv4, IPv6 or host name; "" or "*": all addresses, v4 and v6; "unix:PATH"
  std::uint16_t port = 1883;
  std::uint32_t connections_max = 0;       // 0: only the broker's limit holds
  std::uint32_t packet_bytes_max = 0;      // 0: limits.packet_bytes_max
  std::uint8_t qos_max = 2;
  std::uint16_t topic_alias_max = 64;      // aliases that a client may use towards us
  bool tcp_nodelay = true;
  std::uint32_t backlog = 1024;

  bool is_unix() const { return address.starts_with("unix:"); }
  bool takes_psks() const { return !psk_file.empty() || !psk_hint.empty(); }
  /// Whether plugins are asked for keys: a file decides alone, as with Mosquitto.
  bool asks_for_keys() const { return !psk_hint.empty() && psk_file.empty(); }
  bool has_tls() const { return !certificates.empty() || takes_psks(); }
};

}  // namespace tombo::config
