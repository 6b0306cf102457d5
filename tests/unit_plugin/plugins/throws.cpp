// A plugin in C++ that lets exceptions out.
#include <tombo/plugin.h>

#include <stdexcept>

namespace {

int authenticate(void*, std::uint64_t, const tombo_login*) { throw std::runtime_error{"oh"}; }
void on_connect(void*, const tombo_client*) { throw 17; }

tombo_plugin callbacks() {
  tombo_plugin table{};
  table.size = sizeof table;
  table.authenticate = authenticate;
  table.on_connect = on_connect;
  return table;
}
const tombo_plugin kCallbacks = callbacks();

}  // namespace

TOMBO_PLUGIN_DECLARE;

int tombo_plugin_init(const tombo_host*, tombo_start* start) {
  if (start->option_count > 0) throw std::runtime_error{"cannot begin"};
  start->callbacks = &kCallbacks;
  return 0;
}
