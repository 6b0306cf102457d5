#pragma once

#include "auth/psk.hpp"
#include "filter/tls/psk_on_wire.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tombo::filter {

/// A handshake's questions for a pre-shared key where no file has any.  OpenSSL wants a key at once, so
/// it is asked for before OpenSSL is given the bytes that make it want one.
/// Lives on: one shard, as long as the handshake.
class KeyWish {
 public:
  /// Begins to wait for this identity's key.  False: it is none that anybody could know, or it was asked for already, or
  /// too many were.
  bool want(std::string_view identity);
  /// Somebody is wanted who asks.
  bool wants() const { return state_ == State::wanted; }
  /// The answer is not there yet.
  bool waits() const { return state_ == State::wanted || state_ == State::asked; }
  /// The answer is there, and the handshake has not gone on with it.
  bool answered() const { return state_ == State::answered; }

  const std::string& identity() const { return identity_; }
  void asked(std::shared_ptr<void> by);
  void answer(std::shared_ptr<const auth::PskKey> key);
  void go_on() { state_ = State::none; }
  /// The key that was answered for this identity; null: none was.
  const std::string* key_of(std::string_view identity) const;

  KeyExchangeReader exchange;
  std::vector<std::uint8_t> held;  // came meanwhile
  bool key_is_used = false;

 private:
  enum class State : std::uint8_t { none, wanted, asked, answered };

  std::string identity_;  // the last that was asked for
  std::shared_ptr<const auth::PskKey> key_;
  std::shared_ptr<void> asker_;
  unsigned questions_ = 0;
  State state_ = State::none;
};

}  // namespace tombo::filter
