#pragma once

#include "store/engine.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace tombo::tomboctl {

// A store as lines of JSON, each an object with its "kind".  Order: the head with the version, shared messages, sessions,
// subscriptions, received packets, deliveries, retained messages, the end with the number of lines.  Sessions and shared
// messages are numbered from 1 in the order of their lines; the numbers within the store are not told, since an import
// gives new ones.  docs/operations.md describes the fields.

inline constexpr unsigned kExportVersion = 1;

struct ExportParts {
  /// Takes a line without its end; false: it cannot be written, and the export ends.
  std::function<bool(std::string_view line)> write;
  /// Told of a row that cannot be exported: the key and why.
  std::function<void(const std::string& what)> left_out;
};

struct Exported {
  std::uint64_t lines = 0;
  std::uint64_t left_out = 0;
  bool complete = false;  // every line was written
};

/// Remembers eight bytes a session and a shared message, and no row.
store::EngineResult<Exported> export_store(const store::Engine& engine, const ExportParts& parts);

}  // namespace tombo::tomboctl
