#include "app/systemd.hpp"

namespace tombo::app::systemd {

bool built_in() {
  return false;
}
void notify_ready() {}
void notify_reloading() {}
void notify_stopping() {}
void notify_alive() {}
std::vector<int> inherited_sockets() {
  return {};
}

Milliseconds watchdog_interval() {
  return Milliseconds{0};
}
void journal_write(int, std::string_view, std::string_view) {}

}  // namespace tombo::app::systemd
