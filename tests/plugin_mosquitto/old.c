/* A plugin of version VERSION: 4, 3 or 2.  Debian's header declares those of 4; the older ones had the same names and other
 * arguments. */
#include <mosquitto.h>
#include <mosquitto_broker.h>
#if VERSION == 4
#include <mosquitto_plugin.h>
#else
struct mosquitto_opt { char *key; char *value; };
struct mosquitto_acl_msg { const char *topic; const void *payload; long payloadlen; int qos; bool retain; };
#endif

#include <stdio.h>
#include <string.h>

static int generation;

static bool has(const char *text, const char *word) { return text != NULL && strstr(text, word) != NULL; }

static int judge(const char *id, const char *user, const char *topic, int access) {
	if (has(topic, "no-read") && access == 1) return MOSQ_ERR_ACL_DENIED;
	if (has(topic, "no-write") && access == 2) return MOSQ_ERR_ACL_DENIED;
	if (has(topic, "no-subscribe") && access == 4) return MOSQ_ERR_ACL_DENIED;
	if (has(topic, "only-alice") && (user == NULL || strcmp(user, "alice") != 0)) return MOSQ_ERR_ACL_DENIED;
	if (has(topic, "only-one") && (id == NULL || strcmp(id, "one") != 0)) return MOSQ_ERR_ACL_DENIED;
	return has(topic, "defer") ? MOSQ_ERR_PLUGIN_DEFER : MOSQ_ERR_SUCCESS;
}

static int log_in(const char *user, const char *password) {
	if (user != NULL && strcmp(user, "unknown") == 0) return MOSQ_ERR_PLUGIN_DEFER;
	return user != NULL && password != NULL && strcmp(password, "pw") == 0 ? MOSQ_ERR_SUCCESS : MOSQ_ERR_AUTH;
}

int mosquitto_auth_plugin_version(void) { return VERSION; }

int mosquitto_auth_plugin_init(void **user_data, struct mosquitto_opt *options, int count) {
	*user_data = &generation;
	mosquitto_log_printf(MOSQ_LOG_INFO, "old %d begins with %d options: %s", VERSION, count, count > 0 ? options[0].value : "-");
	return 0;
}

int mosquitto_auth_plugin_cleanup(void *user_data, struct mosquitto_opt *options, int count) {
	(void)options, (void)count;
	mosquitto_log_printf(MOSQ_LOG_INFO, "old %d ends %s", VERSION, user_data == &generation ? "well" : "badly");
	return 0;
}

int mosquitto_auth_security_init(void *user_data, struct mosquitto_opt *options, int count, bool reload) {
	(void)user_data, (void)options, (void)count;
	mosquitto_log_printf(MOSQ_LOG_INFO, "old security begins reload=%d generation=%d", (int)reload, ++generation);
	return 0;
}

int mosquitto_auth_security_cleanup(void *user_data, struct mosquitto_opt *options, int count, bool reload) {
	(void)user_data, (void)options, (void)count;
	mosquitto_log_printf(MOSQ_LOG_INFO, "old security ends reload=%d", (int)reload);
	return 0;
}

#if VERSION == 2
int mosquitto_auth_acl_check(void *user_data, const char *clientid, const char *username, const char *topic, int access) {
	return user_data == &generation ? judge(clientid, username, topic, access) : MOSQ_ERR_UNKNOWN;
}
int mosquitto_auth_unpwd_check(void *user_data, const char *username, const char *password) {
	return user_data == &generation ? log_in(username, password) : MOSQ_ERR_UNKNOWN;
}
int mosquitto_auth_psk_key_get(void *user_data, const char *hint, const char *identity, char *key, int max_key_len) {
	(void)user_data, (void)hint;
	return snprintf(key, (size_t)max_key_len, "%s", identity != NULL ? "1234" : "") < 0;
}
#else
#if VERSION == 3
#define CLIENT const struct mosquitto
#else
#define CLIENT struct mosquitto
#endif
int mosquitto_auth_acl_check(void *user_data, int access, CLIENT *client, const struct mosquitto_acl_msg *msg) {
	if (user_data != &generation) return MOSQ_ERR_UNKNOWN;
	if (access == 2 && has(msg->topic, "by-payload") && msg->payloadlen == 5 && memcmp(msg->payload, "never", 5) == 0) return MOSQ_ERR_ACL_DENIED;
	return judge(mosquitto_client_id(client), mosquitto_client_username(client), msg->topic, access);
}
int mosquitto_auth_unpwd_check(void *user_data, CLIENT *client, const char *username, const char *password) {
	return user_data == &generation && mosquitto_client_id(client) != NULL ? log_in(username, password) : MOSQ_ERR_UNKNOWN;
}
#endif

#if VERSION == 4
int mosquitto_auth_start(void *user_data, struct mosquitto *client, const char *method, bool reauth, const void *data_in,
                         uint16_t data_in_len, void **data_out, uint16_t *data_out_len) {
	(void)user_data, (void)client, (void)reauth, (void)data_out, (void)data_out_len;
	if (strcmp(method, "WORD") != 0) return MOSQ_ERR_NOT_SUPPORTED;
	return data_in_len == 4 && memcmp(data_in, "open", 4) == 0 ? MOSQ_ERR_SUCCESS : MOSQ_ERR_AUTH_CONTINUE;
}
int mosquitto_auth_continue(void *user_data, struct mosquitto *client, const char *method, const void *data_in, uint16_t data_in_len,
                            void **data_out, uint16_t *data_out_len) {
	(void)user_data, (void)client, (void)method, (void)data_out, (void)data_out_len;
	return data_in_len == 6 && memcmp(data_in, "sesame", 6) == 0 ? MOSQ_ERR_SUCCESS : MOSQ_ERR_AUTH;
}
#endif
