#include "unit_net/running_server.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <utility>

#include <poll.h>

namespace tombo::test {

bool eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    ::poll(nullptr, 0, 2);
  }
  return true;
}

std::size_t open_descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

void LogLines::write(log::Module, log::Level, std::string_view line) {
  const std::lock_guard lock(mutex_);
  lines_.emplace_back(line);
}

std::size_t LogLines::count(std::string_view part) const {
  const std::lock_guard lock(mutex_);
  std::size_t found = 0;
  for (const auto& line : lines_) found += line.find(part) != std::string::npos ? 1 : 0;
  return found;
}

std::uint16_t LogLines::port(std::size_t index) const {
  const std::lock_guard lock(mutex_);
  for (const auto& line : lines_) {
    const auto at = line.find("listening on ");
    if (at == std::string::npos || index-- != 0) continue;
    return static_cast<std::uint16_t>(std::stoi(line.substr(line.rfind(' ') + 1)));
  }
  return 0;
}

RunningServer::RunningServer(config::Options options)
    : server_({std::make_shared<const config::Options>(std::move(options)), log::Logger(lines_, levels_, log::Module::net), &clock_,
               "test"}) {
  const auto listening = server_.listen();
  EXPECT_TRUE(listening.ok()) << (listening.ok() ? "" : listening.error());
  server_.start();
}

config::Options RunningServer::options(unsigned threads) {
  config::Options made;
  made.threads = threads;
  made.placement = config::Placement::hash;
  made.allow_anonymous = true;
  made.sys.interval_s = 0;
  made.log.connections = false;
  made.listeners.emplace_back().port = 0;
  return made;
}

std::uint64_t RunningServer::number(std::string_view words) {
  const std::string text = server_.summary();
  const auto at = text.find(" " + std::string(words));
  if (at == std::string::npos) throw std::runtime_error("the summary does not say " + std::string(words));
  auto from = at;
  while (from > 0 && text[from - 1] >= '0' && text[from - 1] <= '9') --from;
  return std::stoull(text.substr(from, at - from));
}

}  // namespace tombo::test
