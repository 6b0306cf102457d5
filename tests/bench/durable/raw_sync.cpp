#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <algorithm>
#include <ctime>
#include <stdexcept>
#include <string>
#include <vector>

#include "connection.hpp"
#include "load.hpp"

namespace tombo::bench {

void raw_sync(const Load& load) {
  const auto path = load.directory + "/raw_sync";
  const int fd = open(path.c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) throw std::runtime_error("cannot make " + path);
  const std::string record(load.payload, 'r');
  std::vector<double> times_us;
  const auto step = static_cast<std::int64_t>(1e9 / std::max(load.rate, 1.0));
  const auto start = now_ns();
  for (auto due = start; due < start + static_cast<std::int64_t>(load.seconds * 1e9); due += step) {
    const timespec at{due / 1'000'000'000, due % 1'000'000'000};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, nullptr);
    const auto before = now_ns();
    if (write(fd, record.data(), record.size()) < 0 || fdatasync(fd) != 0)
      throw std::runtime_error("cannot write " + path);
    times_us.push_back(static_cast<double>(now_ns() - before) / 1e3);
  }
  close(fd);
  unlink(path.c_str());
  std::ranges::sort(times_us);
  fmt::print("{{\"p50_us\": {:.1f}, \"p99_us\": {:.1f}}}\n", times_us[times_us.size() / 2],
             times_us[times_us.size() * 99 / 100]);
}

}  // namespace tombo::bench
