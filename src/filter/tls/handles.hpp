#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>

namespace tombo::filter {

/// Frees what OpenSSL made.
template <auto free>
struct Frees {
  template <class T>
  void operator()(T* what) const {
    free(what);
  }
};

using BioPtr = std::unique_ptr<BIO, Frees<BIO_free>>;
using BioMethodPtr = std::unique_ptr<BIO_METHOD, Frees<BIO_meth_free>>;
using CertificatePtr = std::unique_ptr<X509, Frees<X509_free>>;
using CrlPtr = std::unique_ptr<X509_CRL, Frees<X509_CRL_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Frees<EVP_PKEY_free>>;
using StorePtr = std::unique_ptr<X509_STORE, Frees<X509_STORE_free>>;
using SslContextPtr = std::unique_ptr<SSL_CTX, Frees<SSL_CTX_free>>;
using SslPtr = std::unique_ptr<SSL, Frees<SSL_free>>;

}  // namespace tombo::filter
