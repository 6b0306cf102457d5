/* Does what user names, client ids and topics tell it to, so that a test can bring about every kind of answer.
 * Built twice: serial, and with -DCONCURRENT. */
#include <tombo/plugin.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { kThreadsMax = 256 };

struct scripted {
  const struct tombo_host *host;
  char gate[256]; /* "block" waits until this file is there */
  char suffix[64];
  _Atomic uint64_t kept_ticket;
  _Atomic int inside; /* calls that run */
  pthread_mutex_t mutex;
  pthread_t threads[kThreadsMax];
  int thread_count;
};

struct job {
  struct scripted *self;
  uint64_t ticket;
  int change;
};

static void tell(struct scripted *self, const char *topic, const char *text) {
  struct tombo_message message;
  memset(&message, 0, sizeof message);
  message.size = sizeof message;
  message.topic = tombo_text_of(topic);
  message.payload.data = text;
  message.payload.size = strlen(text);
  self->host->publish(self->host, &message);
}

static void tell_number(struct scripted *self, const char *topic, long number) {
  char text[32];
  snprintf(text, sizeof text, "%ld", number);
  tell(self, topic, text);
}

static void complete(struct scripted *self, const char *topic, uint64_t ticket, int answer) {
  const struct tombo_decision decision = TOMBO_DECISION(answer);
  const int result = self->host->complete(self->host, ticket, &decision);
  if (topic != NULL) tell_number(self, topic, result);
}

static void pause_ms(long ms) {
  const struct timespec pause = {0, ms * 1000000};
  nanosleep(&pause, NULL);
}

static void complete_with_changes(struct scripted *self, uint64_t ticket, const char *topic) {
  struct tombo_pair pair;
  struct tombo_changes changes;
  struct tombo_decision decision = TOMBO_DECISION(TOMBO_ALLOW);
  char payload[128];
  pair.name = tombo_text_of("by");
  pair.value = tombo_text_of(self->suffix);
  snprintf(payload, sizeof payload, "changed%s", self->suffix);
  memset(&changes, 0, sizeof changes);
  changes.size = sizeof changes;
  changes.what = TOMBO_CHANGE_TOPIC | TOMBO_CHANGE_PAYLOAD | TOMBO_CHANGE_QOS | TOMBO_CHANGE_RETAIN |
                 TOMBO_CHANGE_USER_PROPERTIES;
  changes.topic = tombo_text_of(topic);
  changes.payload.data = payload;
  changes.payload.size = strlen(payload);
  changes.qos = 1;
  changes.retain = 1;
  changes.user_properties = &pair;
  changes.user_property_count = 1;
  decision.changes = &changes;
  tell_number(self, "completed", self->host->complete(self->host, ticket, &decision));
}

static void *work(void *arg) {
  struct job *job = arg;
  pause_ms(5);
  if (job->change) {
    complete_with_changes(job->self, job->ticket, "changed/later");
  } else {
    complete(job->self, NULL, job->ticket, TOMBO_ALLOW);
  }
  free(job);
  return NULL;
}

/* Answers from a thread of its own. */
static int from_thread(struct scripted *self, uint64_t ticket, int change) {
  int answer = TOMBO_ERROR;
  struct job *job = malloc(sizeof *job);
  if (job == NULL) return answer;
  job->self = self;
  job->ticket = ticket;
  job->change = change;
  pthread_mutex_lock(&self->mutex);
  if (self->thread_count < kThreadsMax && pthread_create(&self->threads[self->thread_count], NULL, work, job) == 0) {
    ++self->thread_count;
    answer = TOMBO_LATER;
  }
  pthread_mutex_unlock(&self->mutex);
  if (answer != TOMBO_LATER) free(job);
  return answer;
}

