#pragma once

#include "base/result.hpp"
#include "store/import/store_writer.hpp"
#include "tomboctl/store_wish.hpp"
#include "tomboctl/trouble.hpp"

#include <string>
#include <vector>

namespace tombo::tomboctl {

struct ImportWish {
  std::string directory;
  std::string file;
  StoreWish::Form form = StoreWish::Form::any;
  bool merge = false;
};

struct FileImported {
  store::Imported rows;
  std::vector<std::string> notes;  // what was not taken over, for the operator
};

/// Reads an export or a file of Mosquitto into a store, whole or not at all.  The file is looked through before anything is
/// written.
Result<FileImported, Trouble> import_file(const ImportWish& wish);

}  // namespace tombo::tomboctl
