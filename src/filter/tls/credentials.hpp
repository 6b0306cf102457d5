#pragma once

#include "config/listener_options.hpp"
#include "filter/tls/handles.hpp"
#include "filter/tls/read_file.hpp"

#include <string>
#include <vector>

namespace tombo::filter {

/// A certificate with which the server says who it is.
struct Credential {
  std::string file;
  CertificatePtr certificate;
  std::vector<CertificatePtr> chain;
  KeyPtr key;
  std::vector<std::string> names;  // in lower case: its DNS names, or else its common names
};

/// Reads them all; each key fits its certificate unless problems say otherwise.
std::vector<Credential> load_credentials(const config::ListenerTls& options, Problems& problems, Problems& warnings);
/// Lower case, without a dot at the end.
std::string host_name(std::string_view name);

}  // namespace tombo::filter
