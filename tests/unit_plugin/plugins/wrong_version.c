/* Of another major version: nothing of it may be called. */
#include <tombo/plugin.h>

#include <stdlib.h>

const uint32_t tombo_plugin_api = (TOMBO_PLUGIN_API_MAJOR + 1) << 16 | 3;

int tombo_plugin_init(const struct tombo_host *host, struct tombo_start *start) {
  (void)host;
  (void)start;
  abort();
}
