#include "control/store_operations.hpp"

#include "store/backup.hpp"

namespace tombo::control {

namespace {
Result<void, std::string> told(const store::EngineResult<void>& done) {
  if (!done) return Failure{done.error().text};
  return {};
}
}  // namespace

Result<void, std::string> EngineOperations::backup(const std::string& directory) { return told(store::make_backup(engine_, directory)); }

Result<void, std::string> EngineOperations::compact() { return told(engine_.compact()); }

}  // namespace tombo::control
