#include "filter/tls/psk_file.hpp"

#include "base/hash.hpp"
#include "filter/tls/limits.hpp"
#include "mqtt/utf8.hpp"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <utility>

namespace tombo::filter {

namespace {

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// What is wrong with `hex`; empty: nothing, and `key` is set.
std::string from_hex(std::string_view hex, std::string& key) {
  if (hex.empty()) return "the key is missing";
  if (hex.size() % 2 != 0) return "the key has an odd number of hexadecimal digits";
  if (hex.size() / 2 > kPskKeyBytesMax) return "the key is longer than " + std::to_string(kPskKeyBytesMax) + " bytes";
  key.reserve(hex.size() / 2);
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    const int high = digit(hex[i]);
    const int low = digit(hex[i + 1]);
    if (high < 0 || low < 0) {
      OPENSSL_cleanse(key.data(), key.size());
      return "the key is not hexadecimal";
    }
    key.push_back(static_cast<char>(high << 4 | low));
  }
  return {};
}

void tell(Problems& to, std::size_t already, const std::string& file, std::size_t line, const std::string& what) {
  if (to.size() - already > kProblemsTold) return;
  if (to.size() - already == kProblemsTold) {
    to.push_back(file + ":" + std::to_string(line) + ": and more that are not told");
    return;
  }
  to.push_back(file + ":" + std::to_string(line) + ": " + what);
}

}  // namespace

std::size_t PskTable::Hash::operator()(std::string_view identity) const {
  return static_cast<std::size_t>(hash_bytes(identity, seed));
}

bool PskTable::Equal::operator()(std::string_view a, std::string_view b) const {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

PskTable::Hash PskTable::seeded() {
  Hash hash;
  unsigned char bytes[sizeof hash.seed];
  if (RAND_bytes(bytes, sizeof bytes) == 1) {
    for (const unsigned char byte : bytes) hash.seed = hash.seed << 8 | byte;
  }
  return hash;
}

PskTable::~PskTable() {
  for (auto& [identity, key] : keys_) OPENSSL_cleanse(key.bytes.data(), key.bytes.size());
}

const std::string* PskTable::find(std::string_view identity) const {
  const auto found = keys_.find(identity);
  return found == keys_.end() ? nullptr : &found->second.bytes;
}

std::string PskTable::add(std::string_view line, std::size_t number, bool& is_short) {
  const std::size_t colon = line.rfind(':');
  if (colon == std::string_view::npos) return "no colon: a line is identity:key-in-hex";
  const std::string_view identity = line.substr(0, colon);
  if (identity.empty()) return "the identity is missing";
  if (identity.size() > kPskIdentityBytesMax) {
    return "the identity is longer than " + std::to_string(kPskIdentityBytesMax) + " bytes";
  }
  if (!mqtt::is_valid_text(identity)) return "the identity is not UTF-8, or holds NUL";
  Key key;
  key.line = number;
  if (std::string wrong = from_hex(line.substr(colon + 1), key.bytes); !wrong.empty()) return wrong;
  is_short = key.bytes.size() < kPskKeyBytesGood;
  const auto [at, added] = keys_.try_emplace(std::string(identity), std::move(key));
  return added ? std::string() : "the identity has a key already, in line " + std::to_string(at->second.line);
}

PskTable PskTable::parse(std::string_view text, const std::string& file, Problems& problems, Problems& warnings) {
  PskTable table;
  const std::size_t problems_before = problems.size();
  const std::size_t warnings_before = warnings.size();
  for (std::size_t number = 1; !text.empty(); ++number) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t')) line.remove_suffix(1);
    if (line.empty() || line.front() == '#') continue;
    bool is_short = false;
    const std::string wrong = table.add(line, number, is_short);
    if (!wrong.empty()) {
      tell(problems, problems_before, file, number, wrong);
    } else if (is_short) {
      tell(warnings, warnings_before, file, number, "a key of less than " + std::to_string(kPskKeyBytesGood) + " bytes");
    }
  }
  if (table.keys_.empty() && problems.size() == problems_before) problems.push_back(file + ": no identities in it");
  return table;
}

}  // namespace tombo::filter
