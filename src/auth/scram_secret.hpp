#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tombo::auth {

/// The hash of a SCRAM mechanism.
enum class ScramHash : std::uint8_t { sha1, sha256 };

/// "SCRAM-SHA-256" and "SCRAM-SHA-1".
std::string_view mechanism_of(ScramHash hash);
std::optional<ScramHash> scram_hash(std::string_view mechanism);

/// What a server keeps of a password.  It proves the password, and the server to the client, and cannot be turned back.
struct ScramSecret {
  ScramHash hash = ScramHash::sha256;
  std::uint32_t iterations = 0;
  std::string salt;        // these are bytes
  std::string stored_key;
  std::string server_key;
};

inline constexpr std::uint32_t kScramIterationsMin = 4'096;      // RFC 7677, section 4
inline constexpr std::uint32_t kScramIterationsMax = 1'000'000;  // some 0.3 s of a worker
inline constexpr std::uint32_t kScramIterationsNew = 15'000;     // RFC 7677 again: a small client has to do them, too
inline constexpr std::size_t kScramSaltBytesMin = 8;
inline constexpr std::size_t kScramSaltBytesMax = 64;
inline constexpr std::size_t kScramSaltBytesNew = 16;

/// Reads "SCRAM-SHA-256$ITERATIONS:SALT$STOREDKEY:SERVERKEY", the last three in base64; PostgreSQL keeps the same.
/// The error says what is wrong and does not quote the secret.
Result<ScramSecret, std::string> parse_scram_secret(std::string_view text);
std::string format_scram_secret(const ScramSecret& secret);

/// RFC 5802, section 3.  `password` was prepared (SASLprep) before.  Takes long: for workers.
ScramSecret derive_scram_secret(ScramHash hash, std::string_view password, std::string salt, std::uint32_t iterations);
/// Whether it is this password, compared in constant time.  Takes long: for workers.
bool opens(const ScramSecret& secret, std::string_view password);

}  // namespace tombo::auth
