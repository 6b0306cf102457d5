#pragma once

#include "filter/tls/handles.hpp"
#include "filter/tls/read_file.hpp"

#include <string>
#include <vector>

namespace tombo::filter {

// What stands in a PEM file, in its order.  What cannot be parsed is a problem: "file:line: ...".

std::vector<CertificatePtr> read_certificates(const std::string& text, const std::string& file, Problems& problems);
std::vector<CrlPtr> read_crls(const std::string& text, const std::string& file, Problems& problems);
/// The first private key; nullptr where there is none, which is a problem, too.  Never asks for a pass phrase.
KeyPtr read_key(const std::string& text, const std::string& file, Problems& problems);

/// The newest error of OpenSSL in words; empties its queue.
std::string openssl_error();

}  // namespace tombo::filter
