#pragma once

#include <cstdint>
#include <ctime>

// What plugins of Mosquitto's interface and the broker tell each other, as it lies in memory.  Declared anew here from what
// is known of the layout; tests/plugin_mosquitto compares it with Debian's headers.

/// A client as such a plugin knows it: a name for it, to be asked about by functions.  client_record.hpp.
struct mosquitto;
/// One property of MQTT 5.0 in a list.  properties.hpp.
struct mqtt5__property;
/// By which a plugin says who it is.  module.hpp.
struct mosquitto_plugin_id_t;

namespace tombo::plugin::mosquitto {

/// The versions that a plugin may have, newest first.
inline constexpr int kVersions[] = {5, 4, 3, 2};

/// What functions return on both sides.
enum Error : int {
  kAuthDelayed = -5,
  kAuthContinue = -4,
  kSuccess = 0,
  kNoMemory = 1,
  kProtocol = 2,
  kInvalid = 3,
  kNotFound = 6,
  kPayloadSize = 9,
  kNotSupported = 10,
  kAuth = 11,
  kAclDenied = 12,
  kUnknown = 13,
  kErrno = 14,
  kPluginDefer = 17,
  kMalformedUtf8 = 18,
  kMalformedPacket = 21,
  kDuplicateProperty = 22,
  kAlreadyExists = 31,
  kPluginIgnore = 32,
};

enum Event : int {
  kReload = 1,
  kAclCheck = 2,
  kBasicAuth = 3,
  kExtAuthStart = 4,
  kExtAuthContinue = 5,
  kControl = 6,
  kMessageIn = 7,
  kPskKey = 8,
  kTick = 9,
  kDisconnect = 10,
  kConnect = 11,
  kSubscribe = 12,
  kUnsubscribe = 13,
  kPersistFirst = 14,
  kPersistLast = 26,
  kMessageOut = 27,
  kClientOffline = 28,
  kPersistWillAdd = 29,
  kPersistWillDelete = 30,
  kEventEnd = 31,
};

enum LogLevel : unsigned { kLogInfo = 1, kLogNotice = 2, kLogWarning = 4, kLogError = 8, kLogDebug = 16 };

enum Access : int { kRead = 1, kWrite = 2, kSubscribeTo = 4, kUnsubscribeFrom = 8 };

struct Option {
  char* key;
  char* value;
};

struct EvtReload {
  void* future;
  Option* options;
  int option_count;
  void* future2[4];
};

struct EvtAclCheck {
  void* future;
  ::mosquitto* client;
  const char* topic;
  const void* payload;
  ::mqtt5__property* properties;
  int access;
  std::uint32_t payloadlen;
  std::uint8_t qos;
  bool retain;
  void* future2[4];
};

struct EvtBasicAuthSince21 {
  std::uint16_t password_len;
};
struct EvtBasicAuth {
  void* future;
  ::mosquitto* client;
  char* username;
  char* password;
  union {
    void* future2[4];
    EvtBasicAuthSince21 more;
  };
};

struct EvtPskKey {
  void* future;
  ::mosquitto* client;
  const char* hint;
  const char* identity;
  char* key;
  int max_key_len;
  void* future2[4];
};

struct EvtExtendedAuth {
  void* future;
  ::mosquitto* client;
  const void* data_in;
  void* data_out;
  std::uint16_t data_in_len;
  std::uint16_t data_out_len;
  const char* auth_method;
  void* future2[3];
};

/// 2.1 names a byte of padding where 2.0 leaves it to the compiler.
struct EvtControl {
  void* future;
  ::mosquitto* client;
  const char* topic;
  const void* payload;
  const ::mqtt5__property* properties;
  char* reason_string;
  std::uint32_t payloadlen;
  std::uint8_t qos;
  std::uint8_t reason_code;
  bool retain;
  std::uint8_t padding;
  void* future2[4];
};

struct EvtMessage {
  void* future;
  ::mosquitto* client;
  char* topic;
  void* payload;
  ::mqtt5__property* properties;
  char* reason_string;
  std::uint32_t payloadlen;
  std::uint8_t qos;
  std::uint8_t reason_code;
  bool retain;
  std::uint8_t padding;
  void* future2[4];
};

struct EvtTick {
  void* future;
  long now_ns;
  long next_ns;  // milliseconds since 2.1
  std::time_t now_s;
  std::time_t next_s;
  void* future2[4];
};

struct EvtConnect {
  void* future;
  ::mosquitto* client;
  void* future2[4];
};

/// DISCONNECT and CLIENT_OFFLINE.
struct EvtDisconnect {
  void* future;
  ::mosquitto* client;
  int reason;
  void* future2[4];
};

struct Subscription {
  char* client_id;
  char* topic_filter;
  ::mqtt5__property* properties;
  std::uint32_t identifier;
  std::uint8_t options;
  std::uint8_t padding[3];
  void* future2[8];
};

/// SUBSCRIBE and UNSUBSCRIBE.
struct EvtSubscription {
  void* future;
  ::mosquitto* client;
  Subscription data;
  void* future2[8];
};

/// What versions 3 and 4 are told of a message.
struct AclMessage {
  const char* topic;
  const void* payload;
  long payloadlen;
  int qos;
  bool retain;
};

using Callback = int (*)(int event, void* data, void* user_data);

// What a plugin exports.

using PluginVersion = int (*)(int count, const int* versions);
using PluginInit = int (*)(::mosquitto_plugin_id_t*, void** user_data, Option*, int count);
using PluginCleanup = int (*)(void* user_data, Option*, int count);

using AuthVersion = int (*)();
using AuthInit = int (*)(void** user_data, Option*, int count);
using AuthCleanup = int (*)(void* user_data, Option*, int count);
using SecurityInit = int (*)(void* user_data, Option*, int count, bool reload);
using AclCheck2 = int (*)(void* user_data, const char* client_id, const char* user_name, const char* topic, int access);
using AclCheck = int (*)(void* user_data, int access, ::mosquitto*, const AclMessage*);
using UnpwdCheck2 = int (*)(void* user_data, const char* user_name, const char* password);
using UnpwdCheck = int (*)(void* user_data, ::mosquitto*, const char* user_name, const char* password);
using PskKeyGet2 = int (*)(void* user_data, const char* hint, const char* identity, char* key, int max_key_len);
using PskKeyGet = int (*)(void* user_data, ::mosquitto*, const char* hint, const char* identity, char* key,
                          int max_key_len);
using AuthStart = int (*)(void* user_data, ::mosquitto*, const char* method, bool reauth, const void* in,
                          std::uint16_t in_len, void** out, std::uint16_t* out_len);
using AuthContinue = int (*)(void* user_data, ::mosquitto*, const char* method, const void* in, std::uint16_t in_len,
                             void** out, std::uint16_t* out_len);

}  // namespace tombo::plugin::mosquitto
