/* A plugin of version 5 that answers logins later, from its own and from other threads, and gives client ids, built against
 * Debian's headers.  What it does is said by the user name, and by orders to $CONTROL/logins/v1.  See
 * test_mosquitto_logins.py. */
#define _POSIX_C_SOURCE 200809L
#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <mosquitto_plugin.h>

#include <openssl/x509.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Since 2.1; not in Debian's headers. */
enum { AUTH_DELAYED = -5, EVT_CONNECT = 11, EVT_CLIENT_OFFLINE = 28 };
void mosquitto_complete_basic_auth(const char *clientid, int result);
int mosquitto_set_clientid(struct mosquitto *client, const char *clientid);

static mosquitto_plugin_id_t *self;
static pthread_t noisy;
static bool is_noisy;
static atomic_bool ends;

static const char *text_or(const char *text) { return text == NULL ? "-" : text; }
static bool is(const char *text, const char *word) { return text != NULL && strcmp(text, word) == 0; }
static const char *after(const char *text, const char *prefix) {
	return text != NULL && strncmp(text, prefix, strlen(prefix)) == 0 ? text + strlen(prefix) : NULL;
}

static void say(const char *what, const char *text) {
	char topic[128];
	snprintf(topic, sizeof topic, "logins/%s", what);
	mosquitto_broker_publish_copy(NULL, topic, (int)strlen(text), text, 1, false, NULL);
}

struct answer { char id[128]; int result; };

static void *answer_there(void *data) {
	struct answer *answer = data;
	mosquitto_complete_basic_auth(answer->id, answer->result);
	free(answer);
	return NULL;
}

/* On a thread that no callback runs on. */
static void answer_elsewhere(const char *id, int result) {
	struct answer *answer = calloc(1, sizeof *answer);
	pthread_t thread;
	snprintf(answer->id, sizeof answer->id, "%s", id);
	answer->result = result;
	if (pthread_create(&thread, NULL, answer_there, answer) == 0) pthread_join(thread, NULL);
}

static int on_basic_auth(int event, void *data, void *user_data) {
	struct mosquitto_evt_basic_auth *login = data;
	const char *name = login->username, *wanted;
	char odd[65537 + 1];
	(void)event, (void)user_data;
	if (name == NULL) return MOSQ_ERR_PLUGIN_DEFER;
	if (is(name, "me")) return MOSQ_ERR_SUCCESS;
	if ((wanted = after(name, "as:"))) return mosquitto_set_clientid(login->client, wanted);
	if ((wanted = after(name, "later-as:"))) {
		if (mosquitto_set_clientid(login->client, wanted) != MOSQ_ERR_SUCCESS) return MOSQ_ERR_UNKNOWN;
		say("asked", mosquitto_client_id(login->client));
		return AUTH_DELAYED;
	}
	if (is(name, "soon")) {
		mosquitto_complete_basic_auth(mosquitto_client_id(login->client), MOSQ_ERR_SUCCESS);
		return AUTH_DELAYED;
	}
	if (is(name, "elsewhere")) {
		answer_elsewhere(mosquitto_client_id(login->client), MOSQ_ERR_SUCCESS);
		return AUTH_DELAYED;
	}
	if (is(name, "odd")) {
		memset(odd, 'x', sizeof odd);
		odd[sizeof odd - 1] = '\0';
		if (mosquitto_set_clientid(login->client, "") != MOSQ_ERR_INVAL) return MOSQ_ERR_UNKNOWN;
		if (mosquitto_set_clientid(login->client, NULL) != MOSQ_ERR_INVAL) return MOSQ_ERR_UNKNOWN;
		if (mosquitto_set_clientid(NULL, "x") != MOSQ_ERR_INVAL) return MOSQ_ERR_UNKNOWN;
		if (mosquitto_set_clientid(login->client, "\xff") != MOSQ_ERR_INVAL) return MOSQ_ERR_UNKNOWN;
		if (mosquitto_set_clientid(login->client, odd) != MOSQ_ERR_INVAL) return MOSQ_ERR_UNKNOWN;
		return MOSQ_ERR_SUCCESS; /* by its own */
	}
	say("asked", mosquitto_client_id(login->client));
	return AUTH_DELAYED;
}

/* GIVE: lets everybody in by the client id in the first data; ASK: by the one in the second. */
static int on_ext_auth(int event, void *data, void *user_data) {
	struct mosquitto_evt_extended_auth *auth = data;
	char name[64];
	size_t size = auth->data_in_len < sizeof name - 1 ? auth->data_in_len : sizeof name - 1;
	(void)user_data;
	memcpy(name, auth->data_in == NULL ? "" : auth->data_in, size);
	name[size] = '\0';
	if (is(auth->auth_method, "ASK") && event == MOSQ_EVT_EXT_AUTH_START) {
		auth->data_out = mosquitto_strdup("name?");
		auth->data_out_len = 5;
		return MOSQ_ERR_AUTH_CONTINUE;
	}
	if (!is(auth->auth_method, "ASK") && !is(auth->auth_method, "GIVE")) return MOSQ_ERR_NOT_SUPPORTED;
	mosquitto_set_username(auth->client, "me");
	return mosquitto_set_clientid(auth->client, name);
}

