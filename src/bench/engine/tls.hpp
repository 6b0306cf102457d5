#pragma once

#include "base/result.hpp"
#include "bench/plan/plan.hpp"
#include "mqtt/types.hpp"

#include <memory>
#include <span>
#include <string>
#include <vector>

// OpenSSL's own names, so that its headers stay in the .cpp.
struct ssl_ctx_st;
struct ssl_st;

namespace tombo::bench::engine {

/// Certificates and keys as the plan names them, loaded once.
class TlsContext {
 public:
  /// The error is one line for a person.
  static Result<std::unique_ptr<TlsContext>, std::string> load(const Target& target);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  ssl_ctx_st* native() const { return context_; }
  const std::string& server_name() const { return server_name_; }
  bool checks_peer() const { return checks_peer_; }

 private:
  TlsContext() = default;
  Result<void, std::string> use_files(const Target::Tls& tls);

  ssl_ctx_st* context_ = nullptr;
  std::string server_name_;
  bool checks_peer_ = true;
};

/// TLS of one connection as a filter between plain bytes and those on the wire; knows no socket.
class TlsFilter {
 public:
  explicit TlsFilter(const TlsContext& context);
  ~TlsFilter();
  TlsFilter(const TlsFilter&) = delete;
  TlsFilter& operator=(const TlsFilter&) = delete;

  enum class Status : std::uint8_t { again, done, closed, failed };

  /// Bytes that came from the wire.
  void feed(mqtt::Bytes wire);
  /// Carries the handshake on; `done` once it is complete.
  Status handshake();
  /// Takes plain bytes out of what was fed; `got` of them when `done`.
  Status read(std::span<std::uint8_t> room, std::size_t& got);
  /// Encrypts; false when the session is broken.
  bool write(mqtt::Bytes plain);
  /// Moves what is to be sent to the end of `out`.
  void drain(std::vector<std::uint8_t>& out);
  /// What failed, for a person.
  const std::string& error() const { return error_; }

 private:
  Status judge(int result);

  ssl_st* ssl_ = nullptr;
  std::string error_;
};

}  // namespace tombo::bench::engine
