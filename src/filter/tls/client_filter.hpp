#pragma once

#include "filter/byte_filter.hpp"
#include "filter/tls/client_context.hpp"
#include "filter/tls/span_bio.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace tombo::filter {

/// One TLS connection to another broker, whose certificate must be for `host`.
class TlsClientFilter final : public ByteFilter {
 public:
  TlsClientFilter(std::shared_ptr<const TlsClientContext> context, std::string_view host);

  /// The first call, with nothing, begins the handshake.
  bool receive(Bytes bytes, Sink& inward, Sink& outward) override;
  bool send(Bytes bytes, Sink& outward) override;
  void close(Sink& outward) override;
  bool open() const override { return state_ == State::open; }
  bool ended() const override { return ended_; }
  std::string_view why() const override { return why_; }
  void describe(auth::Peer& /*peer*/) const override {}
  std::size_t memory() const override;

 private:
  enum class State : std::uint8_t { fresh, shaking, open, failed };

  bool begin();
  bool shake();
  bool read(Sink& inward);
  bool fail(std::string why);
  bool fail_by_openssl();

  std::shared_ptr<const TlsClientContext> context_;  // outlives ssl_, whose callbacks use it
  std::string host_;
  Wire wire_;
  SslPtr ssl_;
  std::string why_;
  std::size_t shaken_bytes_ = 0;
  State state_ = State::fresh;
  bool ended_ = false;
};

}  // namespace tombo::filter
