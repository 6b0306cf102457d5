#pragma once

#include "config/listener_options.hpp"
#include "filter/tls/handles.hpp"
#include "filter/tls/read_file.hpp"

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace tombo::filter {

/// Fingerprint of all that decides who may come in.
using Admission = std::array<std::uint8_t, 16>;

/// Sums up what was read.
class AdmissionSum {
 public:
  AdmissionSum();
  void add(std::string_view bytes);
  Admission finish();

 private:
  std::unique_ptr<EVP_MD_CTX, Frees<EVP_MD_CTX_free>> sum_;
};

/// Who signs client certificates, and which of those were taken back.
struct Trust {
  StorePtr store;  // null where no client certificates are asked for
  std::vector<CertificatePtr> authorities;
};

/// Reads everything now, directories as well: no handshake waits for a disk.
Trust load_trust(const config::ListenerTls& options, AdmissionSum& sum, Problems& problems);

}  // namespace tombo::filter
