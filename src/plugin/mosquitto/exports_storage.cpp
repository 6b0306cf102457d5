// What a plugin would need to keep sessions and messages in the broker's place, and what a broker calls within itself.
// tombo keeps them itself ([persistence]) and asks no plugin, so no plugin may change them: each of these is answered with
// kNotSupported, so that a plugin that imports them for something else loads.
#include "plugin/mosquitto/exports.hpp"

using namespace tombo::plugin::mosquitto;

#define TOMBO_NOT_SUPPORTED(name) \
  TOMBO_FOR_MOSQUITTO int name() { return kNotSupported; }

TOMBO_NOT_SUPPORTED(mosquitto_broker_node_id_set)
TOMBO_NOT_SUPPORTED(mosquitto_persist_client_add)
TOMBO_NOT_SUPPORTED(mosquitto_persist_client_update)
TOMBO_NOT_SUPPORTED(mosquitto_persist_client_delete)
TOMBO_NOT_SUPPORTED(mosquitto_persist_client_msg_add)
TOMBO_NOT_SUPPORTED(mosquitto_persist_client_msg_delete)
TOMBO_NOT_SUPPORTED(mosquitto_persist_client_msg_update)
TOMBO_NOT_SUPPORTED(mosquitto_persist_client_msg_clear)
TOMBO_NOT_SUPPORTED(mosquitto_persist_base_msg_add)
TOMBO_NOT_SUPPORTED(mosquitto_persist_base_msg_delete)
TOMBO_NOT_SUPPORTED(mosquitto_subscription_add)
TOMBO_NOT_SUPPORTED(mosquitto_subscription_delete)
TOMBO_NOT_SUPPORTED(mosquitto_persist_retain_msg_set)
TOMBO_NOT_SUPPORTED(mosquitto_persist_retain_msg_delete)
TOMBO_NOT_SUPPORTED(mosquitto_client_will_set)

/// There is no folder for others.
TOMBO_FOR_MOSQUITTO const char* mosquitto_persistence_location() { return nullptr; }

// No header declares these: they are Debian's broker's own, and exported there by the way.
TOMBO_NOT_SUPPORTED(mosquitto_acl_check)
TOMBO_NOT_SUPPORTED(mosquitto_unpwd_check)
TOMBO_NOT_SUPPORTED(mosquitto_psk_key_get)
TOMBO_NOT_SUPPORTED(mosquitto_psk_key_get_default)
TOMBO_NOT_SUPPORTED(mosquitto_security_apply)
TOMBO_NOT_SUPPORTED(mosquitto_security_apply_default)
TOMBO_NOT_SUPPORTED(mosquitto_security_auth_continue)
TOMBO_NOT_SUPPORTED(mosquitto_security_auth_start)
TOMBO_NOT_SUPPORTED(mosquitto_security_cleanup)
TOMBO_NOT_SUPPORTED(mosquitto_security_cleanup_default)
TOMBO_NOT_SUPPORTED(mosquitto_security_init)
TOMBO_NOT_SUPPORTED(mosquitto_security_init_default)
TOMBO_NOT_SUPPORTED(mosquitto_security_module_cleanup)
TOMBO_NOT_SUPPORTED(mosquitto_security_module_init)
TOMBO_NOT_SUPPORTED(mosquitto_main_loop)

#undef TOMBO_NOT_SUPPORTED

namespace tombo::plugin::mosquitto {
void link_storage_functions() {}
}  // namespace tombo::plugin::mosquitto
