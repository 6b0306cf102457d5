#include "tomboctl/store/places.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

namespace tombo::tomboctl {

namespace fs = std::filesystem;

namespace {

Failure<Trouble> refused(std::string text) { return Failure{Trouble{kExitRefused, std::move(text)}}; }

fs::path database_of(const fs::path& directory) { return directory / "db"; }

/// Beside the database, on the same disk, so that it can take its place by one rename.
fs::path workshop_of(const fs::path& directory) { return directory / fmt::format("unfinished-{}", ::getpid()); }

Result<void, Trouble> make_directory(const fs::path& directory) {
  std::error_code error;
  // For its owner only: payloads are nobody else's business.
  for (const fs::path& made : {directory.parent_path(), directory}) {
    if (fs::create_directories(made, error)) fs::permissions(made, fs::perms::owner_all, error);
  }
  if (error || !fs::is_directory(directory, error)) {
    return refused(fmt::format("{} cannot be made: {}", directory.string(), error ? error.message() : "there is something else"));
  }
  return {};
}

Result<void, Trouble> sync(const fs::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool synced = descriptor >= 0 && ::fsync(descriptor) == 0;
  const int error = errno;
  if (descriptor >= 0) ::close(descriptor);
  if (!synced) return refused(fmt::format("{} cannot be written to disk: {}", path.string(), std::strerror(error)));
  return {};
}

/// The database that was made in the workshop takes its place.
Result<void, Trouble> put_in_place(const fs::path& directory, const fs::path& workshop) {
  const fs::path made = database_of(workshop);
  for (const auto& entry : fs::directory_iterator(made)) {
    if (auto done = sync(entry.path()); !done) return done;
  }
  if (auto done = sync(made); !done) return done;
  std::error_code error;
  if (fs::exists(database_of(directory), error)) return refused(fmt::format("{} has a store by now", directory.string()));
  fs::rename(made, database_of(directory), error);
  if (error) return refused(fmt::format("{}: {}", database_of(directory).string(), error.message()));
  leave_to_owner(directory.string());
  return sync(directory);
}

/// Nothing but what opening a store leaves behind.
bool is_free(const std::string& directory) {
  std::error_code error;
  if (!fs::exists(directory, error)) return true;
  for (const auto& entry : fs::directory_iterator(directory, error)) {
    if (entry.path().filename() != "LOCK") return false;
  }
  return !error;
}

Result<store::Opened, Trouble> open(const std::string& directory, bool read_only) {
  if (!has_store(directory)) return refused(fmt::format("there is no store in {}: it has no directory 'db'", directory));
  auto opened = store::open_engine({directory, store::Profile::gateway, read_only});
  if (!opened) return Failure{trouble_with(directory, opened.error())};
  return std::move(*opened);
}

}  // namespace

void leave_to_owner(const std::string& directory) {
  struct stat owner {};
  if (::geteuid() != 0 || ::stat(directory.c_str(), &owner) != 0 || owner.st_uid == 0) return;
  std::error_code error;
  for (const auto& entry : fs::recursive_directory_iterator(directory, error)) {
    static_cast<void>(::lchown(entry.path().c_str(), owner.st_uid, owner.st_gid));
  }
}

bool has_store(const std::string& directory) {
  std::error_code error;
  return fs::is_directory(database_of(directory), error);
}

Trouble trouble_with(const std::string& directory, const store::EngineError& error) {
  return {kExitRefused, fmt::format("the store in {}: {}", directory, error.text)};
}

Result<store::Opened, Trouble> open_to_read(const std::string& directory) { return open(directory, true); }

Result<store::Opened, Trouble> open_to_write(const std::string& directory) { return open(directory, false); }

Result<void, Trouble> make_store(const std::string& directory, const std::function<Result<void, Trouble>(store::Engine&)>& fill) {
  const fs::path workshop = workshop_of(directory);
  if (auto made = make_directory(workshop); !made) return made;
  Result<void, Trouble> done;
  {
    auto opened = store::open_engine({workshop.string(), store::Profile::gateway, false});
    done = opened ? fill(*opened->engine) : Result<void, Trouble>(Failure{trouble_with(directory, opened.error())});
  }
  if (done) done = put_in_place(directory, workshop);
  std::error_code ignored;
  fs::remove_all(workshop, ignored);
  return done;
}

Result<void, Trouble> copy_store(const std::string& from, const std::string& to) {
  std::error_code error;
  if (!is_free(to)) {
    return refused(fmt::format("{} is not empty{}", to, has_store(to) ? ": move the store that is there away" : ""));
  }
  const fs::path workshop = workshop_of(to);
  if (auto made = make_directory(workshop); !made) return made;
  fs::copy(database_of(from), database_of(workshop), fs::copy_options::recursive, error);
  Result<void, Trouble> done;
  if (error) done = refused(fmt::format("{} cannot be copied to {}: {}", from, to, error.message()));
  if (done) done = put_in_place(to, workshop);
  fs::remove_all(workshop, error);
  return done;
}

}  // namespace tombo::tomboctl
