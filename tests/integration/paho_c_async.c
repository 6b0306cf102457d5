/* Paho C's asynchronous client against the broker: a hundred QoS 1 and QoS 2 messages in order, and a will.
 * usage: paho_c_async URI VERSION(4|5)    exits with 0 when every step held, else names the step. */
#include <MQTTAsync.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { kMessages = 100 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int connected, subscribed, disconnected, received, out_of_order, delivered, failed;
static int version;

static void note(int* counter) {
  pthread_mutex_lock(&mutex);
  ++*counter;
  pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&mutex);
}

static void wait_for(int* counter, int wanted, const char* what) {
  struct timespec end;
  clock_gettime(CLOCK_REALTIME, &end);
  end.tv_sec += 30;
  pthread_mutex_lock(&mutex);
  while (*counter < wanted && !failed)
    if (pthread_cond_timedwait(&changed, &mutex, &end) != 0) break;
  int value = *counter;
  pthread_mutex_unlock(&mutex);
  if (value < wanted) {
    printf("FAILED: %s: %d of %d\n", what, value, wanted);
    exit(1);
  }
}

static void on_connected(void* context, MQTTAsync_successData* data) { (void)context, (void)data, note(&connected); }
static void on_connected5(void* context, MQTTAsync_successData5* data) { (void)context, (void)data, note(&connected); }
static void on_subscribed(void* context, MQTTAsync_successData* data) { (void)context, (void)data, note(&subscribed); }
static void on_subscribed5(void* context, MQTTAsync_successData5* data) { (void)context, (void)data, note(&subscribed); }
static void on_sent(void* context, MQTTAsync_successData* data) { (void)context, (void)data, note(&delivered); }
static void on_sent5(void* context, MQTTAsync_successData5* data) { (void)context, (void)data, note(&delivered); }
static void on_gone(void* context, MQTTAsync_successData* data) { (void)context, (void)data, note(&disconnected); }
static void on_gone5(void* context, MQTTAsync_successData5* data) { (void)context, (void)data, note(&disconnected); }

static void on_failure(void* context, MQTTAsync_failureData* data) {
  printf("failure: %s %d\n", (const char*)context, data ? data->code : 0);
  note(&failed);
}

static void on_failure5(void* context, MQTTAsync_failureData5* data) {
  printf("failure: %s %d\n", (const char*)context, data ? (int)data->reasonCode : 0);
  note(&failed);
}

static int on_message(void* context, char* topic, int length, MQTTAsync_message* message) {
  (void)context, (void)length;
  char text[32] = {0};
  if (message->payloadlen < (int)sizeof text) memcpy(text, message->payload, (size_t)message->payloadlen);
  pthread_mutex_lock(&mutex);
  if (atoi(text) != received % kMessages) ++out_of_order;
  ++received;
  pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&mutex);
  MQTTAsync_freeMessage(&message);
  MQTTAsync_free(topic);
  return 1;
}

static MQTTAsync connect_client(const char* uri, const char* id) {
  MQTTAsync client = NULL;
  MQTTAsync_createOptions create = MQTTAsync_createOptions_initializer;
  create.MQTTVersion = version;
  create.maxBufferedMessages = 2 * kMessages;
  if (MQTTAsync_createWithOptions(&client, uri, id, MQTTCLIENT_PERSISTENCE_NONE, NULL, &create) != MQTTASYNC_SUCCESS)
    exit(3);
  MQTTAsync_setCallbacks(client, NULL, NULL, on_message, NULL);
  MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer;
  MQTTAsync_connectOptions options5 = MQTTAsync_connectOptions_initializer5;
  if (version == MQTTVERSION_5) {
    options = options5;
    options.cleanstart = 1;
    options.onSuccess5 = on_connected5;
    options.onFailure5 = on_failure5;
  } else {
    options.cleansession = 1;
    options.onSuccess = on_connected;
    options.onFailure = on_failure;
  }
  options.MQTTVersion = version;
  options.maxInflight = 20;
  options.context = (void*)"connect";
  int before = connected;
  if (MQTTAsync_connect(client, &options) != MQTTASYNC_SUCCESS) exit(3);
  wait_for(&connected, before + 1, "connected");
  return client;
}

static MQTTAsync_responseOptions answer(const char* what) {
  MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
  options.context = (void*)what;
  if (version == MQTTVERSION_5) {
    options.onSuccess5 = what[0] == 's' ? on_subscribed5 : on_sent5;
    options.onFailure5 = on_failure5;
  } else {
    options.onSuccess = what[0] == 's' ? on_subscribed : on_sent;
    options.onFailure = on_failure;
  }
  return options;
}

static void send_numbers(MQTTAsync sender, const char* topic, int qos) {
  for (int n = 0; n < kMessages; ++n) {
    char text[16];
    int length = snprintf(text, sizeof text, "%d", n);
    MQTTAsync_responseOptions response = answer("publish");
    int rc = MQTTAsync_send(sender, topic, length, text, qos, 0, &response);
    if (rc != MQTTASYNC_SUCCESS) {
      printf("FAILED: send %d: %d\n", n, rc);
      exit(1);
    }
  }
}

static void leave(MQTTAsync client) {
  MQTTAsync_disconnectOptions options = MQTTAsync_disconnectOptions_initializer;
  if (version == MQTTVERSION_5) {
    MQTTAsync_disconnectOptions options5 = MQTTAsync_disconnectOptions_initializer5;
    options = options5;
    options.onSuccess5 = on_gone5;
  } else {
    options.onSuccess = on_gone;
  }
  int before = disconnected;
  MQTTAsync_disconnect(client, &options);
  wait_for(&disconnected, before + 1, "disconnected");
  MQTTAsync_destroy(&client);
}

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  version = atoi(argv[2]);
  char topic[64];
  snprintf(topic, sizeof topic, "paho-c-async/%d", version);
  MQTTAsync receiver = connect_client(argv[1], "paho-c-receiver");
  MQTTAsync sender = connect_client(argv[1], "paho-c-sender");
  MQTTAsync_responseOptions response = answer("subscribe");
  MQTTAsync_subscribe(receiver, topic, 2, &response);
  wait_for(&subscribed, 1, "subscribed");
  for (int qos = 1; qos <= 2; ++qos) {
    send_numbers(sender, topic, qos);
    wait_for(&received, qos * kMessages, "messages received");
    wait_for(&delivered, qos * kMessages, "exchanges complete");
    printf("%d messages of QoS %d arrived\n", kMessages, qos);
  }
  if (out_of_order) {
    printf("FAILED: %d messages out of order\n", out_of_order);
    return 1;
  }
  leave(sender);
  leave(receiver);
  puts("PASSED");
  return 0;
}
