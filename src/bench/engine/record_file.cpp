#include "bench/engine/record_file.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <iterator>

namespace tombo::bench::engine {

Result<std::unique_ptr<RecordFile>, std::string> RecordFile::create(const std::string& path, std::int64_t start_us) {
  std::FILE* const file = std::fopen(path.c_str(), "we");
  if (file == nullptr) return Failure{fmt::format("cannot write '{}': {}", path, std::strerror(errno))};
  std::unique_ptr<RecordFile> made(new RecordFile(file));
  made->write(fmt::format("{}\n", start_us));
  return made;
}

RecordFile::~RecordFile() {
  std::fclose(file_);
}

void RecordFile::write(std::string_view line) {
  const std::lock_guard lock(mutex_);
  std::fwrite(line.data(), 1, line.size(), file_);
}

void RecordFile::sent(std::int64_t time_us, std::string_view client_id) {
  fmt::memory_buffer line;
  fmt::format_to(std::back_inserter(line), "{},{},S,\n", time_us, client_id);
  write({line.data(), line.size()});
}

void RecordFile::received(std::int64_t time_us, std::string_view client_id, std::int64_t latency_us) {
  fmt::memory_buffer line;
  fmt::format_to(std::back_inserter(line), "{},{},R,{}\n", time_us, client_id, latency_us);
  write({line.data(), line.size()});
}

}  // namespace tombo::bench::engine
