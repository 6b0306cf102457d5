#pragma once

#include "net/server.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

namespace tombo::test {

/// Every wait in these tests ends by this time, far beyond what a loaded machine with a sanitizer needs.
inline constexpr std::chrono::seconds kPatience{60};

/// Asks again and again until the answer is yes or patience ends.
bool eventually(const std::function<bool()>& condition);

/// Descriptors that this process has open.
std::size_t open_descriptors();

/// Collects log lines.
class LogLines final : public log::Sink {
 public:
  void write(log::Module module, log::Level level, std::string_view line) override;
  std::size_t count(std::string_view part) const;
  /// The port in the n-th "listening on" line.
  std::uint16_t port(std::size_t index) const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

/// A server on ports that the system chose, in this process, stopped at the latest by its destructor.
class RunningServer {
 public:
  explicit RunningServer(config::Options options);
  /// One listener on 127.0.0.1, anonymous clients allowed, no $SYS, so many shards by hash.
  static config::Options options(unsigned threads = 2);

  std::uint16_t port(std::size_t index = 0) const { return lines_.port(index); }
  /// The number in front of these words in the server's summary.
  std::uint64_t number(std::string_view words);
  net::Server& server() { return server_; }
  const LogLines& lines() const { return lines_; }

 private:
  SystemClock clock_;
  log::Logger::Levels levels_;
  LogLines lines_;
  net::Server server_;
};

}  // namespace tombo::test
