#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tombo::store {

/// What somebody's rights hang on besides its name, as it was at CONNECT.  Part of a WillRow and of a SourceRow.
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


/// Who stored a retained message, as it was then.  Part of a MessageRow.
struct SourceRow {
  std::string client_id;
  std::string user_name;
  bool vouched = false;  // somebody knew who it was
  std::string owner;     // OwnerRow; empty: the name says all
};

std::string encode(const OwnerRow& row);
std::string encode(const SourceRow& row);
/// Nothing for bytes that no encoder made.
std::optional<OwnerRow> decode_owner(std::string_view bytes);
std::optional<SourceRow> decode_source(std::string_view bytes);

}  // namespace tombo::store
