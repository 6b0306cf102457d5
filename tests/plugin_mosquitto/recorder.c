/* A plugin of version 5 that registers for everything, built against Debian's headers.  What it is told it publishes as
 * recorded/EVENT, what it is asked it answers by the words in names and topics.  See test_mosquitto_plugins.py. */
#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <mosquitto_plugin.h>
#include <mqtt_protocol.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Since 2.1; in Debian's headers they are not named. */
enum { EVT_CONNECT = 11, EVT_SUBSCRIBE = 12, EVT_UNSUBSCRIBE = 13, EVT_PERSIST_RESTORE = 14, EVT_MESSAGE_OUT = 27, EVT_CLIENT_OFFLINE = 28 };
struct evt_client { void *future; struct mosquitto *client; void *future2[4]; };
struct evt_subscription {
	void *future;
	struct mosquitto *client;
	struct {
		char *clientid;
		char *topic_filter;
		mosquitto_property *properties;
		uint32_t identifier;
		uint8_t options;
		uint8_t padding[3];
		void *future2[8];
	} data;
	void *future2[8];
};

static mosquitto_plugin_id_t *self;
static unsigned long ticks, reloads;
static char greeting[64] = "none";

static void say(const char *event, const char *text) {
	char topic[128];
	snprintf(topic, sizeof topic, "recorded/%s", event);
	mosquitto_broker_publish_copy(NULL, topic, (int)strlen(text), text, 1, false, NULL);
}

static const char *text_or(const char *text) { return text == NULL ? "-" : text; }

static void describe(const struct mosquitto *client, char *line, size_t size) {
	snprintf(line, size, "id=%s user=%s address=%s protocol=%d version=%d keepalive=%d clean=%d subscriptions=%d certificate=%s",
	         text_or(mosquitto_client_id(client)), text_or(mosquitto_client_username(client)), text_or(mosquitto_client_address(client)),
	         mosquitto_client_protocol(client), mosquitto_client_protocol_version(client), mosquitto_client_keepalive(client),
	         (int)mosquitto_client_clean_session(client), mosquitto_client_sub_count(client),
	         mosquitto_client_certificate(client) == NULL ? "no" : "yes");
}

static bool is(const char *text, const char *word) { return text != NULL && strcmp(text, word) == 0; }
static bool has(const char *text, const char *word) { return text != NULL && strstr(text, word) != NULL; }

static int on_basic_auth(int event, void *data, void *user_data) {
	struct mosquitto_evt_basic_auth *login = data;
	(void)event, (void)user_data;
	if (login->username == NULL) return MOSQ_ERR_PLUGIN_DEFER;
	if (is(login->username, "unknown")) return MOSQ_ERR_PLUGIN_DEFER;
	if (is(login->username, "broken")) return MOSQ_ERR_UNKNOWN;
	if (!is(login->password, "pw")) return MOSQ_ERR_AUTH;
	if (is(login->username, "renamed")) return mosquitto_set_username(login->client, "other");
	if (is(login->username, "nameless")) return mosquitto_set_username(login->client, NULL);
	return MOSQ_ERR_SUCCESS;
}

static int on_acl_check(int event, void *data, void *user_data) {
	struct mosquitto_evt_acl_check *check = data;
	(void)event, (void)user_data;
	if (has(check->topic, "defer")) return MOSQ_ERR_PLUGIN_DEFER;
	if (check->access == MOSQ_ACL_READ && has(check->topic, "no-read")) return MOSQ_ERR_ACL_DENIED;
	if (check->access == MOSQ_ACL_READ && has(check->topic, "by-payload") && check->payloadlen >= 5 &&
	    memcmp(check->payload, "never", 5) == 0) {
		return MOSQ_ERR_ACL_DENIED;
	}
	if (check->access == MOSQ_ACL_WRITE && has(check->topic, "no-write")) return MOSQ_ERR_ACL_DENIED;
	if (check->access == MOSQ_ACL_SUBSCRIBE && has(check->topic, "no-subscribe")) return MOSQ_ERR_ACL_DENIED;
	if (check->access == MOSQ_ACL_UNSUBSCRIBE && has(check->topic, "no-unsubscribe")) return MOSQ_ERR_ACL_DENIED;
	if (has(check->topic, "only-other") && !is(mosquitto_client_username(check->client), "other")) return MOSQ_ERR_ACL_DENIED;
	return MOSQ_ERR_SUCCESS;
}

