#include "tomboctl/store/json_fields.hpp"

#include "base/base64.hpp"
#include "mqtt/utf8.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/format.h>

namespace tombo::tomboctl {

namespace {
constexpr std::string_view kBase64 = "_base64";
}  // namespace

void set_bytes(Json& object, std::string_view name, std::string_view bytes) {
  if (bytes.empty()) return;
  if (mqtt::is_valid_payload_text(bytes)) {
    object[std::string(name)] = bytes;
  } else {
    object[std::string(name).append(kBase64)] = base64(bytes);
  }
}

const Json* JsonFields::find(std::string_view name) {
  asked_.emplace_back(name);
  const auto at = object_.find(asked_.back());
  if (at == object_.end()) return nullptr;
  ++found_;
  return &*at;
}

void JsonFields::refuse(std::string problem) {
  if (!problem_) problem_ = std::move(problem);
}

std::string JsonFields::text(std::string_view name) {
  const Json* value = find(name);
  if (value == nullptr) return {};
  if (value->is_string()) return value->get<std::string>();
  refuse(fmt::format("'{}' is no text", name));
  return {};
}

std::string JsonFields::bytes(std::string_view name) {
  std::string plain = text(name);
  const std::string encoded = text(std::string(name).append(kBase64));
  if (encoded.empty()) return plain;
  if (!plain.empty()) refuse(fmt::format("'{}' is given twice", name));
  auto decoded = from_base64(encoded);
  if (!decoded) refuse(fmt::format("'{}{}' is no base64", name, kBase64));
  return std::move(decoded).value_or(std::string{});
}

std::optional<std::uint64_t> JsonFields::given_number(std::string_view name, std::uint64_t max) {
  const Json* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (value->is_number_unsigned() && value->get<std::uint64_t>() <= max) return value->get<std::uint64_t>();
  refuse(fmt::format("'{}' is no number from 0 to {}", name, max));
  return std::nullopt;
}

std::uint64_t JsonFields::number(std::string_view name, std::uint64_t max) { return given_number(name, max).value_or(0); }

std::optional<std::int64_t> JsonFields::given_time(std::string_view name) {
  const Json* value = find(name);
  if (value == nullptr) return std::nullopt;
  const bool fits = value->is_number_integer() &&
                    (!value->is_number_unsigned() || value->get<std::uint64_t>() <= std::uint64_t{std::numeric_limits<std::int64_t>::max()});
  if (fits) return value->get<std::int64_t>();
  refuse(fmt::format("'{}' is no time", name));
  return std::nullopt;
}

std::optional<bool> JsonFields::given_flag(std::string_view name) {
  const Json* value = find(name);
  if (value == nullptr) return {};
  if (value->is_boolean()) return value->get<bool>();
  refuse(fmt::format("'{}' is neither true nor false", name));
  return {};
}

std::vector<std::uint32_t> JsonFields::numbers(std::string_view name, std::uint32_t max) {
  std::vector<std::uint32_t> all;
  const Json* value = find(name);
  if (value == nullptr) return all;
  if (!value->is_array()) refuse(fmt::format("'{}' is no list", name));
  for (const Json& number : value->is_array() ? *value : Json::array()) {
    if (number.is_number_unsigned() && number.get<std::uint64_t>() <= max) {
      all.push_back(number.get<std::uint32_t>());
    } else {
      refuse(fmt::format("'{}' holds more than numbers from 0 to {}", name, max));
    }
  }
  return all;
}

const Json* JsonFields::object(std::string_view name) {
  const Json* value = find(name);
  if (value == nullptr || value->is_object()) return value;
  refuse(fmt::format("'{}' is no object", name));
  return nullptr;
}

const std::optional<std::string>& JsonFields::problem() {
  if (problem_ || found_ == object_.size()) return problem_;
  for (const auto& [key, value] : object_.items()) {
    if (std::find(asked_.begin(), asked_.end(), key) == asked_.end()) refuse(fmt::format("'{}' is no field of this", key.substr(0, 100)));
  }
  return problem_;
}

}  // namespace tombo::tomboctl
