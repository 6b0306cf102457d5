#pragma once

#include "store/open.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace tombo::store {

using Rows = std::vector<std::pair<std::string, std::string>>;

inline Changes put(std::string_view key, std::string_view value) {
  Changes changes;
  changes.put(key, value);
  return changes;
}
/// "0007": sorts as its number.
inline std::string numbered(unsigned number) {
  std::string text = std::to_string(number);
  return std::string(text.size() < 6 ? 6 - text.size() : 0, '0') + text;
}

inline Rows rows_of(const Engine& engine, std::string_view from = {}, std::string_view to = {}) {
  Rows rows;
  const auto scanned = engine.scan(from, to, [&](std::string_view key, std::string_view value) {
    rows.emplace_back(key, value);
    return true;
  });
  EXPECT_TRUE(scanned.ok()) << (scanned ? "" : scanned.error().text);
  return rows;
}

/// A store that has to open.
inline Opened opened(const OpenParts& parts) {
  auto result = open_engine(parts);
  if (result) return std::move(*result);
  ADD_FAILURE() << result.error().text;
  return {};
}

inline void expect_written(Engine& engine, const Changes& changes, bool sync = true) {
  const auto written = engine.write(changes, sync);
  EXPECT_TRUE(written.ok()) << (written ? "" : written.error().text);
}

}  // namespace tombo::store
