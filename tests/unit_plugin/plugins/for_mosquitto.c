/* Looks like a plugin for Mosquitto. */
int mosquitto_plugin_version(int count, const int *versions);
int mosquitto_plugin_version(int count, const int *versions) { return count > 0 ? versions[0] : 0; }
