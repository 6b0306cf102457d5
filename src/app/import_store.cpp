#include "app/import_store.hpp"

#include "store/import/mosquitto_import.hpp"
#include "store/import/store_writer.hpp"
#include "store/open.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

namespace tombo::app {

namespace {

/// Stands beside the store from before it is made until what it was made for is in it.
constexpr const char* kMark = "importing";

std::string mark_in(const std::string& directory) { return directory + "/" + kMark; }

bool exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

bool holds_store(const std::string& directory) {
  std::error_code ignored;
  const std::string database = directory + "/db";
  return exists(database) && !std::filesystem::is_empty(database, ignored);
}

Failure<std::string> cannot(const std::string& file, std::string_view why) {
  return Failure{fmt::format("{} cannot be taken over, and nothing was: {}", file, why)};
}

Result<void, std::string> mark(const std::string& directory) {
  const int descriptor = ::open(mark_in(directory).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  const bool good = descriptor >= 0 && ::fsync(descriptor) == 0;
  if (!good) return Failure{fmt::format("cannot write {}: {}", mark_in(directory), std::strerror(errno))};
  ::close(descriptor);
  const int at = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (at >= 0) {
    ::fsync(at);
    ::close(at);
  }
  return {};
}

}  // namespace

Result<StoreImport, std::string> StoreImport::read(const config::Persistence& options, const log::Logger& logger) {
  StoreImport made(options);
  const std::string& path = options.import_file;
  if (path.empty()) return made;
  if (holds_store(options.directory) && !exists(mark_in(options.directory))) {
    logger.debug("{} is not looked at: there is a store in {}", path, options.directory);
    return made;
  }
  std::error_code trouble;
  const auto bytes = std::filesystem::file_size(path, trouble);
  if (trouble == std::errc::no_such_file_or_directory) {
    logger.info("there is no {}: nothing is taken over", path);
    return made;
  }
  if (trouble) return cannot(path, trouble.message());
  if (bytes > kFileBytesMax) {
    return cannot(path, fmt::format("it is longer than {} bytes; 'tomboctl store import' takes it piece by piece", kFileBytesMax));
  }
  auto mapped = store::MappedFile::open(path);
  if (!mapped) return cannot(path, mapped.error());
  made.bytes_.emplace(std::move(*mapped));
  auto file = store::read_mosquitto_file(made.bytes_->bytes());
  if (!file) return cannot(path, fmt::format("at offset {}: {}", file.error().offset, file.error().text));
  made.file_ = std::make_unique<const store::MosquittoFile>(std::move(*file));
  return made;
}

Result<void, std::string> StoreImport::write(std::int64_t now_s, const log::Logger& logger) const {
  if (!file_) return {};
  const std::string& directory = options_.directory;
  std::error_code ignored;
  std::filesystem::create_directories(directory, ignored);  // whoever opens it says what is wrong
  if (auto marked = mark(directory); !marked) return marked;
  const auto profile = options_.profile == config::StoreProfile::server ? store::Profile::server : store::Profile::gateway;
  auto opened = store::open_engine({directory, profile, false});
  if (!opened) return Failure{fmt::format("the store in {} cannot be made: {}", directory, opened.error().text)};
  if (!opened->warnings.empty()) return cannot(options_.import_file, fmt::format("{} is damaged: {}", directory, opened->warnings.front()));
  store::StoreWriter writer(*opened->engine, store::StoreWriter::kAllAtOnce);
  if (const auto begun = writer.begin(); !begun) return cannot(options_.import_file, begun.error().text);
  // What is there was written by the one write of an import before, which ended before it took its mark away.
  if (writer.was_empty()) {
    const auto done = store::import_mosquitto(*file_, now_s, writer);
    if (!done) return cannot(options_.import_file, done.error().text);
    logger.info("taken over from {}: sessions={} subscriptions={} queued={} retained={} left_out_qos0={}", options_.import_file,
                done->rows.sessions, done->rows.subscriptions, done->rows.deliveries, done->rows.retained, done->qos0_left_out);
  }
  opened->engine.reset();
  if (::unlink(mark_in(directory).c_str()) != 0) {
    return Failure{fmt::format("cannot remove {}: {}", mark_in(directory), std::strerror(errno))};
  }
  return {};
}

}  // namespace tombo::app
