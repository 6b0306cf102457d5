#pragma once

#include "base/result.hpp"
#include "store/import/store_writer.hpp"

#include <istream>
#include <string>

namespace tombo::tomboctl {

/// Reads an export and says what is wrong with it, with the number of the line: what passes can be imported.
/// Remembers the client ids, and no more.
Result<void, std::string> check_export(std::istream& lines);

/// Puts an export that passed into the store.  Fails if it has changed since, or the store cannot be written.
Result<store::Imported, std::string> import_export(std::istream& lines, store::StoreWriter& writer);

}  // namespace tombo::tomboctl