/* Two steps by the method ECHO: a question, and its answer backwards. */
static int on_ext_auth_start(int event, void *data, void *user_data) {
	struct mosquitto_evt_extended_auth *auth = data;
	(void)event, (void)user_data;
	if (!is(auth->auth_method, "ECHO")) return MOSQ_ERR_NOT_SUPPORTED;
	if (auth->data_in_len == 0 || !(auth->data_out = mosquitto_malloc(8))) return MOSQ_ERR_AUTH;
	memcpy(auth->data_out, "backward", 8);
	auth->data_out_len = 8;
	return MOSQ_ERR_AUTH_CONTINUE;
}

static int on_ext_auth_continue(int event, void *data, void *user_data) {
	struct mosquitto_evt_extended_auth *auth = data;
	(void)event, (void)user_data;
	if (auth->data_in_len != 8 || memcmp(auth->data_in, "drawkcab", 8) != 0) return MOSQ_ERR_AUTH;
	mosquitto_set_username(auth->client, "echo");
	return MOSQ_ERR_SUCCESS;
}

static int on_control(int event, void *data, void *user_data) {
	struct mosquitto_evt_control *order = data;
	char text[128];
	size_t size = order->payloadlen < sizeof text - 1 ? order->payloadlen : sizeof text - 1;
	(void)event, (void)user_data;
	memcpy(text, order->payload == NULL ? "" : order->payload, size);
	text[size] = '\0';
	if (strncmp(text, "kick ", 5) == 0) mosquitto_kick_client_by_clientid(text + 5, true);
	if (strncmp(text, "quietly ", 8) == 0) mosquitto_kick_client_by_clientid(text + 8, false);
	if (strncmp(text, "user ", 5) == 0) mosquitto_kick_client_by_username(text + 5, true);
	if (strncmp(text, "tell ", 5) == 0) mosquitto_broker_publish_copy(text + 5, "only/for/you", 5, "psst!", 1, false, NULL);
	if (strncmp(text, "rename ", 7) == 0) mosquitto_set_username(order->client, text + 7);
	if (is(text, "refuse")) {
		order->reason_code = MQTT_RC_QUOTA_EXCEEDED;
		order->reason_string = mosquitto_strdup("no more orders");
	}
	say("control", text);
	return MOSQ_ERR_SUCCESS;
}

static int on_message(int event, void *data, void *user_data) {
	struct mosquitto_evt_message *message = data;
	uint32_t i;
	(void)event, (void)user_data;
	if (has(message->topic, "refused")) {
		message->reason_code = MQTT_RC_QUOTA_EXCEEDED;
		return MOSQ_ERR_QOS_NOT_SUPPORTED;
	}
	if (strncmp(message->topic, "shout/", 6) == 0) {
		char *loud = mosquitto_malloc(message->payloadlen + 1u);
		char *topic = mosquitto_malloc(strlen(message->topic) + 1u);
		if (loud == NULL || topic == NULL) return MOSQ_ERR_NOMEM;
		for (i = 0; i < message->payloadlen; ++i) loud[i] = (char)toupper(((unsigned char *)message->payload)[i]);
		sprintf(topic, "loud/%s", message->topic + 6);
		message->payload = loud; /* the broker frees what was there */
		message->topic = topic;
		mosquitto_property_add_string_pair(&message->properties, MQTT_PROP_USER_PROPERTY, "made", "loud");
	}
	return MOSQ_ERR_SUCCESS;
}

static int on_message_out(int event, void *data, void *user_data) {
	struct mosquitto_evt_message *message = data;
	(void)event, (void)user_data;
	if (has(message->topic, "keep-back")) return MOSQ_ERR_ACL_DENIED;
	if (has(message->topic, "sign")) {
		const char *id = mosquitto_client_id(message->client);
		char *signedtext = mosquitto_malloc(strlen(id) + message->payloadlen + 2u);
		if (signedtext == NULL) return MOSQ_ERR_NOMEM;
		memcpy(signedtext, message->payload, message->payloadlen);
		sprintf(signedtext + message->payloadlen, "@%s", id);
		message->payload = signedtext;
		message->payloadlen = (uint32_t)strlen(signedtext);
	}
	return MOSQ_ERR_SUCCESS;
}

static int on_connect(int event, void *data, void *user_data) {
	char line[512];
	(void)event, (void)user_data;
	describe(((struct evt_client *)data)->client, line, sizeof line);
	say("connect", line);
	return MOSQ_ERR_SUCCESS;
}

static int on_end(int event, void *data, void *user_data) {
	struct mosquitto_evt_disconnect *end = data;
	char line[512];
	(void)user_data;
	snprintf(line, sizeof line, "id=%s reason=%d", mosquitto_client_id(end->client), end->reason);
	say(event == EVT_CLIENT_OFFLINE ? "offline" : "disconnect", line);
	return MOSQ_ERR_SUCCESS;
}

