/* The interface between tombo, an MQTT broker, and its plugins.  C11, needs nothing but the C library.
 *
 * A plugin is a shared object that a [[plugin]] section names.  It exports two symbols:
 *
 *     TOMBO_PLUGIN_DECLARE;                          the version of this header that it was built with
 *     int tombo_plugin_init(const struct tombo_host *host, struct tombo_start *start);
 *
 * tombo_plugin_init() hands over a table of callbacks, each of which may be left NULL.  docs/plugins.md has a whole one.
 *
 * VERSIONS   A plugin is loaded where its major version is the broker's.  Minor versions add fields at the end of
 *            structures, and every structure that may grow begins with its size:  a field beyond the size is not there.
 *            So a plugin that was built with an older header runs as it did.  One that was built with a newer header runs
 *            if it uses nothing that this broker does not know; a callback that the broker does not know is a refusal
 *            at the start, never ignored.  TOMBO_HAS(pointer, field) tells whether a structure is long enough.
 *
 * THREADS    Without flags a plugin is serial:  all its callbacks, tombo_plugin_init() and shutdown among them, run on one
 *            thread that belongs to the plugin, one after the other.  It may take its time, other clients do not wait for
 *            it; what comes meanwhile waits in a queue of limited length (docs/plugins.md, "Limits").
 *            With TOMBO_PLUGIN_CONCURRENT the callbacks that say "shard" are called by many threads at the same time,
 *            straight from the broker's event loops, and must not block; all others run on the plugin's own thread.
 *            Functions of the host may be called by any thread, from the beginning of tombo_plugin_init() until shutdown
 *            returns; by then the plugin's own threads must have ended.
 *
 * OWNERSHIP  What a callback is given is a loan that ends when the callback returns; what is needed longer is copied.  What
 *            a host function is given is copied before it returns, so it may lie on the stack.  The callbacks' table and
 *            what it points to must stay as long as the plugin is loaded.
 *
 * TEXTS      have a length and no NUL at their end.  MQTT's texts are UTF-8 without U+0000; a password is any bytes, and
 *            may hold NUL:  compare with its size, tombo_bytes_equal() does.
 *
 * ANSWERS    A callback that is asked for a decision returns a tombo_answer at once, or returns TOMBO_LATER and
 *            calls host->complete() with its ticket:  in the callback itself, to say more than a number can, or afterwards
 *            from any thread.  A ticket is completed once; any further completion, and one that comes after the deadline
 *            (deadline_ms of the [[plugin]] section), does nothing and is told TOMBO_GONE.  No answer within the deadline
 *            is a refusal. */
#ifndef TOMBO_PLUGIN_H
#define TOMBO_PLUGIN_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TOMBO_PLUGIN_API_MAJOR 1u
#define TOMBO_PLUGIN_API_MINOR 0u
#define TOMBO_PLUGIN_API ((TOMBO_PLUGIN_API_MAJOR << 16) | TOMBO_PLUGIN_API_MINOR)

#if defined(__GNUC__)
#define TOMBO_PLUGIN_EXPORT __attribute__((visibility("default")))
#else
#define TOMBO_PLUGIN_EXPORT
#endif

/* Stands once in a plugin, outside of functions. */
#ifdef __cplusplus
#define TOMBO_PLUGIN_DECLARE extern "C" TOMBO_PLUGIN_EXPORT const uint32_t tombo_plugin_api = TOMBO_PLUGIN_API
#else
#define TOMBO_PLUGIN_DECLARE                             \
  extern TOMBO_PLUGIN_EXPORT const uint32_t tombo_plugin_api; \
  const uint32_t tombo_plugin_api = TOMBO_PLUGIN_API
#endif

/* Whether a structure that begins with its size has the field. */
#define TOMBO_HAS(pointer, field) \
  ((pointer)->size >= (size_t)((const char *)(&(pointer)->field + 1) - (const char *)(pointer)))

/* ---- Texts and bytes ------------------------------------------------------------------------------------------- */

struct tombo_text {
  const char *data; /* may be NULL where size is 0 */
  size_t size;
};
struct tombo_bytes {
  const void *data;
  size_t size;
};
struct tombo_pair {
  struct tombo_text name;
  struct tombo_text value;
};

