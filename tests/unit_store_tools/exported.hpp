#pragma once

#include "tomboctl/store/export.hpp"
#include "tomboctl/store/import.hpp"

#include <gtest/gtest.h>

#include <sstream>
#include <string>

namespace tombo::tomboctl {

/// The lines of an export; `left_out`: what was told of rows that could not be.
inline std::string exported(const store::Engine& engine, std::vector<std::string>* left_out = nullptr) {
  std::string text;
  const auto done = export_store(engine, {[&](std::string_view line) {
                                            text.append(line) += '\n';
                                            return true;
                                          },
                                          [&](const std::string& what) {
                                            if (left_out != nullptr) left_out->push_back(what);
                                          }});
  EXPECT_TRUE(done.ok());
  EXPECT_TRUE(done && done->complete);
  return text;
}

/// Into a store that is open; the error or nothing.
inline std::string import_into(store::Engine& engine, const std::string& text, std::size_t batch_bytes = store::StoreWriter::kBatchBytes,
                               store::Imported* imported = nullptr) {
  std::istringstream first(text), second(text);
  if (const auto checked = check_export(first); !checked) return checked.error();
  store::StoreWriter writer(engine, batch_bytes);
  if (const auto begun = writer.begin(); !begun) return begun.error().text;
  const auto done = import_export(second, writer);
  if (!done) return done.error();
  if (imported != nullptr) *imported = *done;
  return {};
}

}  // namespace tombo::tomboctl
