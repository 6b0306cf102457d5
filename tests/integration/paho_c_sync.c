/* Paho C's synchronous client against the broker: connect, QoS 0 to 2, retained, a kept session; 3.1.1 or 5.0.
 * usage: paho_c_sync URI VERSION(4|5)    exits with 0 when every step held, else names the step. */
#include <MQTTClient.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int version;
static char prefix[64];

static void fail(const char* step, int code) {
  printf("FAILED: %s (%d)\n", step, code);
  exit(1);
}

static const char* topic(const char* leaf) {
  static char name[128];
  snprintf(name, sizeof name, "%s/%s", prefix, leaf);
  return name;
}

static MQTTClient make(const char* uri, const char* id) {
  MQTTClient client = NULL;
  MQTTClient_createOptions options = MQTTClient_createOptions_initializer;
  options.MQTTVersion = version;
  int rc = MQTTClient_createWithOptions(&client, uri, id, MQTTCLIENT_PERSISTENCE_NONE, NULL, &options);
  if (rc != MQTTCLIENT_SUCCESS) fail("create", rc);
  return client;
}

/* Gives whether the broker had a session for us. */
static int connect_client(MQTTClient client, int clean) {
  int rc = 0;
  int present = 0;
  if (version == MQTTVERSION_5) {
    MQTTClient_connectOptions options = MQTTClient_connectOptions_initializer5;
    options.cleanstart = clean;
    options.MQTTVersion = MQTTVERSION_5;
    MQTTProperties properties = MQTTProperties_initializer;
    MQTTProperty expiry = {.identifier = MQTTPROPERTY_CODE_SESSION_EXPIRY_INTERVAL, .value = {.integer4 = 600}};
    MQTTProperties_add(&properties, &expiry);
    MQTTResponse response = MQTTClient_connect5(client, &options, &properties, NULL);
    rc = (int)response.reasonCode;
    present = options.returned.sessionPresent;
    MQTTResponse_free(response);
    MQTTProperties_free(&properties);
  } else {
    MQTTClient_connectOptions options = MQTTClient_connectOptions_initializer;
    options.cleansession = clean;
    options.MQTTVersion = version;
    rc = MQTTClient_connect(client, &options);
    present = options.returned.sessionPresent;
  }
  if (rc != MQTTCLIENT_SUCCESS) fail("connect", rc);
  return present;
}

static void subscribe(MQTTClient client, const char* filter, int qos) {
  int rc = 0;
  if (version == MQTTVERSION_5) {
    MQTTResponse response = MQTTClient_subscribe5(client, filter, qos, NULL, NULL);
    rc = (int)response.reasonCode;
    MQTTResponse_free(response);
    if (rc != qos) fail("subscribe", rc);
  } else {
    rc = MQTTClient_subscribe(client, filter, qos);
    if (rc != MQTTCLIENT_SUCCESS) fail("subscribe", rc);
  }
}

static void publish(MQTTClient client, const char* name, const char* payload, int qos, int retained) {
  MQTTClient_deliveryToken token = 0;
  int rc = 0;
  if (version == MQTTVERSION_5) {
    MQTTResponse response =
        MQTTClient_publish5(client, name, (int)strlen(payload), payload, qos, retained, NULL, &token);
    rc = (int)response.reasonCode;
    MQTTResponse_free(response);
  } else {
    rc = MQTTClient_publish(client, name, (int)strlen(payload), payload, qos, retained, &token);
  }
  if (rc != MQTTCLIENT_SUCCESS) fail("publish", rc);
  if (qos > 0) {
    rc = MQTTClient_waitForCompletion(client, token, 20000UL);
    if (rc != MQTTCLIENT_SUCCESS) fail("complete the exchange", rc);
  }
}

static void expect(MQTTClient client, const char* payload, int qos, int retained) {
  char* name = NULL;
  int length = 0;
  MQTTClient_message* message = NULL;
  int rc = MQTTClient_receive(client, &name, &length, &message, 20000UL);
  if ((rc != MQTTCLIENT_SUCCESS && rc != MQTTCLIENT_TOPICNAME_TRUNCATED) || message == NULL) fail(payload, rc);
  if ((size_t)message->payloadlen != strlen(payload) || memcmp(message->payload, payload, strlen(payload)) != 0)
    fail("the payload is another one", message->payloadlen);
  if (message->qos != qos) fail("the QoS is another one", message->qos);
  if (message->retained != retained) fail("the retain flag is another one", message->retained);
  MQTTClient_freeMessage(&message);
  MQTTClient_free(name);
}

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  version = atoi(argv[2]);
  snprintf(prefix, sizeof prefix, "paho-c-sync/%d", version);
  char id[64];
  snprintf(id, sizeof id, "paho-c-kept-%d", version);

  MQTTClient kept = make(argv[1], id);
  MQTTClient other = make(argv[1], "paho-c-other");
  if (connect_client(kept, 1)) fail("a clean start has no session", 1);
  connect_client(other, 1);
  subscribe(kept, topic("live/#"), 2);
  const char* words[] = {"qos 0", "qos 1", "qos 2"};
  for (int qos = 0; qos <= 2; ++qos) {
    publish(other, topic("live/x"), words[qos], qos, 0);
    expect(kept, words[qos], qos, 0);
  }
  puts("each QoS arrives");

  publish(other, topic("kept"), "retained", 1, 1);
  subscribe(kept, topic("kept"), 1);
  expect(kept, "retained", 1, 1);
  publish(other, topic("kept"), "", 1, 1);
  expect(kept, "", 1, 0);
  puts("a retained message arrives and can be deleted");

  /* A session begun with clean session 1 ends with its connection in 3.1.1: begin a kept one. */
  MQTTClient_disconnect(kept, 1000);
  connect_client(kept, 0);
  subscribe(kept, topic("live/#"), 2);
  if (version == MQTTVERSION_5)
    MQTTClient_disconnect5(kept, 1000, MQTTREASONCODE_SUCCESS, NULL);
  else
    MQTTClient_disconnect(kept, 1000);
  publish(other, topic("live/y"), "missed 1", 1, 0);
  publish(other, topic("live/y"), "missed 2", 2, 0);
  int present = connect_client(kept, 0);
  if (version != MQTTVERSION_5 && !present) fail("the session is present", 0); /* Paho C 1.3.12 does not tell in 5.0 */
  expect(kept, "missed 1", 1, 0);
  expect(kept, "missed 2", 2, 0);
  puts("a kept session delivers what it missed");

  MQTTClient_disconnect(kept, 1000);
  MQTTClient_disconnect(other, 1000);
  MQTTClient_destroy(&kept);
  MQTTClient_destroy(&other);
  puts("PASSED");
  return 0;
}