static inline struct tombo_text tombo_text_of(const char *text) {
  struct tombo_text result;
  result.data = text;
  result.size = text == NULL ? 0 : strlen(text);
  return result;
}
static inline int tombo_text_is(struct tombo_text text, const char *other) {
  const size_t size = strlen(other);
  return text.size == size && (size == 0 || memcmp(text.data, other, size) == 0);
}
/* Compares in a time that depends on the sizes only. */
static inline int tombo_bytes_equal(struct tombo_bytes a, struct tombo_bytes b) {
  const volatile unsigned char *x = (const volatile unsigned char *)a.data;
  const volatile unsigned char *y = (const volatile unsigned char *)b.data;
  unsigned char difference = 0;
  size_t at;
  if (a.size != b.size) return 0;
  for (at = 0; at < a.size; ++at) difference = (unsigned char)(difference | (x[at] ^ y[at]));
  return difference == 0;
}

/* ---- What a plugin is told ------------------------------------------------------------------------------------- */

/* What is known of the other end besides what it says itself.  Empty: nothing. */
struct tombo_peer {
  size_t size;
  struct tombo_text address; /* "192.0.2.1:40000" */
  struct tombo_text certificate_cn;
  struct tombo_text certificate_subject;
  struct tombo_text psk_identity;
  struct tombo_text tls_version; /* "TLSv1.3"; empty: no TLS */
  struct tombo_text server_name; /* as the client asked, not proved */
  int has_unix;                  /* then the next three say who it is */
  uint32_t unix_pid, unix_uid, unix_gid;
};

struct tombo_client {
  size_t size;
  struct tombo_text client_id;
  struct tombo_text user_name;     /* in a login as it claims, later as it was decided; empty: anonymous */
  const struct tombo_text *groups; /* as the backend that let it in says */
  size_t group_count;
  uint32_t listener;             /* number of the [[listener]], from 0 */
  uint32_t version;              /* 3: MQTT 3.1, 4: 3.1.1, 5: 5.0; 0 in authorize, where it is not known */
  const struct tombo_peer *peer; /* NULL in authorize, where it is not known */
};

struct tombo_login {
  size_t size;
  const struct tombo_client *client;
  int has_user_name;
  int has_password;
  struct tombo_bytes password;
};

enum tombo_action { TOMBO_PUBLISH = 1, TOMBO_SUBSCRIBE = 2, TOMBO_RECEIVE = 3 };

struct tombo_access {
  size_t size;
  int action;              /* enum tombo_action */
  struct tombo_text topic; /* a topic, or with TOMBO_SUBSCRIBE a filter without $share */
  uint32_t qos;
  int retain;
};

struct tombo_message {
  size_t size;
  struct tombo_text topic;
  struct tombo_bytes payload;
  uint32_t qos;
  int retain;
  int is_will;
  const struct tombo_pair *user_properties; /* of MQTT 5.0, in their order */
  size_t user_property_count;
  struct tombo_text content_type; /* empty: none */
  struct tombo_text response_topic;
  struct tombo_bytes correlation_data;
};

struct tombo_subscription {
  size_t size;
  struct tombo_text filter; /* as the client gave it, with $share */
  uint32_t qos;             /* that was granted */
  int no_local;
  int retain_as_published;
  uint32_t subscription_id; /* 0: none */
};

/* ---- What a plugin decides ------------------------------------------------------------------------------------- */

enum tombo_answer {
  TOMBO_UNKNOWN = 0,  /* no opinion: the next backend is asked, the other rules decide, the message goes on */
  TOMBO_ALLOW = 1,
  TOMBO_DENY = 2,     /* nobody else is asked */
  TOMBO_ERROR = 3,    /* cannot tell at the moment: it is refused */
  TOMBO_CONTINUE = 4, /* extended authentication only: data goes to the client, which answers */
  TOMBO_LATER = 5     /* host->complete() was or will be called; only as a return value */
};

/* A right that comes with a login; where a client has some, they decide what it may do. */
struct tombo_grant {
  struct tombo_text filter; /* %u and %c stand for user name and client id */
  int publish, subscribe;
  int deny; /* 0: allows */
};

enum tombo_change {
  TOMBO_CHANGE_TOPIC = 1,
  TOMBO_CHANGE_PAYLOAD = 2,
  TOMBO_CHANGE_QOS = 4,
  TOMBO_CHANGE_RETAIN = 8,
  TOMBO_CHANGE_USER_PROPERTIES = 16
};
/* What becomes of a message.  Only fields that `what` names are read. */
struct tombo_changes {
  size_t size;
  uint32_t what; /* of enum tombo_change, added up */
  struct tombo_text topic;
  struct tombo_bytes payload;
  uint32_t qos;
  int retain;
  const struct tombo_pair *user_properties; /* instead of all that there were */
  size_t user_property_count;
};

