/* A plugin for test_plugins.py: changes and refuses messages.  Built twice: concurrent, and with -DSERIAL. */
#include <tombo/plugin.h>

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { kPayloadMax = 100 };

static const struct tombo_host *the_host;

static int begins_with(struct tombo_text text, const char *prefix) {
  const size_t size = strlen(prefix);
  return text.size >= size && memcmp(text.data, prefix, size) == 0;
}

static size_t shouted(struct tombo_bytes payload, char *out) {
  const char *in = payload.data;
  size_t i;
  for (i = 0; i < payload.size && i < kPayloadMax; ++i) out[i] = (char)toupper((unsigned char)in[i]);
  return i;
}

/* "shout/..." goes out as "loud" in capitals, "no/..." does not go out. */
static int on_publish(void *plugin, uint64_t ticket, const struct tombo_client *client, const struct tombo_message *message) {
  struct tombo_decision decision = TOMBO_DECISION(TOMBO_ALLOW);
  struct tombo_changes changes;
  char text[kPayloadMax];
  (void)plugin;
  (void)client;
  if (begins_with(message->topic, "no/")) {
    decision.answer = TOMBO_DENY;
    decision.reason = 0x97; /* quota exceeded */
    the_host->complete(the_host, ticket, &decision);
    return TOMBO_LATER;
  }
  if (!begins_with(message->topic, "shout/")) return TOMBO_UNKNOWN;
  memset(&changes, 0, sizeof changes);
  changes.size = sizeof changes;
  changes.what = TOMBO_CHANGE_TOPIC | TOMBO_CHANGE_PAYLOAD;
  changes.topic = tombo_text_of("loud");
  changes.payload.data = text;
  changes.payload.size = shouted(message->payload, text);
  decision.changes = &changes;
  the_host->complete(the_host, ticket, &decision);
  return TOMBO_LATER;
}

#ifndef SERIAL
/* The client "deaf" hears nothing, "small" a payload of its own. */
static int on_deliver(void *plugin, const struct tombo_client *to, const struct tombo_message *message,
                      struct tombo_delivery *delivery) {
  struct tombo_bytes instead;
  (void)plugin;
  (void)message;
  if (tombo_text_is(to->client_id, "deaf")) return TOMBO_DENY;
  if (!tombo_text_is(to->client_id, "small")) return TOMBO_ALLOW;
  instead.data = "less";
  instead.size = 4;
  the_host->replace_payload(the_host, delivery, instead);
  return TOMBO_ALLOW;
}
#endif

/* Who wants "kick" goes, and everybody hears of it. */
static void on_subscribe(void *plugin, const struct tombo_client *client, const struct tombo_subscription *subscription) {
  struct tombo_message message;
  (void)plugin;
  if (!tombo_text_is(subscription->filter, "kick")) return;
  the_host->kick(the_host, client->client_id, 0);
  memset(&message, 0, sizeof message);
  message.size = sizeof message;
  message.topic = tombo_text_of("kicked");
  message.payload.data = client->client_id.data;
  message.payload.size = client->client_id.size;
  message.qos = 1;
  message.retain = 1;
  the_host->publish(the_host, &message);
}

static void end(void *plugin) {
  (void)plugin;
  the_host->log(the_host, TOMBO_LOG_INFO, "says goodbye");
}

static const struct tombo_plugin kCallbacks = {
    .size = sizeof(struct tombo_plugin),
#ifndef SERIAL
    .flags = TOMBO_PLUGIN_CONCURRENT,
    .on_deliver = on_deliver,
#endif
    .on_publish = on_publish,
    .on_subscribe = on_subscribe,
    .shutdown = end,
};

TOMBO_PLUGIN_DECLARE;

int tombo_plugin_init(const struct tombo_host *host, struct tombo_start *start) {
  the_host = host;
  start->callbacks = &kCallbacks;
  start->plugin = (void *)host;
  return 0;
}
