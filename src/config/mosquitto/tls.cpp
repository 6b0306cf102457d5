#include "config/mosquitto/entries.hpp"
#include "config/mosquitto/reading.hpp"

#include <fmt/format.h>

namespace tombo::config::mosquitto {

namespace {

void take_require_certificate(Reading& reading, const Line& line) {
  const auto flag = flag_of(reading, line);
  if (!flag) return;
  reading.set(Section::listener, "client_certificate", reading.listener(), {std::string{*flag ? "required" : "none"}},
              line);
}

void take_identity(Reading& reading, const Line& line) {
  const auto flag = flag_of(reading, line);
  if (flag) reading.notes().identity = *flag ? std::optional{line} : std::nullopt;
}

void take_subject(Reading& reading, const Line& line) {
  const auto flag = flag_of(reading, line);
  if (flag) reading.notes().subject = *flag ? std::optional{line} : std::nullopt;
}

void take_psk_hint(Reading& reading, const Line& line) {
  take_text(reading, line);
  reading.notes().psk_hint = line;
}

void take_tls_version(Reading& reading, const Line& line) {
  const std::string_view word = only_word(reading, line);
  const bool old = word == "tlsv1" || word == "tlsv1.0" || word == "tlsv1.1";
  if (!old && word != "tlsv1.2" && word != "tlsv1.3") {
    return reading.error(line, fmt::format("'{}' is '{}', but must be tlsv1.2 or tlsv1.3", line.name, word));
  }
  if (old)
    reading.warning(line,
                    fmt::format("'{}' is {}, but the oldest version that tombo speaks is TLS 1.2", line.name, word));
  const std::string version = word == "tlsv1.3" ? "1.3" : "1.2";
  reading.set(Section::listener, "tls_min", reading.listener(), {version}, line);
}

void take_keyform(Reading& reading, const Line& line) {
  if (only_word(reading, line) != "pem") take_refused(reading, line);
}

void take_unless_false(Reading& reading, const Line& line) {
  if (const auto flag = flag_of(reading, line); flag && *flag) take_refused(reading, line);
}

// clang-format off
constexpr auto kEntries = std::to_array<Directive>({
  path("certfile", Scope::listener, "listener.certificates", "Certificate of the listener in PEM, which makes it speak TLS."),
  path("keyfile", Scope::listener, "listener.keys", "Its private key in PEM."),
  path("cafile", Scope::listener, "listener.ca_file", "Authorities that sign client certificates."),
  path("capath", Scope::listener, "listener.ca_directory", "The same as a directory, named by hash."),
  special("require_certificate", Scope::listener, kFlag, "listener.client_certificate", &take_require_certificate, "Clients must show a certificate."),
  special("use_identity_as_username", Scope::listener, kFlag, "listener.user_name_from", &take_identity, "The user name is the certificate's common name, or the PSK identity."),
  special("use_subject_as_username", Scope::listener, kFlag, "listener.user_name_from", &take_subject, "The user name is the certificate's whole subject."),
  path("crlfile", Scope::listener, "listener.crls", "Revoked client certificates."),
  text("ciphers", Scope::listener, "listener.ciphers", "Ciphers of TLS 1.2 as OpenSSL writes them."),
  text("ciphers_tls1.3", Scope::listener, "listener.ciphersuites", "Cipher suites of TLS 1.3."),
  special("tls_version", Scope::listener, "tlsv1.2 or tlsv1.3", "listener.tls_min", &take_tls_version, "Oldest version of TLS; tlsv1.1 is taken as tlsv1.2, with a warning.").opening_none(),
  without_effect("dhparamfile", Scope::listener, kPath, "OpenSSL chooses groups for the key exchange itself; 'groups' of a TOML file names others."),
  special("psk_hint", Scope::listener, kText, "listener.psk_hint", &take_psk_hint, "Hint for clients with pre-shared keys; makes the listener take the keys in psk_file or, without one, those that plugins give."),
  refused("tls_engine", Scope::listener, kText, "keys in engines cannot be used; name a PEM file with 'keyfile'."),
  refused("tls_engine_kpass_sha1", Scope::listener, kText, "keys in engines cannot be used; name a PEM file with 'keyfile'."),
  special("tls_keyform", Scope::listener, "pem or engine", "", &take_keyform, "keys in engines cannot be used, only pem; name a PEM file with 'keyfile'.").but(Fate::partly),
  special("disable_client_cert_date_checks", Scope::listener, kFlag, "", &take_unless_false, "certificates that have expired are always refused; give clients new ones.").but(Fate::refused).opening_none(),
});
// clang-format on

}  // namespace

std::span<const Directive> tls_directives() {
  return kEntries;
}

}  // namespace tombo::config::mosquitto