static void complete_long(struct scripted *self, uint64_t ticket) {
  struct tombo_text groups[2];
  struct tombo_grant grant;
  struct tombo_decision decision = TOMBO_DECISION(TOMBO_ALLOW);
  groups[0] = tombo_text_of("red");
  groups[1] = tombo_text_of("blue");
  memset(&grant, 0, sizeof grant);
  grant.filter = tombo_text_of("rooms/%u/#");
  grant.publish = 1;
  decision.user_name = tombo_text_of("somebody-else");
  decision.groups = groups;
  decision.group_count = 2;
  decision.grants = &grant;
  decision.grant_count = 1;
  decision.ends_at_s = 1234;
  self->host->complete(self->host, ticket, &decision);
}

static void complete_wrongly(struct scripted *self, uint64_t ticket) {
  struct tombo_decision decision = TOMBO_DECISION(TOMBO_ALLOW);
  decision.user_name = tombo_text_of("\xff\xfe");
  tell_number(self, "completed", self->host->complete(self->host, ticket, &decision));
}

static void complete_denial(struct scripted *self, uint64_t ticket, uint32_t reason) {
  struct tombo_decision decision = TOMBO_DECISION(TOMBO_DENY);
  decision.reason = reason;
  decision.why = tombo_text_of("account\nis locked");
  self->host->complete(self->host, ticket, &decision);
}

static int answer_for(struct scripted *self, uint64_t ticket, struct tombo_text word) {
  if (tombo_text_is(word, "allow")) return TOMBO_ALLOW;
  if (tombo_text_is(word, "deny")) return TOMBO_DENY;
  if (tombo_text_is(word, "error")) return TOMBO_ERROR;
  if (tombo_text_is(word, "nonsense")) return 17;
  if (tombo_text_is(word, "continue")) return TOMBO_CONTINUE;
  if (tombo_text_is(word, "later")) return from_thread(self, ticket, 0);
  if (tombo_text_is(word, "never")) self->kept_ticket = ticket;
  if (tombo_text_is(word, "twice")) {
    complete(self, "first", ticket, TOMBO_ALLOW);
    complete(self, "second", ticket, TOMBO_DENY);
  }
  if (tombo_text_is(word, "both")) {
    complete(self, NULL, ticket, TOMBO_DENY);
    return TOMBO_ALLOW;
  }
  if (tombo_text_is(word, "long")) complete_long(self, ticket);
  if (tombo_text_is(word, "wrong")) complete_wrongly(self, ticket);
  if (tombo_text_is(word, "locked")) complete_denial(self, ticket, 0x8A);
  if (tombo_text_is(word, "block")) {
    tell(self, "blocked", "");
    while (access(self->gate, F_OK) != 0) pause_ms(1);
    return TOMBO_ALLOW;
  }
  if (tombo_text_is(word, "nobody")) return TOMBO_UNKNOWN;
  return TOMBO_LATER;
}

static int authenticate(void *plugin, uint64_t ticket, const struct tombo_login *login) {
  struct scripted *self = plugin;
  int answer;
#ifndef CONCURRENT
  /* A second call at the same time would be a bug of the executor. */
  if (atomic_fetch_add(&self->inside, 1) != 0) tell(self, "overlap", "");
#else
  atomic_fetch_add(&self->inside, 1);
#endif
  answer = answer_for(self, ticket, login->client->user_name);
  atomic_fetch_sub(&self->inside, 1);
  return answer;
}

/* The topic's last level says what to do. */
static int authorize(void *plugin, uint64_t ticket, const struct tombo_client *client, const struct tombo_access *access) {
  struct tombo_text word = access->topic;
  size_t at;
  (void)client;
  for (at = word.size; at > 0 && word.data[at - 1] != '/'; --at) {
  }
  word.data += at;
  word.size -= at;
  return answer_for(plugin, ticket, word);
}

static const char *const kMethods[] = {"COUNTDOWN", NULL};

