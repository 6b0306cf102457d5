/* A plugin of version 5 that answers every question about rights with ANSWER. */
#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <mosquitto_plugin.h>

static int on_acl_check(int event, void *data, void *user_data) {
	(void)event, (void)data, (void)user_data;
	return ANSWER;
}

int mosquitto_plugin_version(int count, const int *versions) { return count > 0 ? versions[0] : -1; }

int mosquitto_plugin_init(mosquitto_plugin_id_t *identifier, void **user_data, struct mosquitto_opt *options, int count) {
	(void)user_data, (void)options, (void)count;
	return mosquitto_callback_register(identifier, MOSQ_EVT_ACL_CHECK, on_acl_check, NULL, NULL);
}

int mosquitto_plugin_cleanup(void *user_data, struct mosquitto_opt *options, int count) {
	(void)user_data, (void)options, (void)count;
	return 0;
}
