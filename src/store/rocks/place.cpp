#include "store/rocks/place.hpp"

#include "store/rocks/status.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

namespace tombo::store::rocks {

EngineResult<std::unique_ptr<DirectoryLock>> DirectoryLock::take(const Place& place, rocksdb::Env* env) {
  rocksdb::FileLock* lock = nullptr;
  const rocksdb::Status status = env->LockFile(place.lock(), &lock);
  if (status.ok()) return std::make_unique<DirectoryLock>(env, lock);
  EngineError error = error_from(status, place.directory);
  if (error.kind == EngineError::Kind::refused) error.text = "the store is in use by another process (" + error.text + ")";
  return Failure{std::move(error)};
}

EngineResult<void> make_directory(const std::string& directory) {
  std::error_code code;
  if (std::filesystem::is_directory(directory, code)) return {};
  if (!std::filesystem::create_directories(directory, code) && code)
    return Failure{error_from("the directory cannot be made", code)};
  std::filesystem::permissions(directory, std::filesystem::perms::owner_all, code);
  if (code) return Failure{error_from("the directory cannot be closed to others", code)};
  const auto parent = std::filesystem::path(directory).lexically_normal().parent_path();
  return sync_directory(parent.empty() ? "." : parent.string());
}

EngineResult<void> sync_directory(const std::string& directory) {
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = fd >= 0 && ::fsync(fd) == 0;
  const std::error_code code(errno, std::generic_category());
  if (fd >= 0) ::close(fd);
  if (!synced) return Failure{error_from("the directory cannot be synced", code)};
  return {};
}

}  // namespace tombo::store::rocks
