#pragma once

#include "config/schema.hpp"

#include <string>

namespace tombo::config {

inline Options with_one_listener() {
  Options options;
  options.listeners.emplace_back();
  options.plugins.emplace_back();
  options.bridges.emplace_back();
  return options;
}

/// A valid value that differs from `value`.
inline Value another_value(const Row& row, const Value& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return Value{!*flag};
  if (const auto* number = std::get_if<std::uint64_t>(&value)) {
    return Value{*number == row.max ? *number - 1 : *number + 1};
  }
  if (const auto* text = std::get_if<std::string>(&value)) {
    for (const std::string_view name : row.choices) {
      if (name != *text) return Value{std::string{name}};
    }
    return Value{*text + "\"x\\\t\u00e9"};
  }
  if (row.key.ends_with("_networks") || row.key.ends_with("_proxies")) return Value{std::vector<std::string>{"10.0.0.0/8"}};
  return Value{std::vector<std::string>{row.key == "to"            ? "file:/tmp/a b.log"
                                            : row.key == "sync_topics" ? "a/#=interval"
                                                                       : "net=debug"}};
}

}  // namespace tombo::config
