/* Begins well or not, with tables of callbacks that do not fit, as the option "table" says. */
#include <tombo/plugin.h>

#include <stdio.h>
#include <stdlib.h>

/* As a later version of the header might have it. */
struct later_plugin {
  struct tombo_plugin known;
  void (*refuse_more)(void);
  void (*see_more)(void);
};

static int authenticate(void *plugin, uint64_t ticket, const struct tombo_login *login) {
  (void)plugin;
  (void)ticket;
  (void)login;
  return TOMBO_ALLOW;
}

static int on_deliver(void *plugin, const struct tombo_client *to, const struct tombo_message *message,
                      struct tombo_delivery *delivery) {
  (void)plugin;
  (void)to;
  (void)message;
  (void)delivery;
  return TOMBO_ALLOW;
}

static const char *const kMethods[] = {"X", NULL};
static struct later_plugin table;

const uint32_t tombo_plugin_api = TOMBO_PLUGIN_API_MAJOR << 16 | 99;

static void fill(struct tombo_text kind) {
  memset(&table, 0, sizeof table);
  table.known.size = sizeof table.known;
  table.known.authenticate = authenticate;
  if (tombo_text_is(kind, "short")) table.known.size = 8;
  if (tombo_text_is(kind, "flags")) table.known.flags = 64;
  if (tombo_text_is(kind, "serial_deliver")) table.known.on_deliver = on_deliver;
  if (tombo_text_is(kind, "half_extended")) table.known.methods = kMethods;
  if (tombo_text_is(kind, "judges")) table.known.flags = TOMBO_PLUGIN_JUDGES_RECEIVING;
  if (tombo_text_is(kind, "later_unused") || tombo_text_is(kind, "later_used")) table.known.size = sizeof table;
  if (tombo_text_is(kind, "later_used")) table.refuse_more = abort;
}

int tombo_plugin_init(const struct tombo_host *host, struct tombo_start *start) {
  const struct tombo_text kind = start->option_count > 0 ? start->options[0].value : tombo_text_of("");
  (void)host;
  if (tombo_text_is(kind, "fails")) {
    snprintf(start->why, start->why_size, "the server of %.*s is away", (int)start->name.size, start->name.data);
    return 7;
  }
  if (tombo_text_is(kind, "fails_silently")) return 7;
  if (tombo_text_is(kind, "none")) return 0;
  fill(kind);
  start->callbacks = &table.known;
  return 0;
}
