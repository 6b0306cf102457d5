#include "store/backup.hpp"

#include <filesystem>
#include <system_error>
#include <utility>

namespace tombo::store {

namespace fs = std::filesystem;

EngineResult<void> make_backup(Engine& engine, const std::string& directory) {
  const auto refuse = [](std::string text) { return Failure{EngineError{EngineError::Kind::refused, std::move(text)}}; };
  std::error_code error;
  const bool was_there = fs::exists(directory, error);
  if (was_there && !fs::is_directory(directory, error)) return refuse(directory + " is no directory");
  if (was_there && !fs::is_empty(directory, error)) {
    return refuse(error ? directory + ": " + error.message() : directory + " is not empty");
  }
  // The engine makes it itself.
  if (was_there && !fs::remove(directory, error)) return refuse(directory + " cannot be replaced: " + error.message());
  return engine.checkpoint(directory);
}

}  // namespace tombo::store
