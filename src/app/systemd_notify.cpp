#include "app/systemd.hpp"

#include <fmt/format.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-journal.h>

#include <sys/uio.h>
#include <array>
#include <ctime>
#include <string>

namespace tombo::app::systemd {

bool built_in() {
  return true;
}

void notify_ready() {
  ::sd_notify(0, "READY=1");
}

void notify_reloading() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const std::int64_t microseconds = now.tv_sec * 1'000'000 + now.tv_nsec / 1'000;
  ::sd_notify(0, fmt::format("RELOADING=1\nMONOTONIC_USEC={}", microseconds).c_str());
}

void notify_stopping() {
  ::sd_notify(0, "STOPPING=1");
}

void notify_alive() {
  ::sd_notify(0, "WATCHDOG=1");
}

std::vector<int> inherited_sockets() {
  std::vector<int> sockets;
  const int count = ::sd_listen_fds(1);
  for (int i = 0; i < count; ++i) sockets.push_back(SD_LISTEN_FDS_START + i);
  return sockets;
}

Milliseconds watchdog_interval() {
  std::uint64_t microseconds = 0;
  if (::sd_watchdog_enabled(0, &microseconds) <= 0) return Milliseconds{0};
  return Milliseconds{static_cast<std::int64_t>(microseconds / 1'000)};
}

void journal_write(int priority, std::string_view module, std::string_view message) {
  std::array<std::string, 4> fields{fmt::format("MESSAGE={}", message), fmt::format("PRIORITY={}", priority),
                                    fmt::format("TOMBO_MODULE={}", module),
                                    std::string{"SYSLOG_IDENTIFIER=tombo"}};
  std::array<iovec, 4> vectors{};
  for (std::size_t i = 0; i < fields.size(); ++i) vectors[i] = {fields[i].data(), fields[i].size()};
  ::sd_journal_sendv(vectors.data(), static_cast<int>(vectors.size()));
}

}  // namespace tombo::app::systemd
