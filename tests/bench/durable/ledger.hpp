#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tombo::bench {

/// Which message this is: the front of its payload.
struct MessageName {
  std::uint32_t publisher = 0;
  std::uint32_t number = 0;
};

std::string payload_of(MessageName name, std::size_t bytes);
/// Throws when the payload is too short to be one of ours.
MessageName name_in(std::string_view payload);

/// Which messages of each publisher were acknowledged; outlives the broker in a file.
class Ledger {
 public:
  void mark(MessageName name);
  [[nodiscard]] bool has(MessageName name) const;
  [[nodiscard]] std::uint64_t count() const { return count_; }
  /// How many that are marked here are not marked in `other`.
  [[nodiscard]] std::uint64_t missing_in(const Ledger& other) const;

  void save(const std::string& path) const;
  static Ledger load(const std::string& path);

 private:
  std::vector<std::vector<bool>> marks_;  // by publisher, then number
  std::uint64_t count_ = 0;
};

}  // namespace tombo::bench
