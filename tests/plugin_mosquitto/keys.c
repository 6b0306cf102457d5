/* A plugin of version VERSION (5, 4, 3 or 2) that gives keys for TLS-PSK by identity, and nothing else; those before 5 must
 * have the rest, and have no opinion there.  For the identity "slow" it waits until the file that its option `gate` names is
 * there; for each question it appends a line to the file of its option `asked`. */
#include <mosquitto.h>
#include <mosquitto_broker.h>
#if VERSION >= 4
#include <mosquitto_plugin.h>
#else
struct mosquitto_opt { char *key; char *value; };
struct mosquitto_acl_msg { const char *topic; const void *payload; long payloadlen; int qos; bool retain; };
#endif

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char gate[512], asked[512];

static void take_options(const struct mosquitto_opt *options, int count) {
	for (int i = 0; i < count; ++i) {
		if (strcmp(options[i].key, "gate") == 0) snprintf(gate, sizeof gate, "%s", options[i].value);
		if (strcmp(options[i].key, "asked") == 0) snprintf(asked, sizeof asked, "%s", options[i].value);
	}
}

static void write_down(const char *who, const char *hint, const char *identity, int max_key_len) {
	FILE *file = fopen(asked, "a");
	if (file == NULL) return;
	fprintf(file, "%s from=%s hint=%s max=%d\n", identity, who != NULL ? who : "-", hint, max_key_len);
	fclose(file);
}

static int give(const char *who, const char *hint, const char *identity, char *key, int max_key_len) {
	if (identity == NULL || hint == NULL || key == NULL) return MOSQ_ERR_INVAL;
	write_down(who, hint, identity, max_key_len);
	const size_t room = (size_t)max_key_len;
	if (strcmp(identity, "slow") == 0) {
		for (int i = 0; i < 12000 && access(gate, F_OK) != 0; ++i) usleep(10000);
	}
	if (strcmp(identity, "plugin-1") == 0 || strcmp(identity, "slow") == 0 || strcmp(identity, "both") == 0) {
		strncpy(key, "A0a1a2a3a4a5a6a7a8a9aaabacadaeaf", room);
		return MOSQ_ERR_SUCCESS;
	}
	if (strcmp(identity, "odd-hex") == 0) {
		strncpy(key, "a0a", room);
		return MOSQ_ERR_SUCCESS;
	}
	if (strcmp(identity, "no-hex") == 0) {
		strncpy(key, "wonderful", room);
		return MOSQ_ERR_SUCCESS;
	}
	if (strcmp(identity, "full") == 0) {
		memset(key, 'f', room);
		return MOSQ_ERR_SUCCESS;
	}
	if (strcmp(identity, "empty") == 0) return MOSQ_ERR_SUCCESS;
	return strcmp(identity, "forbidden") == 0 ? MOSQ_ERR_AUTH : MOSQ_ERR_PLUGIN_DEFER;
}

#if VERSION == 5
static int on_psk_key(int event, void *data, void *user_data) {
	struct mosquitto_evt_psk_key *wanted = data;
	if (event != MOSQ_EVT_PSK_KEY || user_data != gate || mosquitto_client_id(wanted->client) != NULL) return MOSQ_ERR_INVAL;
	return give(mosquitto_client_address(wanted->client), wanted->hint, wanted->identity, wanted->key, wanted->max_key_len);
}
int mosquitto_plugin_version(int count, const int *versions) {
	for (int i = 0; i < count; ++i) {
		if (versions[i] == 5) return 5;
	}
	return -1;
}
int mosquitto_plugin_init(mosquitto_plugin_id_t *id, void **user_data, struct mosquitto_opt *options, int count) {
	*user_data = NULL;
	take_options(options, count);
	return mosquitto_callback_register(id, MOSQ_EVT_PSK_KEY, on_psk_key, NULL, gate);
}
int mosquitto_plugin_cleanup(void *user_data, struct mosquitto_opt *options, int count) {
	(void)user_data, (void)options, (void)count;
	return 0;
}
#else
int mosquitto_auth_plugin_version(void) { return VERSION; }
int mosquitto_auth_plugin_init(void **user_data, struct mosquitto_opt *options, int count) {
	*user_data = gate;
	take_options(options, count);
	return 0;
}
int mosquitto_auth_plugin_cleanup(void *user_data, struct mosquitto_opt *options, int count) {
	(void)user_data, (void)options, (void)count;
	return 0;
}
int mosquitto_auth_security_init(void *user_data, struct mosquitto_opt *options, int count, bool reload) {
	(void)user_data, (void)options, (void)count, (void)reload;
	return 0;
}
int mosquitto_auth_security_cleanup(void *user_data, struct mosquitto_opt *options, int count, bool reload) {
	(void)user_data, (void)options, (void)count, (void)reload;
	return 0;
}
#if VERSION == 2
int mosquitto_auth_acl_check(void *user_data, const char *clientid, const char *username, const char *topic, int access) {
	(void)user_data, (void)clientid, (void)username, (void)topic, (void)access;
	return MOSQ_ERR_SUCCESS;
}
int mosquitto_auth_unpwd_check(void *user_data, const char *username, const char *password) {
	(void)user_data, (void)username, (void)password;
	return MOSQ_ERR_PLUGIN_DEFER;
}
int mosquitto_auth_psk_key_get(void *user_data, const char *hint, const char *identity, char *key, int max_key_len) {
	return user_data == gate ? give(NULL, hint, identity, key, max_key_len) : MOSQ_ERR_INVAL;
}
#else
#if VERSION == 3
#define CLIENT const struct mosquitto
#else
#define CLIENT struct mosquitto
#endif
int mosquitto_auth_acl_check(void *user_data, int access, CLIENT *client, const struct mosquitto_acl_msg *msg) {
	(void)user_data, (void)access, (void)client, (void)msg;
	return MOSQ_ERR_SUCCESS;
}
int mosquitto_auth_unpwd_check(void *user_data, CLIENT *client, const char *username, const char *password) {
	(void)user_data, (void)client, (void)username, (void)password;
	return MOSQ_ERR_PLUGIN_DEFER;
}
int mosquitto_auth_psk_key_get(void *user_data, CLIENT *client, const char *hint, const char *identity, char *key, int max_key_len) {
	return user_data == gate ? give(mosquitto_client_address(client), hint, identity, key, max_key_len) : MOSQ_ERR_INVAL;
}
#endif
#endif