/* Without a plugin that judges accesses, $CONTROL is closed. */
static int on_acl_check(int event, void *data, void *user_data) {
	(void)event, (void)data, (void)user_data;
	return MOSQ_ERR_SUCCESS;
}

static int on_control(int event, void *data, void *user_data) {
	struct mosquitto_evt_control *order = data;
	char text[256], word[32] = "", id[128] = "", line[64];
	int result = 0;
	size_t size = order->payloadlen < sizeof text - 1 ? order->payloadlen : sizeof text - 1;
	(void)event, (void)user_data;
	memcpy(text, order->payload == NULL ? "" : order->payload, size);
	text[size] = '\0';
	sscanf(text, "%31s %127s %d", word, id, &result);
	if (is(word, "answer")) mosquitto_complete_basic_auth(id, result);
	if (is(word, "elsewhere")) answer_elsewhere(id, result);
	if (is(word, "setid")) {
		snprintf(line, sizeof line, "%d", mosquitto_set_clientid(order->client, id));
		say("setid", line);
	}
	if (is(word, "mine")) say("mine", text_or(mosquitto_client_id(order->client)));
	if (is(word, "null")) mosquitto_complete_basic_auth(NULL, 0);
	return MOSQ_ERR_SUCCESS;
}

static int on_connect(int event, void *data, void *user_data) {
	struct mosquitto_evt_disconnect *came = data; /* it begins alike */
	char line[512], subject[128] = "-";
	X509 *certificate = mosquitto_client_certificate(came->client);
	X509 *again = mosquitto_client_certificate(came->client);
	(void)event, (void)user_data;
	if (certificate != NULL) X509_NAME_oneline(X509_get_subject_name(certificate), subject, sizeof subject);
	snprintf(line, sizeof line, "id=%s user=%s subject=%s known=%d new=%d", text_or(mosquitto_client_id(came->client)),
	         text_or(mosquitto_client_username(came->client)), subject, certificate == NULL || X509_cmp(certificate, again) == 0,
	         certificate == NULL || certificate != again);
	X509_free(certificate);
	X509_free(again);
	say("connect", line);
	return MOSQ_ERR_SUCCESS;
}

static int on_end(int event, void *data, void *user_data) {
	struct mosquitto_evt_disconnect *end = data;
	char line[256];
	(void)user_data;
	snprintf(line, sizeof line, "id=%s reason=%d", text_or(mosquitto_client_id(end->client)), end->reason);
	say(event == EVT_CLIENT_OFFLINE ? "offline" : "disconnect", line);
	return MOSQ_ERR_SUCCESS;
}

static void *make_noise(void *data) {
	const struct timespec pause = {0, 1000000};
	(void)data;
	while (!ends) {
		mosquitto_complete_basic_auth("nobody", MOSQ_ERR_SUCCESS);
		nanosleep(&pause, NULL);
	}
	return NULL;
}

int mosquitto_plugin_version(int count, const int *versions) {
	(void)count, (void)versions;
	return 5;
}

int mosquitto_plugin_init(mosquitto_plugin_id_t *identifier, void **user_data, struct mosquitto_opt *options, int count) {
	(void)user_data;
	self = identifier;
	if (count > 0 && is(options[0].key, "noise")) is_noisy = pthread_create(&noisy, NULL, make_noise, NULL) == 0;
	if (mosquitto_callback_register(self, MOSQ_EVT_BASIC_AUTH, on_basic_auth, NULL, NULL) != MOSQ_ERR_SUCCESS ||
	    mosquitto_callback_register(self, MOSQ_EVT_ACL_CHECK, on_acl_check, NULL, NULL) != MOSQ_ERR_SUCCESS ||
	    mosquitto_callback_register(self, MOSQ_EVT_EXT_AUTH_START, on_ext_auth, NULL, NULL) != MOSQ_ERR_SUCCESS ||
	    mosquitto_callback_register(self, MOSQ_EVT_EXT_AUTH_CONTINUE, on_ext_auth, NULL, NULL) != MOSQ_ERR_SUCCESS ||
	    mosquitto_callback_register(self, MOSQ_EVT_CONTROL, on_control, "$CONTROL/logins/v1", NULL) != MOSQ_ERR_SUCCESS ||
	    mosquitto_callback_register(self, EVT_CONNECT, on_connect, NULL, NULL) != MOSQ_ERR_SUCCESS ||
	    mosquitto_callback_register(self, MOSQ_EVT_DISCONNECT, on_end, NULL, NULL) != MOSQ_ERR_SUCCESS ||
	    mosquitto_callback_register(self, EVT_CLIENT_OFFLINE, on_end, NULL, NULL) != MOSQ_ERR_SUCCESS) {
		return MOSQ_ERR_UNKNOWN;
	}
	return MOSQ_ERR_SUCCESS;
}

int mosquitto_plugin_cleanup(void *user_data, struct mosquitto_opt *options, int count) {
	(void)user_data, (void)options, (void)count;
	ends = true;
	if (is_noisy) pthread_join(noisy, NULL);
	mosquitto_complete_basic_auth("waits", MOSQ_ERR_SUCCESS); /* too late */
	mosquitto_log_printf(MOSQ_LOG_INFO, "logins: goodbye");
	return MOSQ_ERR_SUCCESS;
}
