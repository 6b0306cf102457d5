#include "filter/tls/tls_filter.hpp"

#include "filter/tls/copy.hpp"
#include "filter/tls/identity.hpp"
#include "filter/tls/limits.hpp"
#include "filter/tls/turn.hpp"
#include "filter/tls/words.hpp"

#include <openssl/err.h>
#include <openssl/objects.h>

#include <algorithm>
#include <array>
#include <utility>

namespace tombo::filter {

namespace {

constexpr std::uint8_t kHandshakeRecord = 22;
constexpr std::uint8_t kClientHello = 1;

/// Bytes of the record that begins here with its header; 0: the header is not whole.  Of one that claims to be longer
/// than any is, the header alone, which is enough for OpenSSL to refuse it.
std::size_t record_bytes(Bytes bytes) {
  if (bytes.size() < kRecordHeaderBytes) return 0;
  const std::size_t body = static_cast<std::size_t>(bytes[3]) << 8 | bytes[4];
  return body > kRecordBodyBytesMax ? kRecordHeaderBytes : kRecordHeaderBytes + body;
}

/// How the keys are agreed upon, as far as that is known.
int key_exchange_of(const SSL* ssl) {
  const SSL_CIPHER* cipher = SSL_get_pending_cipher(ssl);
  return cipher == nullptr ? NID_undef : SSL_CIPHER_get_kx_nid(cipher);
}

/// Room for the plaintext of a record that begins no page, see copy.hpp.
class RecordOnStack {
 public:
  std::uint8_t* begin() { return room_.data() + (begins_page(room_.data(), room_.size()) ? kAside : 0); }

 private:
  static constexpr std::size_t kAside = 64;
  std::array<std::uint8_t, kPlainRecordBytes + kAside> room_;
};

}  // namespace

TlsFilter::TlsFilter(std::shared_ptr<const TlsContext> context) : context_(std::move(context)) {}

bool TlsFilter::receive(Bytes bytes, Sink& inward, Sink& outward) {
  if (state_ == State::failed) return false;
  const Turn turn(wire_, outward);
  if (state_ == State::fresh && !bytes.empty() && !begin(bytes)) return false;
  if (waits_for_key()) return hold(bytes);
  if (notes_ != nullptr && notes_->wish.answered()) return hold(bytes) && go_on(inward);
  return take(bytes, inward);
}

bool TlsFilter::take(Bytes bytes, Sink& inward) {
  while (!bytes.empty() && !ended_) {
    if (waits_for_key()) return hold(bytes);
    if (!part_.empty()) {
      if (!collect(bytes)) return true;
      std::vector<std::uint8_t> whole = std::exchange(part_, {});
      if (!take_record(whole, inward)) return false;
      continue;
    }
    const std::size_t size = record_bytes(bytes);
    if (size == 0 || size > bytes.size()) {
      part_.assign(bytes.begin(), bytes.end());
      return true;
    }
    if (!take_record(bytes.first(size), inward)) return false;
    bytes = bytes.subspan(size);
  }
  return true;
}

/// The key is there, or nobody has one: goes on with the handshake, and with what came meanwhile.
bool TlsFilter::go_on(Sink& inward) {
  notes_->wish.go_on();
  const std::vector<std::uint8_t> held = std::exchange(notes_->wish.held, {});
  return shake() && take(held, inward);
}

bool TlsFilter::hold(Bytes bytes) {
  std::vector<std::uint8_t>& held = notes_->wish.held;
  if (bytes.size() > kHeldBytesMax - held.size()) return fail("TLS: it sends too much while its pre-shared key is asked for");
  held.insert(held.end(), bytes.begin(), bytes.end());
  return true;
}

/// TLS 1.2: OpenSSL wants the key as soon as it has seen the identity, so that it is looked for first.  True: it must be asked
/// for.
bool TlsFilter::look_for_identity(Bytes record) {
  const int nid = key_exchange_of(ssl_.get());
  if (nid != NID_kx_psk && nid != NID_kx_dhe_psk && nid != NID_kx_ecdhe_psk && nid != NID_kx_rsa_psk) return false;
  KeyWish& wish = notes_->wish;
  if (record.front() != kHandshakeRecord) {
    wish.exchange.end();
    return false;
  }
  const auto identity = wish.exchange.take(record.subspan(kRecordHeaderBytes));
  return identity && wish.want(*identity);
}

/// Takes what the record in part_ still lacks.  True: it is whole.
bool TlsFilter::collect(Bytes& bytes) {
  for (std::size_t wanted = kRecordHeaderBytes;;) {
    const std::size_t count = std::min(wanted - std::min(wanted, part_.size()), bytes.size());
    part_.insert(part_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count));
    bytes = bytes.subspan(count);
    if (part_.size() < wanted) return false;
    const std::size_t size = record_bytes(part_);
    if (size <= part_.size()) return true;
    wanted = size;
  }
}

bool TlsFilter::begin(Bytes bytes) {
  if (bytes.front() != kHandshakeRecord) return fail(words_for_first_bytes(bytes));
  ssl_.reset(SSL_new(context_->first()));
  BioPtr bio = make_span_bio(context_->bio_method(), wire_);
  if (ssl_ == nullptr || bio == nullptr) return fail("TLS: out of memory");
  BIO* both = bio.release();
  SSL_set_bio(ssl_.get(), both, both);
  SSL_set_accept_state(ssl_.get());
  notes_ = std::make_unique<Notes>();
  SSL_set_app_data(ssl_.get(), notes_.get());
  state_ = State::shaking;
  return true;
}

