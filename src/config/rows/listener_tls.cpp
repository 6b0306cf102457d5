#include "config/rows/rows.hpp"

namespace tombo::config {

namespace {

// clang-format off
constexpr auto kRows = std::to_array<Row>({
  list<&ListenerTls::certificates>("certificates", {0, 64}, kLive, "PEM files with the server's certificate and its chain, one for each name that clients may ask for (SNI); the first serves where no name fits; with one, the listener speaks TLS."),
  list<&ListenerTls::keys>("keys", {0, 64}, kLive, "PEM files of the private keys, in the order of certificates; none means that each key stands in its certificate's file."),
  text<&ListenerTls::ca_file>("ca_file", 4096, kLive, "PEM file of the authorities that sign client certificates."),
  text<&ListenerTls::ca_directory>("ca_directory", 4096, kLive, "Directory of such authorities, named by hash as openssl rehash does."),
  choice<&ListenerTls::client_certificate>("client_certificate", kNew, "Whether clients must show a certificate: none does not ask, optional checks one that is shown, required refuses a client without."),
  list<&ListenerTls::crls>("crls", {0, 64}, kLive, "Files and directories of revocation lists; with one, every client certificate is looked up in them."),
  text<&ListenerTls::ocsp_file>("ocsp_file", 4096, kLive, "DER file with the OCSP answer for the first certificate, which is stapled to handshakes."),
  choice<&ListenerTls::tls_min>("tls_min", kNew, "Oldest version of TLS that is spoken."),
  text<&ListenerTls::ciphers>("ciphers", 4096, kNew, "Ciphers of TLS 1.2 as OpenSSL writes them; empty leaves it to OpenSSL."),
  text<&ListenerTls::ciphersuites>("ciphersuites", 4096, kNew, "Cipher suites of TLS 1.3; empty leaves it to OpenSSL."),
  text<&ListenerTls::groups>("groups", 4096, kNew, "Groups for the key exchange, such as \"X25519:P-256\"; empty leaves it to OpenSSL."),
  number<&ListenerTls::tls_session_timeout_s>("tls_session_timeout_s", {0, 7 * kDay}, kNew, "How long a TLS session may be resumed; 0 means never."),
  number<&ListenerTls::tls_handshake_timeout_s>("tls_handshake_timeout_s", {1, 3600}, kNew, "How long a client may take for the TLS handshake."),
  number<&ListenerTls::tls_handshakes_per_s>("tls_handshakes_per_s", {0, 1'000'000}, kLive, "TLS handshakes that are begun in a second on this listener; more wait to be accepted, 0 means no limit."),
  text<&ListenerTls::psk_file>("psk_file", 4096, kLive, "File of pre-shared keys, a line identity:key-in-hex each; with one, the listener speaks TLS-PSK."),
  text<&ListenerTls::psk_hint>("psk_hint", 128, kNew, "Hint that TLS 1.2 clients are given to choose their identity by; with one, the listener speaks TLS-PSK, and where there is no psk_file plugins are asked for keys."),
});
// clang-format on

}  // namespace

std::span<const Row> listener_tls_rows() {
  return kRows;
}

}  // namespace tombo::config
