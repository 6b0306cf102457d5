#include "filter/tls/resumption.hpp"

#include "mqtt/utf8.hpp"

#include <algorithm>

namespace tombo::filter {

namespace {

std::string_view marks_of(SSL_SESSION* session) {
  void* data = nullptr;
  std::size_t size = 0;
  if (session == nullptr || SSL_SESSION_get0_ticket_appdata(session, &data, &size) != 1 || data == nullptr) return {};
  return {static_cast<const char*>(data), size};
}

}  // namespace

bool mark_session(SSL_SESSION* session, const Admission& admission, std::string_view psk_identity) {
  std::string marks(admission.begin(), admission.end());
  marks += psk_identity;
  return SSL_SESSION_set1_ticket_appdata(session, marks.data(), marks.size()) == 1;
}

bool mark_for_ticket(SSL* ssl, const Admission& admission) {
  SSL_SESSION* session = SSL_get_session(ssl);
  if (session == nullptr) return false;
  return !marks_of(session).empty() || mark_session(session, admission, {});
}

bool may_resume(SSL_SESSION* session, const Admission& admission) {
  const std::string_view marks = marks_of(session);
  if (marks.size() < admission.size()) return false;
  const auto same = [](std::uint8_t a, char b) { return a == static_cast<std::uint8_t>(b); };
  if (!std::equal(admission.begin(), admission.end(), marks.begin(), same)) return false;
  const X509* certificate = SSL_SESSION_get0_peer(session);
  return certificate == nullptr || X509_cmp_current_time(X509_get0_notAfter(certificate)) > 0;
}

std::string psk_identity_of(SSL* ssl) {
  if (SSL_version(ssl) < TLS1_3_VERSION) {
    const char* identity = SSL_get_psk_identity(ssl);
    return identity != nullptr && mqtt::is_valid_text(identity) ? identity : std::string();
  }
  const std::string_view marks = marks_of(SSL_get_session(ssl));
  return marks.size() <= sizeof(Admission) ? std::string() : std::string(marks.substr(sizeof(Admission)));
}

}  // namespace tombo::filter