/* The long form of an answer, for host->complete().  Begin with TOMBO_DECISION(answer). */
struct tombo_decision {
  size_t size;
  int answer;             /* enum tombo_answer, not TOMBO_LATER */
  uint32_t reason;        /* with TOMBO_DENY: an MQTT 5.0 reason code; 0, or one that the packet cannot carry: the usual one */
  struct tombo_text why;  /* for the log: "account is locked" */
  /* With TOMBO_ALLOW of a login: */
  struct tombo_text user_name; /* as whom it comes in; empty: as it said */
  const struct tombo_text *groups;
  size_t group_count;
  int has_grants; /* grants decide, even when there are none */
  const struct tombo_grant *grants;
  size_t grant_count;
  int64_t ends_at_s; /* Unix time at which the connection ends; 0: never */
  /* Extended authentication, with TOMBO_CONTINUE and TOMBO_ALLOW: for the client */
  struct tombo_bytes data;
  /* on_publish, with TOMBO_ALLOW: what becomes of the message; NULL: it stays as it is */
  const struct tombo_changes *changes;
};

static inline struct tombo_decision tombo_decision_of(int answer) {
  struct tombo_decision decision;
  memset(&decision, 0, sizeof decision);
  decision.size = sizeof decision;
  decision.answer = answer;
  return decision;
}
#define TOMBO_DECISION(answer) tombo_decision_of(answer)

/* ---- The host -------------------------------------------------------------------------------------------------- */

enum tombo_result {
  TOMBO_OK = 0,
  TOMBO_INVALID = 1, /* an argument is wrong: a topic with wildcards, a text that is not UTF-8, a structure too short */
  TOMBO_FULL = 2,    /* a limit was reached */
  TOMBO_GONE = 3     /* no such ticket, timer or client (any more) */
};

enum tombo_log_level { TOMBO_LOG_DEBUG = 1, TOMBO_LOG_INFO = 2, TOMBO_LOG_WARNING = 3, TOMBO_LOG_ERROR = 4 };

struct tombo_delivery; /* a message on its way to one subscriber, see on_deliver */

/* What the broker does for a plugin.  Any thread may call; nothing blocks.  Stays until shutdown has returned. */
struct tombo_host {
  size_t size;
  uint32_t api; /* the broker's, major << 16 | minor */
  void *self;   /* the broker's own */

  /* A line in the broker's log, after the plugin's name.  Control characters become '?', 1,000 bytes are the most. */
  void (*log)(const struct tombo_host *host, int level, const char *text);

  /* Answers the question that came with this ticket.  TOMBO_OK: the answer counts.  TOMBO_GONE: it was answered
   * before, its deadline has passed, or there never was such a ticket; nothing happened.  TOMBO_INVALID: the answer
   * cannot be used (and the question is refused): a reason for the log is written. */
  int (*complete)(const struct tombo_host *host, uint64_t ticket, const struct tombo_decision *decision);

  /* Publishes as the broker itself: no rights are asked for, and no plugin's on_publish.  is_will is ignored. */
  int (*publish)(const struct tombo_host *host, const struct tombo_message *message);

  /* Ends a client's connection, with an MQTT 5.0 reason code (0: 0x98, administrative action).  TOMBO_OK: it will be
   * done if there is such a client. */
  int (*kick)(const struct tombo_host *host, struct tombo_text client_id, uint32_t reason);

  /* Calls fire(arg) on the plugin's own thread after delay_ms, then every period_ms if that is not 0.  A timer whose turn
   * has come again before fire() was called is called once.  *timer (may be NULL) names it for timer_remove(). */
  int (*timer_add)(const struct tombo_host *host, uint32_t delay_ms, uint32_t period_ms, void (*fire)(void *arg), void *arg,
                   uint64_t *timer);
  /* Called on the plugin's own thread: fire() is not called any more.  Elsewhere it may be running. */
  int (*timer_remove)(const struct tombo_host *host, uint64_t timer);

  /* One pointer of the plugin for each connected client, from its on_connect to its on_disconnect (one of which the plugin must
   * have): after the latter, and when another pointer takes its place, release(pointer) is called unless release is
   * NULL.  TOMBO_GONE: there is no such client, and the pointer stays the caller's. */
  int (*client_data_set)(const struct tombo_host *host, struct tombo_text client_id, void *data, void (*release)(void *data));
  void *(*client_data)(const struct tombo_host *host, struct tombo_text client_id);

  /* In on_deliver only: this subscriber gets other bytes. */
  int (*replace_payload)(const struct tombo_host *host, struct tombo_delivery *delivery, struct tombo_bytes payload);

  /* Monotonic, milliseconds. */
  int64_t (*now_ms)(const struct tombo_host *host);
};

/* ---- The plugin ------------------------------------------------------------------------------------------------ */

