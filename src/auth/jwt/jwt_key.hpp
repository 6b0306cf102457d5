#pragma once

#include "auth/backends.hpp"
#include "base/result.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace tombo::auth::jwt {

enum class Algorithm : std::uint8_t { hs256, hs384, hs512, rs256, rs384, rs512, es256, es384, es512 };
inline constexpr std::array<std::string_view, 9> kAlgorithmNames{"HS256", "HS384", "HS512", "RS256", "RS384",
                                                                 "RS512", "ES256", "ES384", "ES512"};
/// By its exact name; nothing for any other, and so never "none".
std::optional<Algorithm> algorithm_named(std::string_view name);
inline bool is_symmetric(Algorithm algorithm) { return algorithm <= Algorithm::hs512; }

inline constexpr std::size_t kKeyFileBytesMax = 16 * 1024;
inline constexpr std::size_t kKeysMax = 256;        // in a directory
inline constexpr std::size_t kSecretBytesMin = 32;  // RFC 7518, 3.2: as many as the hash of HS256
inline constexpr int kRsaBitsMin = 2'048;
inline constexpr int kRsaBitsMax = 8'192;           // more take too long

/// A key and the algorithms that it is for.  A secret is for HS alone, a public key never: whoever knows a public key
/// cannot sign with it as if it were a secret.
struct Key {
  enum class Kind : std::uint8_t { secret, rsa, p256, p384, p521 };
  Kind kind = Kind::secret;
  std::string bytes;  // the secret, or PEM

  /// A line break that ends a secret's file does not belong to the secret.
  static Result<Key, std::string> parse(std::string_view text);
  bool fits(Algorithm algorithm) const;
};

/// The keys of a key file and a key directory.  Immutable; any thread.
class KeySet {
 public:
  static Result<KeySet, Problems> load(const std::string& file, const std::string& directory);
  /// By the kid of a token.  Without one: the key of the file; where there is no directory, that one for every kid.
  /// nullptr: there is none.
  const Key* find(const std::optional<std::string>& kid) const;
  /// Whether any key is for this algorithm.
  bool any_fits(Algorithm algorithm) const;

 private:
  void load_directory(const std::string& directory, Problems& problems);
  std::optional<Key> default_;
  bool has_directory_ = false;
  std::map<std::string, Key, std::less<>> by_id_;
};

}  // namespace tombo::auth::jwt
