#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <cstdio>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace tombo::bench::engine {

/// One line a message, as MQTTLoader writes them: a first line with the start (µs since 1970), then
/// `timestamp_us,client_id,S|R,latency_us`; a sent one has no latency.  Workers share it.
class RecordFile {
 public:
  /// The error is one line for a person.
  static Result<std::unique_ptr<RecordFile>, std::string> create(const std::string& path, std::int64_t start_us);
  ~RecordFile();
  RecordFile(const RecordFile&) = delete;
  RecordFile& operator=(const RecordFile&) = delete;

  void sent(std::int64_t time_us, std::string_view client_id);
  void received(std::int64_t time_us, std::string_view client_id, std::int64_t latency_us);

 private:
  explicit RecordFile(std::FILE* file) : file_(file) {}
  void write(std::string_view line);

  std::mutex mutex_;
  std::FILE* file_;
};

}  // namespace tombo::bench::engine
