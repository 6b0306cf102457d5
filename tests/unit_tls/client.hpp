#pragma once

#include "filter/byte_filter.hpp"
#include "unit_tls/authority.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tombo::test {

using SessionPtr = std::unique_ptr<SSL_SESSION, filter::Frees<SSL_SESSION_free>>;

/// How a client goes about it.
struct Manner {
  int version_min = TLS1_2_VERSION;
  int version_max = TLS1_3_VERSION;
  std::string server_name;
  std::vector<std::string> alpn;
  std::string ciphers;  // TLS 1.2
  std::string suites;   // TLS 1.3
  std::string groups;
  const Issued* certificate = nullptr;
  std::vector<const Issued*> chain;
  const Authority* trusts = nullptr;  // null: whomever
  std::string psk_identity;
  std::string psk_key;  // bytes
  bool wants_staple = false;
  SSL_SESSION* resumes = nullptr;
};

/// An OpenSSL client in memory.
class Client {
 public:
  explicit Client(const Manner& manner);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// One step of the handshake, after `bytes` from the server; what it wants to send comes out of out().
  void take(const std::vector<std::uint8_t>& bytes);
  std::vector<std::uint8_t> out();
  bool done() const { return done_; }
  bool failed() const { return failed_; }

  void write(std::string_view text);
  /// What the server said so far.
  std::string read();
  bool saw_close() const { return (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0; }
  void shutdown() { SSL_shutdown(ssl_.get()); }
  void update_keys(bool ask_back);
  bool resumed() const { return SSL_session_reused(ssl_.get()) == 1; }
  std::string alpn() const;
  std::string staple() const;
  std::string server_common_name() const;
  /// The newest session that can be resumed; null: none.
  SessionPtr session() const;
  SSL* ssl() { return ssl_.get(); }
  const std::string& alert() const { return alert_; }  // that the server sent
  const std::string& hint() const { return hint_; }

 private:
  static unsigned on_psk(SSL* ssl, const char* hint, char* identity, unsigned identity_max, unsigned char* key,
                         unsigned key_max);
  static void on_info(const SSL* ssl, int where, int code);

  Manner manner_;
  filter::SslContextPtr context_;
  filter::SslPtr ssl_;
  bool done_ = false;
  bool failed_ = false;
  std::string alert_;
  std::string hint_;
};

/// A client and a filter, with nothing but memory between them.
struct Pair {
  Pair(std::unique_ptr<filter::ByteFilter> made, const Manner& manner) : client(manner), server(std::move(made)) {}

  /// Carries bytes to and fro until both are still; `step`: so many bytes are given to the filter at once, 0: all.
  /// False: the filter has ended the connection.
  bool talk(std::size_t step = 0);
  auth::Peer peer() const {
    auth::Peer peer;
    server->describe(peer);
    return peer;
  }
  /// From the server to the client.
  bool send(std::string_view text);

  Client client;
  std::unique_ptr<filter::ByteFilter> server;
  std::string inward;                  // what the client has said
  std::vector<std::uint8_t> recorded;  // all that the client has sent
};

}  // namespace tombo::test
