#pragma once

#include "filter/byte_filter.hpp"
#include "filter/tls/context.hpp"
#include "filter/tls/notes.hpp"
#include "filter/tls/span_bio.hpp"

#include <memory>
#include <string>
#include <vector>

namespace tombo::filter {

/// One TLS connection.  OpenSSL is given whole records only: so what it holds while nothing happens does not depend on
/// what the peer has begun to send, and what a record did can be told before the next one is looked at.  The part of a
/// record that has come is kept here, as long as it is.
class TlsFilter final : public ByteFilter {
 public:
  explicit TlsFilter(std::shared_ptr<const TlsContext> context);

  bool receive(Bytes bytes, Sink& inward, Sink& outward) override;
  bool send(Bytes bytes, Sink& outward) override;
  void close(Sink& outward) override;
  bool open() const override { return state_ == State::open; }
  bool ended() const override { return ended_; }
  std::string_view why() const override { return why_; }
  void describe(auth::Peer& peer) const override;
  std::string certificate() const override;
  std::string_view wanted_key() const override;
  bool waits_for_key() const override { return notes_ != nullptr && notes_->wish.waits(); }
  void asked_for_key(std::shared_ptr<void> by) override;
  void give_key(std::shared_ptr<const auth::PskKey> key) override;
  std::size_t memory() const override;

 private:
  enum class State : std::uint8_t { fresh, shaking, open, failed };

  bool begin(Bytes bytes);
  bool take(Bytes bytes, Sink& inward);
  bool go_on(Sink& inward);
  bool hold(Bytes bytes);
  bool look_for_identity(Bytes record);
  bool collect(Bytes& bytes);
  bool take_record(Bytes record, Sink& inward);
  bool look_at_hello(Bytes record);
  bool shake();
  bool finish();
  bool read(Sink& inward);
  bool count_silent();
  bool write(Bytes record);
  bool write_aside(Bytes record);
  bool fail(std::string why);
  bool fail_by_openssl();

  std::shared_ptr<const TlsContext> context_;  // outlives ssl_, whose callbacks use it
  Wire wire_;
  SslPtr ssl_;                      // made when the first bytes come
  std::vector<std::uint8_t> part_;  // of a record
  std::unique_ptr<Notes> notes_;    // during the handshake
  std::string why_;
  std::size_t shaken_bytes_ = 0;
  unsigned silent_ = 0;     // records without data, less those that data made up for
  unsigned with_data_ = 0;  // since that was last reckoned
  State state_ = State::fresh;
  bool ended_ = false;
};

}  // namespace tombo::filter
