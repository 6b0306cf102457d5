/* A plugin for tombo, whole:  users and their passwords stand in its options, everybody has a private part of the topics, and
 * once in a while it publishes how many clients are connected.
 *
 *     cc -std=c11 -shared -fPIC example.c -o example.so          (with libtombo-plugin-dev, or -I.../include)
 *
 *     [[plugin]]
 *     name = "example"
 *     path = "/usr/local/lib/tombo/example.so"
 *     options = ["user.alice=secret", "user.bob=hunter2", "count_topic=example/connected", "count_ms=10000"]
 *
 *     [auth]
 *     backends = ["plugin:example"]
 */
#include <tombo/plugin.h>

#include <stdio.h>
#include <stdlib.h>

enum { kUsersMax = 100 };

struct user {
  char *name;
  char *password;
};

/* All that the plugin knows.  It is serial, so nothing here needs a lock. */
struct example {
  const struct tombo_host *host;
  struct user users[kUsersMax];
  size_t user_count;
  char *count_topic;
  unsigned long connected;
};

static char *copy_of(struct tombo_text text) {
  char *copy = malloc(text.size + 1);
  if (copy == NULL) return NULL;
  if (text.size > 0) memcpy(copy, text.data, text.size);
  copy[text.size] = '\0';
  return copy;
}

static void forget_users(struct example *self) {
  size_t i;
  for (i = 0; i < self->user_count; ++i) {
    free(self->users[i].name);
    free(self->users[i].password);
  }
  self->user_count = 0;
}

static int begins_with(struct tombo_text text, const char *prefix) {
  const size_t size = strlen(prefix);
  return text.size >= size && memcmp(text.data, prefix, size) == 0;
}

/* Reads the users from options; 0 if that is well. */
static int read_users(struct example *self, const struct tombo_pair *options, size_t count, char *why, size_t why_size) {
  size_t i;
  for (i = 0; i < count; ++i) {
    struct user user;
    struct tombo_text name = options[i].name;
    if (!begins_with(name, "user.")) continue;
    name.data += 5;
    name.size -= 5;
    if (name.size == 0 || options[i].value.size == 0) {
      snprintf(why, why_size, "user.NAME=PASSWORD needs a name and a password");
      return 1;
    }
    if (self->user_count == kUsersMax) {
      snprintf(why, why_size, "more than %d users", (int)kUsersMax);
      return 1;
    }
    user.name = copy_of(name);
    user.password = copy_of(options[i].value);
    self->users[self->user_count++] = user;
    if (user.name == NULL || user.password == NULL) {
      snprintf(why, why_size, "no memory");
      return 1;
    }
  }
  return 0;
}

static int authenticate(void *plugin, uint64_t ticket, const struct tombo_login *login) {
  struct example *self = plugin;
  struct tombo_decision no = TOMBO_DECISION(TOMBO_DENY);
  size_t i;
  if (!login->has_user_name) return TOMBO_UNKNOWN;
  for (i = 0; i < self->user_count; ++i) {
    struct tombo_bytes password;
    if (!tombo_text_is(login->client->user_name, self->users[i].name)) continue;
    password.data = self->users[i].password;
    password.size = strlen(self->users[i].password);
    if (login->has_password && tombo_bytes_equal(login->password, password)) return TOMBO_ALLOW;
    /* More than a number says: so it is completed here and now. */
    no.why = tombo_text_of("wrong password");
    self->host->complete(self->host, ticket, &no);
    return TOMBO_LATER;
  }
  return TOMBO_UNKNOWN;
}

/* "private/NAME" and what is below it belong to NAME. */
static int authorize(void *plugin, uint64_t ticket, const struct tombo_client *client, const struct tombo_access *access) {
  struct tombo_text rest = access->topic;
  (void)plugin;
  (void)ticket;
  if (access->action == TOMBO_SUBSCRIBE && (begins_with(rest, "#") || begins_with(rest, "+"))) return TOMBO_DENY;
  if (!begins_with(rest, "private/")) return TOMBO_UNKNOWN;
  rest.data += 8;
  rest.size -= 8;
  if (client->user_name.size == 0 || rest.size < client->user_name.size) return TOMBO_DENY;
  if (memcmp(rest.data, client->user_name.data, client->user_name.size) != 0) return TOMBO_DENY;
  if (rest.size > client->user_name.size && rest.data[client->user_name.size] != '/') return TOMBO_DENY;
  return TOMBO_ALLOW;
}

static void on_connect(void *plugin, const struct tombo_client *client) {
  (void)client;
  ++((struct example *)plugin)->connected;
}

static void on_disconnect(void *plugin, const struct tombo_client *client, uint32_t reason) {
  (void)client;
  (void)reason;
  --((struct example *)plugin)->connected;
}

static void publish_count(void *arg) {
  struct example *self = arg;
  struct tombo_message message;
  char text[32];
  const int size = snprintf(text, sizeof text, "%lu", self->connected);
  memset(&message, 0, sizeof message);
  message.size = sizeof message;
  message.topic = tombo_text_of(self->count_topic);
  message.payload.data = text;
  message.payload.size = (size_t)size;
  if (self->host->publish(self->host, &message) != TOMBO_OK) {
    self->host->log(self->host, TOMBO_LOG_WARNING, "the count could not be published");
  }
}

/* All or nothing: if the new options are wrong, the users that there are stay. */
static int on_reload(void *plugin, const struct tombo_pair *options, size_t count, char *why, size_t why_size) {
  struct example *self = plugin;
  struct example next = *self;
  next.user_count = 0;
  if (read_users(&next, options, count, why, why_size) != 0) {
    forget_users(&next);
    return 1;
  }
  forget_users(self);
  *self = next;
  return 0;
}

static void shutdown_example(void *plugin) {
  struct example *self = plugin;
  forget_users(self);
  free(self->count_topic);
  free(self);
}

static const struct tombo_plugin kCallbacks = {
    .size = sizeof(struct tombo_plugin),
    .flags = TOMBO_PLUGIN_SERIAL,
    .authenticate = authenticate,
    .authorize = authorize,
    .on_connect = on_connect,
    .on_disconnect = on_disconnect,
    .on_reload = on_reload,
    .shutdown = shutdown_example,
};

TOMBO_PLUGIN_DECLARE;

int tombo_plugin_init(const struct tombo_host *host, struct tombo_start *start) {
  uint32_t count_ms = 10000;
  size_t i;
  struct example *self = calloc(1, sizeof *self);
  if (self == NULL) return 1;
  self->host = host;
  for (i = 0; i < start->option_count; ++i) {
    if (tombo_text_is(start->options[i].name, "count_topic") && self->count_topic == NULL) {
      self->count_topic = copy_of(start->options[i].value);
    } else if (tombo_text_is(start->options[i].name, "count_ms")) {
      char *text = copy_of(start->options[i].value);
      count_ms = text == NULL ? 0 : (uint32_t)strtoul(text, NULL, 10);
      free(text);
    }
  }
  if (count_ms == 0) {
    snprintf(start->why, start->why_size, "count_ms must be a number above 0");
    shutdown_example(self);
    return 1;
  }
  if (read_users(self, start->options, start->option_count, start->why, start->why_size) != 0) {
    shutdown_example(self);
    return 1;
  }
  if (self->count_topic != NULL) host->timer_add(host, count_ms, count_ms, publish_count, self, NULL);
  start->callbacks = &kCallbacks;
  start->plugin = self;
  return 0;
}
