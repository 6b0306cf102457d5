#pragma once

#include "base/log.hpp"
#include "base/result.hpp"
#include "config/options.hpp"
#include "store/import/mapped_file.hpp"
#include "store/import/mosquitto_file.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace tombo::app {

/// What Mosquitto kept, taken over at the first start with a directory: `import_file` in [persistence].  The file is only
/// read.  All of it is taken over or nothing: a file that is damaged, or of a form that is not known, refuses the start.
/// Lives on: main, before anybody uses the store.
class StoreImport {
 public:
  static constexpr std::uint64_t kFileBytesMax = std::uint64_t{1} << 30;  // it is one write, which is in memory as a whole

  /// Reads and checks the file, if there is one and the directory holds no store yet.  The error is for the operator.
  static Result<StoreImport, std::string> read(const config::Persistence& options, const log::Logger& logger);
  /// Makes the store of what was read; does nothing where nothing was.  `now_s`: Unix time.
  Result<void, std::string> write(std::int64_t now_s, const log::Logger& logger) const;

 private:
  explicit StoreImport(const config::Persistence& options) : options_(options) {}

  config::Persistence options_;
  std::optional<store::MappedFile> bytes_;  // which file_ borrows from
  std::unique_ptr<const store::MosquittoFile> file_;  // null: nothing is taken over
};

}  // namespace tombo::app
