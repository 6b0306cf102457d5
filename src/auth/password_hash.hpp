#pragma once

#include "auth/argon2/argon2id.hpp"
#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tombo::auth {

// What a password file may ask of the machine for one login; what asks for more is an error in the file.
inline constexpr std::uint32_t kPbkdf2IterationsMax = 2'000'000;
inline constexpr std::uint32_t kArgon2MemoryKibMax = 65'536;
inline constexpr std::uint32_t kArgon2PassesMax = 20;
inline constexpr std::uint32_t kArgon2LanesMax = 16;

/// How the password of one user is kept.
///   $6$SALT$HASH              SHA-512 of password and salt, as mosquitto_passwd -H sha512 writes it
///   $7$ITERATIONS$SALT$HASH   PBKDF2 with HMAC-SHA-512, as mosquitto_passwd writes it
///   $argon2id$v=19$m=KIB,t=PASSES,p=LANES$SALT$HASH
/// Immutable; any thread.
class PasswordHash {
 public:
  enum class Kind : std::uint8_t { sha512, pbkdf2, argon2id };

  /// The error says what is wrong, without the hash.
  static Result<PasswordHash, std::string> parse(std::string_view text);
  /// A new one with a salt of its own and today's costs; nothing can be wrong unless the machine has no entropy, no
  /// memory or no libargon2.
  static Result<PasswordHash, std::string> make(Kind kind, std::string_view password);

  /// Whether it is the password: all of its bytes, in a time that does not depend on where they differ.  Takes
  /// milliseconds.
  bool verify(std::string_view password) const;
  /// As parse() reads it.
  std::string text() const;
  Kind kind() const { return kind_; }

 private:
  // What is wrong with `parts`, the text split at its dollars; empty: nothing.
  std::string read_mosquitto(const std::vector<std::string_view>& parts);
  std::string read_argon2id(const std::vector<std::string_view>& parts);
  std::string hash(std::string_view password, std::size_t bytes) const;  // empty: cannot

  Kind kind_ = Kind::sha512;
  std::uint32_t iterations_ = 0;  // pbkdf2
  Argon2Cost cost_;
  std::string salt_;
  std::string hash_;
};

}  // namespace tombo::auth
