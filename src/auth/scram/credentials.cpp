#include "auth/scram/credentials.hpp"

#include "auth/scram/saslprep.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

namespace tombo::auth {

namespace {

std::size_t index_of(ScramHash hash) { return static_cast<std::size_t>(hash); }

std::string random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  TOMBO_ASSERT(RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count)) == 1);
  return bytes;
}

/// 64 bytes that only who knows `key` can foretell.
std::string foretold(const std::string& key, char purpose, std::string_view user) {
  const std::string text = purpose + std::string(user);
  std::string out(64, '\0');
  unsigned length = 0;
  const bool made = HMAC(EVP_sha512(), key.data(), static_cast<int>(key.size()),
                         reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                         reinterpret_cast<unsigned char*>(out.data()), &length) != nullptr;
  TOMBO_ASSERT(made && length == out.size());
  return out;
}

}  // namespace

ScramCredentials::ScramCredentials() {
  for (const ScramHash hash : {ScramHash::sha1, ScramHash::sha256}) {
    ScramSecret& first = first_[index_of(hash)];
    const std::size_t bytes = hash == ScramHash::sha1 ? 20 : 32;
    first = {hash, kScramIterationsNew, random_bytes(kScramSaltBytesNew), random_bytes(bytes), random_bytes(bytes)};
  }
}

void ScramCredentials::take_line(std::string_view line, std::string_view place, std::vector<std::string>& problems) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.empty() || line.starts_with('#')) return;
  const auto wrong = [&](std::string_view what) { problems.push_back(fmt::format("{}: {}", place, what)); };
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return wrong("has no ':' behind the user name");
  const auto user = saslprep(line.substr(0, colon));
  if (!user || user->empty()) return wrong("the user name is empty or holds what no name may (RFC 4013)");
  auto secret = parse_scram_secret(line.substr(colon + 1));
  if (!secret) return wrong(secret.error());
  Users& users = users_[index_of(secret->hash)];
  if (users.empty()) first_[index_of(secret->hash)] = *secret;
  const ScramHash hash = secret->hash;
  if (!users.emplace(*user, std::move(*secret)).second) {
    wrong(fmt::format("this user has a line for {} already", mechanism_of(hash)));
  }
}

Result<ScramCredentials, std::vector<std::string>> ScramCredentials::parse(std::string_view text, std::string_view file) {
  ScramCredentials credentials;
  std::vector<std::string> problems;
  std::size_t number = 0;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    credentials.take_line(line, fmt::format("{}:{}", file, ++number), problems);
  }
  if (!problems.empty()) return Failure{std::move(problems)};
  return credentials;
}

Result<ScramCredentials, std::vector<std::string>> ScramCredentials::load(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  const auto wrong = [&](std::string_view what) {
    return Failure{std::vector<std::string>{fmt::format("{}: {}", file, what)}};
  };
  if (!in) return wrong(fmt::format("cannot be opened: {}", std::strerror(errno)));
  std::string text;
  std::string part(65'536, '\0');
  while (in.read(part.data(), static_cast<std::streamsize>(part.size())) || in.gcount() > 0) {
    text.append(part, 0, static_cast<std::size_t>(in.gcount()));
    if (text.size() > kScramFileBytesMax) return wrong(fmt::format("is longer than {} bytes", kScramFileBytesMax));
  }
  if (in.bad()) return wrong("cannot be read to its end");
  return parse(text, file);
}

const ScramSecret* ScramCredentials::find(std::string_view user, ScramHash hash) const {
  const Users& users = users_[index_of(hash)];
  const auto at = users.find(user);
  return at == users.end() ? nullptr : &at->second;
}

const ScramSecret* ScramCredentials::find(std::string_view user) const {
  const ScramSecret* strong = find(user, ScramHash::sha256);
  return strong != nullptr ? strong : find(user, ScramHash::sha1);
}

ScramSecret ScramCredentials::pretend(std::string_view user, ScramHash hash) const {
  const ScramSecret& first = first_[index_of(hash)];
  const std::string key = first.stored_key + first.server_key;
  ScramSecret secret = first;
  secret.salt = foretold(key, 's', user).substr(0, first.salt.size());
  // Nobody knows a password whose keys these are: they are no one's hash.
  secret.stored_key = random_bytes(first.stored_key.size());
  secret.server_key = random_bytes(first.server_key.size());
  return secret;
}

}  // namespace tombo::auth