enum tombo_plugin_flag {
  TOMBO_PLUGIN_SERIAL = 0,
  TOMBO_PLUGIN_CONCURRENT = 1,       /* callbacks marked "shard" are called by many threads and do not block */
  TOMBO_PLUGIN_JUDGES_RECEIVING = 2  /* authorize is asked for each delivery, too; needs TOMBO_PLUGIN_CONCURRENT */
};

/* The plugin's callbacks.  `plugin` is what start->plugin was set to.  NULL: not interested. */
struct tombo_plugin {
  size_t size;    /* sizeof(struct tombo_plugin) */
  uint32_t flags; /* of enum tombo_plugin_flag, added up */

  /* Who is this?  Asked where `authentication` names "plugin:NAME".  (shard)  Returns a tombo_answer. */
  int (*authenticate)(void *plugin, uint64_t ticket, const struct tombo_login *login);

  /* MQTT 5.0 enhanced authentication.  `methods` are the names of the methods that the plugin knows, NULL ends them.
   * begin is given the data of CONNECT, step that of each AUTH after a TOMBO_CONTINUE; they come one after the other.
   * *state is NULL at first and the plugin's until end, which is called once when the exchange is over, however
   * it ended: an answer that is still owed is of no use then.  begin and step: (shard), a tombo_answer.  end: (shard). */
  const char *const *methods;
  int (*extended_begin)(void *plugin, uint64_t ticket, const struct tombo_login *login, struct tombo_text method,
                        struct tombo_bytes data, void **state);
  int (*extended_step)(void *plugin, uint64_t ticket, struct tombo_bytes data, void **state);
  void (*extended_end)(void *plugin, void **state);

  /* May it do this?  Asked behind the ACL.  With TOMBO_RECEIVE, TOMBO_LATER is a refusal.  (shard)  A tombo_answer. */
  int (*authorize)(void *plugin, uint64_t ticket, const struct tombo_client *client, const struct tombo_access *access);

  /* A client has come in; it goes again (`reason` is an MQTT 5.0 reason code).  on_disconnect comes for those for which
   * on_connect came, and only for them.  (shard) */
  void (*on_connect)(void *plugin, const struct tombo_client *client);
  void (*on_disconnect)(void *plugin, const struct tombo_client *client, uint32_t reason);
  /* It has subscribed, or unsubscribed.  (shard) */
  void (*on_subscribe)(void *plugin, const struct tombo_client *client, const struct tombo_subscription *subscription);
  void (*on_unsubscribe)(void *plugin, const struct tombo_client *client, struct tombo_text filter);

  /* A client publishes (or its will is sent) and may do so.  TOMBO_ALLOW and TOMBO_UNKNOWN let the message go on, with
   * decision->changes altered; TOMBO_DENY drops it and tells a 5.0 publisher the reason.  Its client's next
   * packets wait.  (shard)  A tombo_answer. */
  int (*on_publish)(void *plugin, uint64_t ticket, const struct tombo_client *client, const struct tombo_message *message);

  /* A message is about to be sent to one subscriber.  TOMBO_DENY: this one does not get it; else it does, with the payload
   * that host->replace_payload(host, delivery, ...) gave.  Only with TOMBO_PLUGIN_CONCURRENT.  (shard)  A tombo_answer,
   * not TOMBO_LATER. */
  int (*on_deliver)(void *plugin, const struct tombo_client *to, const struct tombo_message *message,
                    struct tombo_delivery *delivery);

  /* The options in the file have changed.  0: they hold.  Else the plugin goes on with the old ones and says
   * why (NUL at the end), for the log.  NULL: new options need a restart. */
  int (*on_reload)(void *plugin, const struct tombo_pair *options, size_t option_count, char *why, size_t why_size);

  /* The last call.  The plugin's threads end before it returns. */
  void (*shutdown)(void *plugin);
};

/* For tombo_plugin_init(): what it is told, and what it fills in. */
struct tombo_start {
  size_t size;
  struct tombo_text name; /* from the [[plugin]] section */
  const struct tombo_pair *options;
  size_t option_count;
  uint32_t deadline_ms;
  /* To be set: */
  const struct tombo_plugin *callbacks; /* stays as long as the plugin is loaded */
  void *plugin;                         /* handed to every callback */
  char *why;                            /* if it fails: room for the reason, with a NUL at the end */
  size_t why_size;
};

/* What a plugin exports.  init returns 0, or anything else if it cannot work: then the broker does not start, tells `why`, and
 * calls no callback, shutdown neither. */
extern TOMBO_PLUGIN_EXPORT const uint32_t tombo_plugin_api;
TOMBO_PLUGIN_EXPORT int tombo_plugin_init(const struct tombo_host *host, struct tombo_start *start);

#ifdef __cplusplus
}
#endif

#endif