bool TlsFilter::take_record(Bytes record, Sink& inward) {
  if (state_ == State::shaking && shaken_bytes_ == 0 && !look_at_hello(record)) return false;
  if (state_ == State::shaking && context_->asks_for_keys() && look_for_identity(record)) return hold(record);
  wire_.input = record;
  if (state_ == State::open) return read(inward);
  shaken_bytes_ += record.size();
  if (shaken_bytes_ > kHandshakeBytesMax) return fail("TLS: the handshake is too long");
  return shake();
}

/// OpenSSL makes room for a message as long as it claims to be.
bool TlsFilter::look_at_hello(Bytes record) {
  const Bytes message = record.subspan(kRecordHeaderBytes);
  if (message.size() < 4 || message[0] != kClientHello) return fail("TLS: this does not begin with a ClientHello");
  const std::size_t claimed =
      static_cast<std::size_t>(message[1]) << 16 | static_cast<std::size_t>(message[2]) << 8 | message[3];
  return claimed <= kClientHelloBytesMax || fail("TLS: the ClientHello is too long");
}

bool TlsFilter::shake() {
  const int done = SSL_do_handshake(ssl_.get());
  if (done == 1) return finish();
  const int error = SSL_get_error(ssl_.get(), done);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_CLIENT_HELLO_CB) return true;
  if (error == SSL_ERROR_ZERO_RETURN) return fail("TLS: the client ended the handshake");
  return fail_by_openssl();
}

bool TlsFilter::finish() {
  X509* certificate = SSL_get0_peer_certificate(ssl_.get());
  if (certificate != nullptr) {
    // Asked in the handshake, too, but a resumed one asks nothing.
    const std::string wrong = objection(names_of(certificate), context_->user_name_from());
    if (!wrong.empty()) return fail("TLS: certificate of " + subject_for_log(certificate) + ": " + wrong);
  }
  SSL_set_tlsext_status_ocsp_resp(ssl_.get(), nullptr, 0);  // it was sent
  SSL_set_app_data(ssl_.get(), nullptr);
  notes_.reset();
  state_ = State::open;
  return true;
}

bool TlsFilter::read(Sink& inward) {
  RecordOnStack plain;
  bool had_data = false;
  do {
    std::size_t size = 0;
    if (SSL_read_ex(ssl_.get(), plain.begin(), kPlainRecordBytes, &size) != 1) {
      const int error = SSL_get_error(ssl_.get(), 0);
      if (error == SSL_ERROR_WANT_READ) break;
      if (error != SSL_ERROR_ZERO_RETURN) return fail_by_openssl();
      ended_ = true;
      return true;
    }
    append(inward, plain.begin(), size);
    had_data = true;
  } while (!wire_.input.empty() || SSL_pending(ssl_.get()) > 0);
  if (!had_data) return count_silent();
  if (silent_ > 0 && ++with_data_ >= kRecordsPerSilentOne) {
    --silent_;
    with_data_ = 0;
  }
  return true;
}

bool TlsFilter::count_silent() {
  if (++silent_ <= kSilentRecordsMax) return true;
  return fail("TLS: too many records without data (KeyUpdate, renegotiation)");
}

bool TlsFilter::send(Bytes bytes, Sink& outward) {
  if (state_ != State::open) return false;
  const Turn turn(wire_, outward);
  while (!bytes.empty()) {
    const Bytes record = bytes.first(std::min(bytes.size(), kPlainRecordBytes));
    if (!(begins_page(record.data(), record.size()) ? write_aside(record) : write(record))) return false;
    bytes = bytes.subspan(record.size());
  }
  return true;
}

bool TlsFilter::write(Bytes record) {
  std::size_t written = 0;
  return SSL_write_ex(ssl_.get(), record.data(), record.size(), &written) == 1 || fail_by_openssl();
}

/// OpenSSL copies once; from the beginning of a page that takes longer than to copy twice.
bool TlsFilter::write_aside(Bytes record) {
  RecordOnStack aside;
  copy(aside.begin(), record.data(), record.size());
  return write({aside.begin(), record.size()});
}

void TlsFilter::close(Sink& outward) {
  if (state_ != State::open) return;
  const Turn turn(wire_, outward);
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

void TlsFilter::describe(auth::Peer& peer) const {
  if (state_ == State::open) filter::describe(ssl_.get(), context_->user_name_from(), peer);
}

std::string TlsFilter::certificate() const {
  return state_ == State::open ? certificate_of(ssl_.get(), context_->user_name_from()) : std::string();
}

std::string_view TlsFilter::wanted_key() const {
  return notes_ != nullptr && notes_->wish.wants() ? notes_->wish.identity() : std::string_view{};
}

void TlsFilter::asked_for_key(std::shared_ptr<void> by) {
  if (notes_ != nullptr) notes_->wish.asked(std::move(by));
}

void TlsFilter::give_key(std::shared_ptr<const auth::PskKey> key) {
  if (notes_ != nullptr) notes_->wish.answer(std::move(key));
}

std::size_t TlsFilter::memory() const {
  std::size_t bytes = sizeof *this + part_.capacity() + why_.capacity();
  if (ssl_ != nullptr) bytes += kSslBytes;
  if (notes_ != nullptr) bytes += kHandshakeExtraBytes + notes_->wish.held.capacity();
  return bytes;
}

bool TlsFilter::fail(std::string why) {
  state_ = State::failed;
  why_ = std::move(why);
  return false;
}

bool TlsFilter::fail_by_openssl() {
  return fail(words_for_error(notes_.get()));
}

}  // namespace tombo::filter
