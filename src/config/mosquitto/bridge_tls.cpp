#include "config/mosquitto/entries.hpp"
#include "config/mosquitto/reading.hpp"

#include <fmt/format.h>

namespace tombo::config::mosquitto {

namespace {

// A switch that is off where it is not written says nothing when it is written off, also where there is no TLS that it
// could be about; only what turns it back is stored.

void take_require_ocsp(Reading& reading, const Line& line) {
  const auto flag = flag_of(reading, line);
  if (!flag || !reading.bridge(line)) return;
  if (*flag || reading.draft.options.bridges[*reading.where.bridge].require_ocsp) take_flag(reading, line);
}

void take_insecure(Reading& reading, const Line& line) {
  const auto flag = flag_of(reading, line);
  if (!flag || !reading.bridge(line)) return;
  if (*flag || !reading.draft.options.bridges[*reading.where.bridge].verify_host) take_flag_inverted(reading, line);
  if (reading.where.bridge && !reading.draft.options.bridges[*reading.where.bridge].verify_host) {
    reading.warning(line, "whoever has any certificate of these authorities can pretend to be the other broker");
  }
}

void take_tls_version(Reading& reading, const Line& line) {
  const auto bridge = reading.bridge(line);
  const std::string_view word = only_word(reading, line);
  if (!bridge) return;
  const bool old = word == "tlsv1" || word == "tlsv1.0" || word == "tlsv1.1";
  if (!old && word != "tlsv1.2" && word != "tlsv1.3") {
    return reading.error(line, fmt::format("'{}' is '{}', but must be tlsv1.2 or tlsv1.3", line.name, word));
  }
  if (old)
    reading.warning(line,
                    fmt::format("'{}' is {}, but the oldest version that tombo speaks is TLS 1.2", line.name, word));
  reading.set(Section::bridge, "tls_min", *bridge, {std::string{word == "tlsv1.3" ? "1.3" : "1.2"}}, line);
}

// clang-format off
constexpr auto kEntries = std::to_array<Directive>({
  path("bridge_cafile", Scope::bridge, "bridge.ca_file", "Authorities that sign the other broker's certificate; speaks TLS."),
  path("bridge_capath", Scope::bridge, "bridge.ca_directory", "The same as a directory, named by hash."),
  flag("bridge_tls_use_os_certs", Scope::bridge, "bridge.tls", "Speak TLS with the system's authorities."),
  path("bridge_certfile", Scope::bridge, "bridge.certificate", "Certificate that the other broker is shown."),
  path("bridge_keyfile", Scope::bridge, "bridge.key", "Its private key."),
  text("bridge_alpn", Scope::bridge, "bridge.alpn", "Protocol that is named in the TLS handshake."),
  Directive{"bridge_insecure", Scope::bridge, kFlag, Fate::honoured, "bridge.verify_host", "The certificate need not be for the host that is connected to.", &take_insecure},
  special("bridge_require_ocsp", Scope::bridge, kFlag, "bridge.require_ocsp", &take_require_ocsp, "The other broker must staple an OCSP answer."),
  special("bridge_tls_version", Scope::bridge, "tlsv1.2 or tlsv1.3", "bridge.tls_min", &take_tls_version, "Oldest version of TLS; tlsv1.1 is taken as tlsv1.2, with a warning."),
  text("bridge_ciphers", Scope::bridge, "bridge.ciphers", "Ciphers of TLS 1.2 as OpenSSL writes them."),
  text("bridge_ciphers_tls1.3", Scope::bridge, "bridge.ciphersuites", "Cipher suites of TLS 1.3."),
  text("bridge_identity", Scope::bridge, "bridge.psk_identity", "Identity of the pre-shared key."),
  text("bridge_psk", Scope::bridge, "bridge.psk", "The pre-shared key in hex."),
});
// clang-format on

}  // namespace

std::span<const Directive> bridge_tls_directives() {
  return kEntries;
}

}  // namespace tombo::config::mosquitto
