#pragma once

#include "filter/tls/read_file.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace tombo::filter {

/// Pre-shared keys by identity.  Immutable once read; wipes its keys when it goes.
class PskTable {
 public:
  PskTable() = default;
  PskTable(PskTable&&) noexcept = default;
  PskTable& operator=(PskTable&&) = delete;
  PskTable(const PskTable&) = delete;
  PskTable& operator=(const PskTable&) = delete;
  ~PskTable();

  /// Lines `identity:key-in-hex`; empty ones and those that begin with # do not count.  The last colon separates.  All
  /// problems are appended as "file:line: ...", and so are warnings of keys that are short; keys are never told.
  static PskTable parse(std::string_view text, const std::string& file, Problems& problems, Problems& warnings);

  /// The key; null where the identity is not known.
  const std::string* find(std::string_view identity) const;
  std::size_t size() const { return keys_.size(); }

 private:
  std::string add(std::string_view line, std::size_t number, bool& is_short);

  /// Who asks chooses the identity, so the hash is seeded, and the comparison takes the same time wherever it differs.
  struct Hash {
    using is_transparent = void;
    std::uint64_t seed = 0;
    std::size_t operator()(std::string_view identity) const;
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(std::string_view a, std::string_view b) const;
  };
  static Hash seeded();
  struct Key {
    std::string bytes;
    std::size_t line = 0;
  };
  std::unordered_map<std::string, Key, Hash, Equal> keys_{0, seeded()};
};

}  // namespace tombo::filter
