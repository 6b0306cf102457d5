#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tombo::store {

/// What the rights of a will's owner hang on besides its name, as it was at CONNECT.  Part of a WillRow.
struct OwnerRow {
  struct Grant {
    std::string filter;
    bool publish = false;
    bool subscribe = false;
    bool allow = true;
  };
  std::string backend;
  std::vector<std::string> groups;
  std::vector<Grant> grants;
  bool has_grants = false;
  std::vector<std::pair<std::string, std::string>> attributes;
  std::uint32_t listener = 0;
};

std::string encode(const OwnerRow& row);
/// Nothing for bytes that no encoder made.
std::optional<OwnerRow> decode_owner(std::string_view bytes);

}  // namespace tombo::store
