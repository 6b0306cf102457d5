#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace tombo::tomboctl {

using Json = nlohmann::ordered_json;

/// Sets `name` to the text, or, where JSON cannot carry the bytes, "<name>_base64" to them.  An empty one is left out.
void set_bytes(Json& object, std::string_view name, std::string_view bytes);

/// The fields of one object as its reader asks for them: what is missing, of the wrong kind, too large or known to nobody is
/// told by problem().
class JsonFields {
 public:
  explicit JsonFields(const Json& object) : object_(object) {}

  /// Empty if it is not there.
  std::string text(std::string_view name);
  /// The other half of set_bytes().
  std::string bytes(std::string_view name);
  /// Zero if it is not there.
  std::uint64_t number(std::string_view name, std::uint64_t max);
  std::int64_t time(std::string_view name) { return given_time(name).value_or(0); }
  std::optional<std::uint64_t> given_number(std::string_view name, std::uint64_t max);
  std::optional<std::int64_t> given_time(std::string_view name);
  bool flag(std::string_view name) { return given_flag(name).value_or(false); }
  std::optional<bool> given_flag(std::string_view name);
  std::vector<std::uint32_t> numbers(std::string_view name, std::uint32_t max);
  /// nullptr if it is not there.
  const Json* object(std::string_view name);
  /// For what only the reader can judge; the first problem stays.
  void refuse(std::string problem);

  /// Asked for last: then all fields that are known have been asked for.
  const std::optional<std::string>& problem();

 private:
  const Json* find(std::string_view name);

  const Json& object_;
  std::size_t found_ = 0;
  std::vector<std::string> asked_;
  std::optional<std::string> problem_;
};

}  // namespace tombo::tomboctl
