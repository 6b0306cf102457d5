#pragma once

#include "filter/tls/handles.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace tombo::test {

/// A directory that goes away with the test.
class TempDir {
 public:
  TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir();
  std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }
  /// Writes a file; returns its path.
  std::string write(std::string_view name, std::string_view text) const;

 private:
  std::string path_;
};

/// A certificate with its key.
struct Issued {
  filter::CertificatePtr certificate;
  filter::KeyPtr key;

  std::string pem() const;
  std::string key_pem() const;
};

/// What a certificate shall hold.
struct Wish {
  std::string common_name = {};
  std::string names = {};  // as in openssl.cnf: "DNS:a,email:b"
  long from_s = -3600;     // from now
  long until_s = 86'400;
  bool authority = false;
  bool rsa = false;
  std::vector<std::string> more_common_names = {};
  std::string raw_name = {};     // a DNS name as it stands, NUL and all
  bool for_clients_too = true;  // false: extendedKeyUsage=serverAuth
};

/// Signs certificates with keys on P-256.
class Authority {
 public:
  explicit Authority(std::string_view name);
  Authority(Issued issued) : own_(std::move(issued)) {}

  Issued issue(const Wish& wish);
  /// An authority below this one.
  Authority below(std::string_view name);
  const Issued& own() const { return own_; }
  std::string pem() const { return own_.pem(); }
  /// A revocation list, in PEM.
  std::string crl(const std::vector<const Issued*>& revoked, long until_s = 86'400) const;
  /// An OCSP answer, in DER, that says "good".
  std::string ocsp(const Issued& about, long until_s = 86'400) const;

 private:
  Issued own_;
  long serial_ = 100;
};

}  // namespace tombo::test
