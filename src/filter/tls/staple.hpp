#pragma once

#include "filter/tls/read_file.hpp"

#include <openssl/x509.h>

#include <string>

namespace tombo::filter {

/// An OCSP answer that is stapled to handshakes.
struct Staple {
  std::string der;
  std::int64_t until_s = 0;  // wall clock: its next update; 0: it names none
};

/// Reads one for `certificate`, if the answer can be told to be for it or for another.
Staple load_staple(const std::string& file, X509* certificate, Problems& problems, Problems& warnings);

}  // namespace tombo::filter