static int extended_begin(void *plugin, uint64_t ticket, const struct tombo_login *login, struct tombo_text method,
                          struct tombo_bytes data, void **state) {
  struct scripted *self = plugin;
  struct tombo_decision decision = TOMBO_DECISION(TOMBO_CONTINUE);
  int *left = malloc(sizeof *left);
  (void)login;
  (void)method;
  if (left == NULL) return TOMBO_ERROR;
  *left = 2;
  *state = left;
  decision.data = data; /* back to the client */
  self->host->complete(self->host, ticket, &decision);
  return TOMBO_LATER;
}

static int extended_step(void *plugin, uint64_t ticket, struct tombo_bytes data, void **state) {
  struct scripted *self = plugin;
  int *left = *state;
  struct tombo_decision decision = TOMBO_DECISION(--*left > 0 ? TOMBO_CONTINUE : TOMBO_ALLOW);
  if (data.size == 3 && memcmp(data.data, "bad", 3) == 0) return TOMBO_DENY;
  if (data.size == 3 && memcmp(data.data, "huh", 3) == 0) return TOMBO_UNKNOWN;
  decision.data.data = "step";
  decision.data.size = 4;
  decision.user_name = tombo_text_of("counted");
  self->host->complete(self->host, ticket, &decision);
  return TOMBO_LATER;
}

static void extended_end(void *plugin, void **state) {
  free(*state);
  *state = NULL;
  tell(plugin, "ended", "");
}

static void release(void *data) {
  struct scripted *self = *(struct scripted **)data;
  free(data);
  tell(self, "released", "");
}

static void on_connect(void *plugin, const struct tombo_client *client) {
  struct scripted *self = plugin;
  char id[64];
  struct scripted **data = malloc(sizeof *data);
  snprintf(id, sizeof id, "%.*s", (int)client->client_id.size, client->client_id.data);
  tell(self, "connected", id);
  if (data != NULL) {
    *data = self;
    if (self->host->client_data_set(self->host, client->client_id, data, release) != TOMBO_OK) free(data);
  }
  if (self->host->client_data(self->host, client->client_id) != data) tell(self, "data_lost", id);
  /* A client that comes may set free the ticket that was kept. */
  if (strcmp(id, "answer-kept") == 0) complete(self, "kept", self->kept_ticket, TOMBO_ALLOW);
  if (strcmp(id, "kick-me") == 0) self->host->kick(self->host, client->client_id, 0);
}

static void on_disconnect(void *plugin, const struct tombo_client *client, uint32_t reason) {
  char text[96];
  snprintf(text, sizeof text, "%.*s %u", (int)client->client_id.size, client->client_id.data, (unsigned)reason);
  tell(plugin, "disconnected", text);
}

static void on_subscribe(void *plugin, const struct tombo_client *client, const struct tombo_subscription *subscription) {
  char text[96];
  (void)client;
  snprintf(text, sizeof text, "%.*s %u", (int)subscription->filter.size, subscription->filter.data, (unsigned)subscription->qos);
  tell(plugin, "subscribed", text);
}

static void on_unsubscribe(void *plugin, const struct tombo_client *client, struct tombo_text filter) {
  char text[96];
  (void)client;
  snprintf(text, sizeof text, "%.*s", (int)filter.size, filter.data);
  tell(plugin, "unsubscribed", text);
}

static int on_publish(void *plugin, uint64_t ticket, const struct tombo_client *client, const struct tombo_message *message) {
  struct scripted *self = plugin;
  (void)client;
  if (tombo_text_is(message->topic, "change")) {
    complete_with_changes(self, ticket, "changed/now");
    return TOMBO_LATER;
  }
  if (tombo_text_is(message->topic, "change_later")) return from_thread(self, ticket, 1);
  if (tombo_text_is(message->topic, "veto")) {
    complete_denial(self, ticket, 0x99);
    return TOMBO_LATER;
  }
  if (tombo_text_is(message->topic, "bad_topic")) {
    complete_with_changes(self, ticket, "with/#");
    return TOMBO_LATER;
  }
  if (tombo_text_is(message->topic, "never")) {
    self->kept_ticket = ticket;
    return TOMBO_LATER;
  }
  if (tombo_text_is(message->topic, "properties")) tell_number(self, "properties", (long)message->user_property_count);
  return TOMBO_UNKNOWN;
}

