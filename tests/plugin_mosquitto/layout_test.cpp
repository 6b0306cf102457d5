// Whether what we give to plugins lies in memory as Debian's headers say, to which plugins are built.
#include "plugin/mosquitto/abi.hpp"

#include <gtest/gtest.h>

#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <mosquitto_plugin.h>

#include <cstddef>
#include <type_traits>

namespace ours = tombo::plugin::mosquitto;

#define SAME_SIZE(mine, theirs) static_assert(sizeof(ours::mine) == sizeof(theirs) && alignof(ours::mine) == alignof(theirs))
#define SAME_FIELD(mine, theirs, field)                                              \
  static_assert(offsetof(ours::mine, field) == offsetof(theirs, field) &&            \
                sizeof(std::declval<ours::mine&>().field) == sizeof(std::declval<theirs&>().field))

SAME_SIZE(Option, mosquitto_opt);
SAME_FIELD(Option, mosquitto_opt, key);
SAME_FIELD(Option, mosquitto_opt, value);

SAME_SIZE(AclMessage, mosquitto_acl_msg);
SAME_FIELD(AclMessage, mosquitto_acl_msg, topic);
SAME_FIELD(AclMessage, mosquitto_acl_msg, payload);
SAME_FIELD(AclMessage, mosquitto_acl_msg, payloadlen);
SAME_FIELD(AclMessage, mosquitto_acl_msg, qos);
SAME_FIELD(AclMessage, mosquitto_acl_msg, retain);

SAME_SIZE(EvtReload, mosquitto_evt_reload);
SAME_FIELD(EvtReload, mosquitto_evt_reload, options);
SAME_FIELD(EvtReload, mosquitto_evt_reload, option_count);

SAME_SIZE(EvtAclCheck, mosquitto_evt_acl_check);
SAME_FIELD(EvtAclCheck, mosquitto_evt_acl_check, client);
SAME_FIELD(EvtAclCheck, mosquitto_evt_acl_check, topic);
SAME_FIELD(EvtAclCheck, mosquitto_evt_acl_check, payload);
SAME_FIELD(EvtAclCheck, mosquitto_evt_acl_check, properties);
SAME_FIELD(EvtAclCheck, mosquitto_evt_acl_check, access);
SAME_FIELD(EvtAclCheck, mosquitto_evt_acl_check, payloadlen);
SAME_FIELD(EvtAclCheck, mosquitto_evt_acl_check, qos);
SAME_FIELD(EvtAclCheck, mosquitto_evt_acl_check, retain);

SAME_SIZE(EvtBasicAuth, mosquitto_evt_basic_auth);
SAME_FIELD(EvtBasicAuth, mosquitto_evt_basic_auth, client);
SAME_FIELD(EvtBasicAuth, mosquitto_evt_basic_auth, username);
SAME_FIELD(EvtBasicAuth, mosquitto_evt_basic_auth, password);
SAME_FIELD(EvtBasicAuth, mosquitto_evt_basic_auth, future2);
static_assert(offsetof(ours::EvtBasicAuth, more) == offsetof(mosquitto_evt_basic_auth, future2));

SAME_SIZE(EvtPskKey, mosquitto_evt_psk_key);
SAME_FIELD(EvtPskKey, mosquitto_evt_psk_key, hint);
SAME_FIELD(EvtPskKey, mosquitto_evt_psk_key, identity);
SAME_FIELD(EvtPskKey, mosquitto_evt_psk_key, key);
SAME_FIELD(EvtPskKey, mosquitto_evt_psk_key, max_key_len);

SAME_SIZE(EvtExtendedAuth, mosquitto_evt_extended_auth);
SAME_FIELD(EvtExtendedAuth, mosquitto_evt_extended_auth, client);
SAME_FIELD(EvtExtendedAuth, mosquitto_evt_extended_auth, data_in);
SAME_FIELD(EvtExtendedAuth, mosquitto_evt_extended_auth, data_out);
SAME_FIELD(EvtExtendedAuth, mosquitto_evt_extended_auth, data_in_len);
SAME_FIELD(EvtExtendedAuth, mosquitto_evt_extended_auth, data_out_len);
SAME_FIELD(EvtExtendedAuth, mosquitto_evt_extended_auth, auth_method);

SAME_SIZE(EvtControl, mosquitto_evt_control);
SAME_FIELD(EvtControl, mosquitto_evt_control, client);
SAME_FIELD(EvtControl, mosquitto_evt_control, topic);
SAME_FIELD(EvtControl, mosquitto_evt_control, payload);
SAME_FIELD(EvtControl, mosquitto_evt_control, properties);
SAME_FIELD(EvtControl, mosquitto_evt_control, reason_string);
SAME_FIELD(EvtControl, mosquitto_evt_control, payloadlen);
SAME_FIELD(EvtControl, mosquitto_evt_control, qos);
SAME_FIELD(EvtControl, mosquitto_evt_control, reason_code);
SAME_FIELD(EvtControl, mosquitto_evt_control, retain);

SAME_SIZE(EvtMessage, mosquitto_evt_message);
SAME_FIELD(EvtMessage, mosquitto_evt_message, client);
SAME_FIELD(EvtMessage, mosquitto_evt_message, topic);
SAME_FIELD(EvtMessage, mosquitto_evt_message, payload);
SAME_FIELD(EvtMessage, mosquitto_evt_message, properties);
SAME_FIELD(EvtMessage, mosquitto_evt_message, reason_string);
SAME_FIELD(EvtMessage, mosquitto_evt_message, payloadlen);
SAME_FIELD(EvtMessage, mosquitto_evt_message, qos);
SAME_FIELD(EvtMessage, mosquitto_evt_message, reason_code);
SAME_FIELD(EvtMessage, mosquitto_evt_message, retain);

