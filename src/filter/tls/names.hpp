#pragma once

#include "filter/tls/handles.hpp"

#include <string>
#include <vector>

namespace tombo::filter {

/// Who a certificate says that it is for.
struct CertificateNames {
  std::vector<std::string> common_names;  // in the order of the subject
  std::string subject;                    // RFC 2253
  std::vector<std::string> dns;           // of subjectAltName
  std::vector<std::string> all;           // of subjectAltName: DNS, e-mail and URI, in its order
  /// What keeps it from being believed: a name that holds NUL or is no text.  Empty: nothing.
  std::string wrong;
};

CertificateNames names_of(X509* certificate);
/// The subject for a log line: RFC 2253, ASCII, and not long.
std::string subject_for_log(X509* certificate);

}  // namespace tombo::filter
