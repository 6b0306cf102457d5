#pragma once

#include "auth/peer.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <string.h>

namespace tombo::auth {

/// A pre-shared key of TLS; wiped when nobody holds it any more.
class PskKey {
 public:
  explicit PskKey(std::string bytes) : bytes_(std::move(bytes)) {}
  PskKey(const PskKey&) = delete;
  PskKey& operator=(const PskKey&) = delete;
  ~PskKey() { ::explicit_bzero(bytes_.data(), bytes_.size()); }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

/// Whose key is asked for.  An owning copy, since answers may come later.
struct KeyWanted {
  std::size_t listener = 0;          // index in options.listeners
  std::string hint;                  // of the listener
  std::string identity;              // that the client claims: UTF-8 without NUL
  std::shared_ptr<const Peer> peer;  // never null
};

struct KeyAnswer {
  enum class Kind : std::uint8_t {
    unknown,  // it does not know this identity: the next one is asked
    given,
    refused  // it knows the identity and gives no key, or cannot tell: nobody else is asked (fail closed)
  };
  Kind kind = Kind::unknown;
  std::shared_ptr<const PskKey> key;  // with given
};

/// One who knows keys by identities, such as a plugin.
/// Lives on: ask() is called on every shard at the same time and never blocks.
class KeyGiver {
 public:
  virtual ~KeyGiver() = default;
  virtual std::string_view name() const = 0;
  /// Calls `done` exactly once, at once or later, from any thread.
  virtual void ask(std::shared_ptr<const KeyWanted> wanted, std::function<void(KeyAnswer)> done) = 0;
};

}  // namespace tombo::auth
