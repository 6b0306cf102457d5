#pragma once

#include "base/clock.hpp"

#include <string_view>
#include <vector>

// What systemd is told, and its journal.  Implemented twice: systemd_notify.cpp with libsystemd,
// systemd_none.cpp without; CMake chooses.  Outside systemd every call does nothing.

namespace tombo::app::systemd {

bool built_in();
void notify_ready();
void notify_reloading();
void notify_stopping();
void notify_alive();
/// Listening sockets that systemd made for us (LISTEN_FDS).
std::vector<int> inherited_sockets();
/// How often systemd wants notify_alive(); 0: never.
Milliseconds watchdog_interval();
void journal_write(int priority, std::string_view module, std::string_view message);

}  // namespace tombo::app::systemd