SAME_SIZE(EvtTick, mosquitto_evt_tick);
SAME_FIELD(EvtTick, mosquitto_evt_tick, now_ns);
SAME_FIELD(EvtTick, mosquitto_evt_tick, next_ns);
SAME_FIELD(EvtTick, mosquitto_evt_tick, now_s);
SAME_FIELD(EvtTick, mosquitto_evt_tick, next_s);

SAME_SIZE(EvtDisconnect, mosquitto_evt_disconnect);
SAME_FIELD(EvtDisconnect, mosquitto_evt_disconnect, client);
SAME_FIELD(EvtDisconnect, mosquitto_evt_disconnect, reason);

// What 2.1 added, as it is tabled: on this machine's 64 bits.
static_assert(sizeof(ours::EvtConnect) == 48);
static_assert(sizeof(ours::Subscription) == 24 + 8 + 64 && offsetof(ours::Subscription, identifier) == 24 &&
              offsetof(ours::Subscription, options) == 28 && offsetof(ours::Subscription, future2) == 32);
static_assert(offsetof(ours::EvtSubscription, data) == 16 && sizeof(ours::EvtSubscription) == 16 + sizeof(ours::Subscription) + 64);

static_assert(std::is_same_v<decltype(&mosquitto_plugin_version), ours::PluginVersion>);
static_assert(std::is_same_v<decltype(&mosquitto_auth_plugin_version), ours::AuthVersion>);
static_assert(std::is_same_v<MOSQ_FUNC_generic_callback, ours::Callback>);

TEST(MosquittoLayout, NumbersAreTheHeaders) {
  EXPECT_EQ(int{ours::kReload}, MOSQ_EVT_RELOAD);
  EXPECT_EQ(int{ours::kAclCheck}, MOSQ_EVT_ACL_CHECK);
  EXPECT_EQ(int{ours::kBasicAuth}, MOSQ_EVT_BASIC_AUTH);
  EXPECT_EQ(int{ours::kExtAuthStart}, MOSQ_EVT_EXT_AUTH_START);
  EXPECT_EQ(int{ours::kExtAuthContinue}, MOSQ_EVT_EXT_AUTH_CONTINUE);
  EXPECT_EQ(int{ours::kControl}, MOSQ_EVT_CONTROL);
  EXPECT_EQ(int{ours::kMessageIn}, MOSQ_EVT_MESSAGE);
  EXPECT_EQ(int{ours::kPskKey}, MOSQ_EVT_PSK_KEY);
  EXPECT_EQ(int{ours::kTick}, MOSQ_EVT_TICK);
  EXPECT_EQ(int{ours::kDisconnect}, MOSQ_EVT_DISCONNECT);
  EXPECT_EQ(int{ours::kRead}, MOSQ_ACL_READ);
  EXPECT_EQ(int{ours::kWrite}, MOSQ_ACL_WRITE);
  EXPECT_EQ(int{ours::kSubscribeTo}, MOSQ_ACL_SUBSCRIBE);
  EXPECT_EQ(int{ours::kUnsubscribeFrom}, MOSQ_ACL_UNSUBSCRIBE);
  EXPECT_EQ(int{ours::kAuthContinue}, MOSQ_ERR_AUTH_CONTINUE);
  EXPECT_EQ(int{ours::kNoMemory}, MOSQ_ERR_NOMEM);
  EXPECT_EQ(int{ours::kProtocol}, MOSQ_ERR_PROTOCOL);
  EXPECT_EQ(int{ours::kInvalid}, MOSQ_ERR_INVAL);
  EXPECT_EQ(int{ours::kNotFound}, MOSQ_ERR_NOT_FOUND);
  EXPECT_EQ(int{ours::kPayloadSize}, MOSQ_ERR_PAYLOAD_SIZE);
  EXPECT_EQ(int{ours::kNotSupported}, MOSQ_ERR_NOT_SUPPORTED);
  EXPECT_EQ(int{ours::kAuth}, MOSQ_ERR_AUTH);
  EXPECT_EQ(int{ours::kAclDenied}, MOSQ_ERR_ACL_DENIED);
  EXPECT_EQ(int{ours::kUnknown}, MOSQ_ERR_UNKNOWN);
  EXPECT_EQ(int{ours::kErrno}, MOSQ_ERR_ERRNO);
  EXPECT_EQ(int{ours::kPluginDefer}, MOSQ_ERR_PLUGIN_DEFER);
  EXPECT_EQ(int{ours::kMalformedUtf8}, MOSQ_ERR_MALFORMED_UTF8);
  EXPECT_EQ(int{ours::kMalformedPacket}, MOSQ_ERR_MALFORMED_PACKET);
  EXPECT_EQ(int{ours::kDuplicateProperty}, MOSQ_ERR_DUPLICATE_PROPERTY);
  EXPECT_EQ(int{ours::kAlreadyExists}, MOSQ_ERR_ALREADY_EXISTS);
  EXPECT_EQ(unsigned{ours::kLogError}, unsigned{MOSQ_LOG_ERR});
  EXPECT_EQ(unsigned{ours::kLogWarning}, unsigned{MOSQ_LOG_WARNING});
}