static int on_subscription(int event, void *data, void *user_data) {
	struct evt_subscription *subscription = data;
	char line[512];
	(void)user_data;
	snprintf(line, sizeof line, "id=%s filter=%s options=%d identifier=%u", subscription->data.clientid, subscription->data.topic_filter,
	         subscription->data.options, subscription->data.identifier);
	say(event == EVT_SUBSCRIBE ? "subscribe" : "unsubscribe", line);
	return MOSQ_ERR_SUCCESS;
}

static int on_tick(int event, void *data, void *user_data) {
	(void)event, (void)data, (void)user_data;
	if (++ticks == 3) mosquitto_log_printf(MOSQ_LOG_NOTICE, "has ticked %lu times", ticks);
	return MOSQ_ERR_SUCCESS;
}

static void take_options(struct mosquitto_opt *options, int count) {
	int i;
	for (i = 0; i < count; ++i) {
		if (is(options[i].key, "greeting")) snprintf(greeting, sizeof greeting, "%s", options[i].value);
	}
}

static int on_reload(int event, void *data, void *user_data) {
	struct mosquitto_evt_reload *reload = data;
	(void)event, (void)user_data;
	take_options(reload->options, reload->option_count);
	mosquitto_log_printf(MOSQ_LOG_INFO, "reload %lu greeting=%s", ++reloads, greeting);
	return MOSQ_ERR_SUCCESS;
}

static const struct { int event; MOSQ_FUNC_generic_callback call; const char *topic; bool new; } kAll[] = {
    {MOSQ_EVT_RELOAD, on_reload, NULL, false},
    {MOSQ_EVT_ACL_CHECK, on_acl_check, NULL, false},
    {MOSQ_EVT_BASIC_AUTH, on_basic_auth, NULL, false},
    {MOSQ_EVT_EXT_AUTH_START, on_ext_auth_start, NULL, false},
    {MOSQ_EVT_EXT_AUTH_CONTINUE, on_ext_auth_continue, NULL, false},
    {MOSQ_EVT_CONTROL, on_control, "$CONTROL/recorder/v1", false},
    {MOSQ_EVT_MESSAGE, on_message, NULL, false},
    {MOSQ_EVT_TICK, on_tick, NULL, false},
    {MOSQ_EVT_DISCONNECT, on_end, NULL, false},
    {EVT_CONNECT, on_connect, NULL, true},
    {EVT_SUBSCRIBE, on_subscription, NULL, true},
    {EVT_UNSUBSCRIBE, on_subscription, NULL, true},
    {EVT_CLIENT_OFFLINE, on_end, NULL, true},
    {EVT_MESSAGE_OUT, on_message_out, NULL, true},
};

int mosquitto_plugin_version(int count, const int *versions) {
	int i;
	for (i = 0; i < count; ++i) {
		if (versions[i] == 5) return 5;
	}
	return -1;
}

int mosquitto_plugin_init(mosquitto_plugin_id_t *identifier, void **user_data, struct mosquitto_opt *options, int count) {
	size_t i;
	self = identifier;
	*user_data = greeting;
	take_options(options, count);
	if (is(greeting, "fail")) return MOSQ_ERR_UNKNOWN;
	for (i = 0; i < sizeof kAll / sizeof kAll[0]; ++i) {
		const int result = mosquitto_callback_register(self, kAll[i].event, kAll[i].call, kAll[i].topic, greeting);
		if (result != MOSQ_ERR_SUCCESS && !kAll[i].new) return result;
		if (mosquitto_callback_register(self, kAll[i].event, kAll[i].call, kAll[i].topic, greeting) == MOSQ_ERR_SUCCESS) {
			mosquitto_log_printf(MOSQ_LOG_ERR, "event %d was registered twice", kAll[i].event);
		}
	}
	mosquitto_log_printf(MOSQ_LOG_INFO, "persistence: %s",
	                     mosquitto_strerror(mosquitto_callback_register(self, EVT_PERSIST_RESTORE, on_reload, NULL, NULL)));
	mosquitto_log_printf(MOSQ_LOG_INFO, "greets with %s", greeting);
	return MOSQ_ERR_SUCCESS;
}

int mosquitto_plugin_cleanup(void *user_data, struct mosquitto_opt *options, int count) {
	size_t i, gone = 0;
	(void)options;
	for (i = 0; i < sizeof kAll / sizeof kAll[0]; ++i) {
		if (mosquitto_callback_unregister(self, kAll[i].event, kAll[i].call, kAll[i].topic) == MOSQ_ERR_SUCCESS) ++gone;
	}
	mosquitto_log_printf(MOSQ_LOG_INFO, "says goodbye after %s with %d options, %d callbacks", (char *)user_data, count, (int)gone);
	return MOSQ_ERR_SUCCESS;
}