#ifdef CONCURRENT
static int on_deliver(void *plugin, const struct tombo_client *to, const struct tombo_message *message,
                      struct tombo_delivery *delivery) {
  struct scripted *self = plugin;
  (void)to;
  if (tombo_text_is(message->topic, "secret")) return TOMBO_DENY;
  if (tombo_text_is(message->topic, "later")) return TOMBO_LATER;
  if (tombo_text_is(message->topic, "stamp")) {
    const struct tombo_bytes stamp = {"stamped", 7};
    self->host->replace_payload(self->host, delivery, stamp);
  }
  return TOMBO_ALLOW;
}
#endif

static void fire(void *arg) { tell(arg, "fired", ""); }
static void fire_once(void *arg) { tell(arg, "fired_once", ""); }
static void fire_never(void *arg) { tell(arg, "fired_never", ""); }

static int read_options(struct scripted *self, const struct tombo_pair *options, size_t count, char *why, size_t why_size) {
  size_t i;
  for (i = 0; i < count; ++i) {
    const int size = (int)options[i].value.size;
    const char *value = options[i].value.data;
    if (tombo_text_is(options[i].name, "refuse")) {
      snprintf(why, why_size, "asked to refuse");
      return 1;
    }
    if (tombo_text_is(options[i].name, "gate")) snprintf(self->gate, sizeof self->gate, "%.*s", size, value);
    if (tombo_text_is(options[i].name, "suffix")) snprintf(self->suffix, sizeof self->suffix, "%.*s", size, value);
    if (tombo_text_is(options[i].name, "timers")) {
      uint64_t never = 0;
      self->host->timer_add(self->host, 1000, 1000, fire, self, NULL);
      self->host->timer_add(self->host, 500, 0, fire_once, self, NULL);
      self->host->timer_add(self->host, 500, 0, fire_never, self, &never);
      self->host->timer_remove(self->host, never);
    }
  }
  return 0;
}

static int on_reload(void *plugin, const struct tombo_pair *options, size_t count, char *why, size_t why_size) {
  return read_options(plugin, options, count, why, why_size);
}

static void end(void *plugin) {
  struct scripted *self = plugin;
  int i;
  for (i = 0; i < self->thread_count; ++i) pthread_join(self->threads[i], NULL);
  tell(self, "shutdown", "");
  pthread_mutex_destroy(&self->mutex);
  free(self);
}

static const struct tombo_plugin kCallbacks = {
    .size = sizeof(struct tombo_plugin),
#ifdef CONCURRENT
    .flags = TOMBO_PLUGIN_CONCURRENT | TOMBO_PLUGIN_JUDGES_RECEIVING,
    .on_deliver = on_deliver,
#endif
    .authenticate = authenticate,
    .methods = kMethods,
    .extended_begin = extended_begin,
    .extended_step = extended_step,
    .extended_end = extended_end,
    .authorize = authorize,
    .on_connect = on_connect,
    .on_disconnect = on_disconnect,
    .on_subscribe = on_subscribe,
    .on_unsubscribe = on_unsubscribe,
    .on_publish = on_publish,
    .on_reload = on_reload,
    .shutdown = end,
};

TOMBO_PLUGIN_DECLARE;

int tombo_plugin_init(const struct tombo_host *host, struct tombo_start *start) {
  struct scripted *self = calloc(1, sizeof *self);
  if (self == NULL) return 1;
  self->host = host;
  pthread_mutex_init(&self->mutex, NULL);
  read_options(self, start->options, start->option_count, start->why, start->why_size);
  host->log(host, TOMBO_LOG_INFO, "begins\nwith a line break");
  start->callbacks = &kCallbacks;
  start->plugin = self;
  return 0;
}
