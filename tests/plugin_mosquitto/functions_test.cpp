// The functions that plugins call, by the prototypes of Debian's headers.
#include <gtest/gtest.h>

#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <mqtt_protocol.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>

extern "C" {
int mosquitto_sub_matches_acl(const char* acl, const char* sub, bool* result);
int mosquitto_topic_matches_sub_with_pattern(const char* sub, const char* topic, const char* id, const char* user, bool* result);
int mosquitto_base64_encode(const unsigned char* in, size_t size, char** encoded);
int mosquitto_base64_decode(const char* in, unsigned char** decoded, unsigned* size);
unsigned long mosquitto_memory_used(void);
void mosquitto_memory_set_limit(size_t limit);
int mosquitto_pw_new(struct mosquitto_pw** pw, int kind);
int mosquitto_pw_hash_encoded(struct mosquitto_pw* pw, const char* password);
int mosquitto_pw_verify(struct mosquitto_pw* pw, const char* password);
int mosquitto_pw_decode(struct mosquitto_pw* pw, const char* encoded);
const char* mosquitto_pw_get_encoded(struct mosquitto_pw* pw);
void mosquitto_pw_cleanup(struct mosquitto_pw* pw);
int mosquitto_property_remove(mosquitto_property** list, const mosquitto_property* property);
void mosquitto_property_free(mosquitto_property** property);
unsigned mosquitto_property_get_remaining_length(const mosquitto_property* list);
char* mosquitto_trimblanks(char* text);
}

namespace {

bool matches(const char* filter, const char* topic) {
  bool result = false;
  EXPECT_EQ(mosquitto_topic_matches_sub(filter, topic, &result), MOSQ_ERR_SUCCESS) << filter;
  return result;
}

bool covers(const char* acl, const char* filter) {
  bool result = false;
  EXPECT_EQ(mosquitto_sub_matches_acl(acl, filter, &result), MOSQ_ERR_SUCCESS) << acl;
  return result;
}

struct List {
  mosquitto_property* first = nullptr;
  ~List() { mosquitto_property_free_all(&first); }
};

std::string text_of(const mosquitto_property* list, int id, bool skip = false) {
  char* text = nullptr;
  if (mosquitto_property_read_string(list, id, &text, skip) == nullptr) return "none";
  std::string copy{text};
  mosquitto_free(text);
  return copy;
}

}  // namespace

TEST(MosquittoFunctions, TopicsMatchAsInTheStandard) {
  EXPECT_TRUE(matches("a/+/c", "a/b/c"));
  EXPECT_TRUE(matches("a/#", "a"));
  EXPECT_FALSE(matches("#", "$SYS/x"));
  EXPECT_FALSE(matches("a/b", "a/b/c"));
  bool result = true;
  EXPECT_EQ(mosquitto_topic_matches_sub("a/#/b", "a", &result), MOSQ_ERR_INVAL);
  EXPECT_FALSE(result);
  EXPECT_EQ(mosquitto_topic_matches_sub("a", "a+", &result), MOSQ_ERR_INVAL);
  EXPECT_EQ(mosquitto_topic_matches_sub(nullptr, "a", &result), MOSQ_ERR_INVAL);
  EXPECT_EQ(mosquitto_topic_matches_sub2("ab", 1, "ac", 1, &result), MOSQ_ERR_SUCCESS);
  EXPECT_TRUE(result);
}

TEST(MosquittoFunctions, PatternsTakeNamesAsWholeLevelsAndNoWildcards) {
  bool result = false;
  const auto with = [&](const char* id, const char* user) {
    EXPECT_EQ(mosquitto_topic_matches_sub_with_pattern("home/%u/%c/#", "home/alice/one/x", id, user, &result), MOSQ_ERR_SUCCESS);
    return result;
  };
  EXPECT_TRUE(with("one", "alice"));
  EXPECT_FALSE(with("one", "bob"));
  EXPECT_FALSE(with("one", nullptr));
  EXPECT_FALSE(with("+", "alice"));
  EXPECT_FALSE(with("one", "#"));
}

TEST(MosquittoFunctions, AFilterIsCoveredByAnAclThatMatchesAllOfIt) {
  EXPECT_TRUE(covers("#", "a/#"));
  EXPECT_TRUE(covers("a/#", "a/b/+"));
  EXPECT_TRUE(covers("a/#", "a"));
  EXPECT_TRUE(covers("a/+", "a/b"));
  EXPECT_FALSE(covers("a/b", "a/+"));
  EXPECT_FALSE(covers("a/+", "a/#"));
  EXPECT_FALSE(covers("+/b", "a/c"));
  EXPECT_FALSE(covers("#", "$SYS/#"));
  EXPECT_FALSE(covers("a/b", "a"));
}

TEST(MosquittoFunctions, TopicsAndTextsAreChecked) {
  EXPECT_EQ(mosquitto_pub_topic_check("a/b"), MOSQ_ERR_SUCCESS);
  EXPECT_EQ(mosquitto_pub_topic_check("a/+"), MOSQ_ERR_INVAL);
  EXPECT_EQ(mosquitto_sub_topic_check("a/+/#"), MOSQ_ERR_SUCCESS);
  EXPECT_EQ(mosquitto_sub_topic_check("a#"), MOSQ_ERR_INVAL);
  EXPECT_EQ(mosquitto_sub_topic_check2("a/#x", 3), MOSQ_ERR_SUCCESS);
  EXPECT_EQ(mosquitto_validate_utf8("gr\xc3\xbc\xc3\x9f", 6), MOSQ_ERR_SUCCESS);
  EXPECT_EQ(mosquitto_validate_utf8("\xc3", 1), MOSQ_ERR_MALFORMED_UTF8);
  EXPECT_EQ(mosquitto_validate_utf8(nullptr, 1), MOSQ_ERR_INVAL);
  EXPECT_EQ(mosquitto_validate_utf8("a", -1), MOSQ_ERR_INVAL);
}

TEST(MosquittoFunctions, NumbersHaveNames) {
  EXPECT_STREQ(mosquitto_strerror(MOSQ_ERR_SUCCESS), "No error");
  EXPECT_NE(mosquitto_strerror(4711), nullptr);
  EXPECT_STREQ(mosquitto_reason_string(MQTT_RC_NOT_AUTHORIZED), "Not authorized");
  EXPECT_NE(mosquitto_connack_string(5), nullptr);
  int number = 0, type = 0;
  EXPECT_EQ(mosquitto_string_to_command("Publish", &number), MOSQ_ERR_SUCCESS);
  EXPECT_EQ(number, CMD_PUBLISH);
  EXPECT_EQ(mosquitto_string_to_property_info("user-property", &number, &type), MOSQ_ERR_SUCCESS);
  EXPECT_EQ(number, MQTT_PROP_USER_PROPERTY);
  EXPECT_EQ(type, MQTT_PROP_TYPE_STRING_PAIR);
  EXPECT_STREQ(mosquitto_property_identifier_to_string(MQTT_PROP_CONTENT_TYPE), "content-type");
  EXPECT_EQ(mosquitto_property_identifier_to_string(99), nullptr);
}

TEST(MosquittoFunctions, PropertiesAreAddedReadCopiedAndTakenOut) {
  List list;
  EXPECT_EQ(mosquitto_property_add_string(&list.first, MQTT_PROP_CONTENT_TYPE, "text/plain"), MOSQ_ERR_SUCCESS);
  EXPECT_EQ(mosquitto_property_add_int32(&list.first, MQTT_PROP_MESSAGE_EXPIRY_INTERVAL, 70'000), MOSQ_ERR_SUCCESS);
  EXPECT_EQ(mosquitto_property_add_string_pair(&list.first, MQTT_PROP_USER_PROPERTY, "a", "1"), MOSQ_ERR_SUCCESS);
  EXPECT_EQ(mosquitto_property_add_string_pair(&list.first, MQTT_PROP_USER_PROPERTY, "b", "2"), MOSQ_ERR_SUCCESS);
  EXPECT_EQ(mosquitto_property_add_binary(&list.first, MQTT_PROP_CORRELATION_DATA, "\0x", 2), MOSQ_ERR_SUCCESS);
  EXPECT_EQ(mosquitto_property_add_byte(&list.first, MQTT_PROP_CONTENT_TYPE, 1), MOSQ_ERR_INVAL) << "it is no byte";
  EXPECT_EQ(mosquitto_property_add_string(&list.first, MQTT_PROP_CONTENT_TYPE, "\xff"), MOSQ_ERR_MALFORMED_UTF8);
  EXPECT_EQ(text_of(list.first, MQTT_PROP_CONTENT_TYPE), "text/plain");
  EXPECT_EQ(text_of(list.first, MQTT_PROP_CONTENT_TYPE, true), "none");
  std::uint32_t expiry = 0;
  EXPECT_NE(mosquitto_property_read_int32(list.first, MQTT_PROP_MESSAGE_EXPIRY_INTERVAL, &expiry, false), nullptr);
  EXPECT_EQ(expiry, 70'000U);
  char* name = nullptr;
  char* value = nullptr;
  const auto* first = mosquitto_property_read_string_pair(list.first, MQTT_PROP_USER_PROPERTY, &name, &value, false);
  ASSERT_NE(first, nullptr);
  EXPECT_STREQ(name, "a");
  mosquitto_free(name);
  mosquitto_free(value);
  EXPECT_NE(mosquitto_property_read_string_pair(first, MQTT_PROP_USER_PROPERTY, &name, &value, true), nullptr);
  EXPECT_STREQ(value, "2");
  mosquitto_free(name);
  mosquitto_free(value);
  EXPECT_EQ(mosquitto_property_check_all(CMD_PUBLISH, list.first), MOSQ_ERR_SUCCESS);
  EXPECT_EQ(mosquitto_property_check_all(CMD_CONNECT, list.first), MOSQ_ERR_PROTOCOL);
  List copy;
  EXPECT_EQ(mosquitto_property_copy_all(&copy.first, list.first), MOSQ_ERR_SUCCESS);
  // 13 + 5 + 7 + 7 + 5 bytes, and their length.
  EXPECT_EQ(mosquitto_property_get_remaining_length(copy.first), 38U);
  auto* content = const_cast<mosquitto_property*>(copy.first);
  EXPECT_EQ(mosquitto_property_remove(&copy.first, content), MOSQ_ERR_SUCCESS);
  EXPECT_EQ(mosquitto_property_remove(&copy.first, content), MOSQ_ERR_NOT_FOUND);
  mosquitto_property_free(&content);
  EXPECT_EQ(text_of(copy.first, MQTT_PROP_CONTENT_TYPE), "none");
  EXPECT_EQ(mosquitto_property_identifier(copy.first), MQTT_PROP_MESSAGE_EXPIRY_INTERVAL);
  EXPECT_EQ(mosquitto_property_add_string(&list.first, MQTT_PROP_CONTENT_TYPE, "again"), MOSQ_ERR_SUCCESS);
  EXPECT_EQ(mosquitto_property_check_all(CMD_PUBLISH, list.first), MOSQ_ERR_DUPLICATE_PROPERTY);
}

TEST(MosquittoFunctions, MemoryIsCountedAndCanBeLimited) {
  const unsigned long before = mosquitto_memory_used();
  void* memory = mosquitto_calloc(10, 100);
  EXPECT_GE(mosquitto_memory_used(), before + 1'000);
  memory = mosquitto_realloc(memory, 5'000);
  EXPECT_GE(mosquitto_memory_used(), before + 5'000);
  mosquitto_memory_set_limit(mosquitto_memory_used() + 100);
  EXPECT_EQ(mosquitto_malloc(100'000), nullptr);
  mosquitto_memory_set_limit(0);
  mosquitto_free(memory);
  EXPECT_EQ(mosquitto_memory_used(), before);
  EXPECT_EQ(mosquitto_calloc(SIZE_MAX, 2), nullptr);
  EXPECT_EQ(mosquitto_strdup(nullptr), nullptr);
}

TEST(MosquittoFunctions, Base64GoesBothWays) {
  for (const std::string text : {"", "f", "fo", "foo", "foob", "fooba", "foobar"}) {
    char* encoded = nullptr;
    ASSERT_EQ(mosquitto_base64_encode(reinterpret_cast<const unsigned char*>(text.data()), text.size(), &encoded), MOSQ_ERR_SUCCESS);
    unsigned char* decoded = nullptr;
    unsigned size = 0;
    if (!text.empty()) {
      ASSERT_EQ(mosquitto_base64_decode(encoded, &decoded, &size), MOSQ_ERR_SUCCESS) << encoded;
      EXPECT_EQ(std::string(reinterpret_cast<char*>(decoded), size), text);
    }
    if (text == "foob") {
      EXPECT_STREQ(encoded, "Zm9vYg==");
    }
    mosquitto_free(encoded);
    mosquitto_free(decoded);
  }
  unsigned char* decoded = nullptr;
  unsigned size = 0;
  for (const char* bad : {"", "abc", "ab!=", "====", "a==="}) EXPECT_NE(mosquitto_base64_decode(bad, &decoded, &size), MOSQ_ERR_SUCCESS) << bad;
}

TEST(MosquittoFunctions, PasswordsAreHashedAsMosquittoPasswdDoes) {
  struct mosquitto_pw* password = nullptr;
  ASSERT_EQ(mosquitto_pw_new(&password, 1), MOSQ_ERR_SUCCESS);
  EXPECT_EQ(mosquitto_pw_verify(password, ""), MOSQ_ERR_AUTH) << "there is none yet";
  EXPECT_EQ(mosquitto_pw_hash_encoded(password, "secret"), MOSQ_ERR_SUCCESS);
  const std::string encoded = mosquitto_pw_get_encoded(password);
  EXPECT_EQ(encoded.substr(0, 3), "$6$");
  EXPECT_EQ(mosquitto_pw_decode(password, encoded.c_str()), MOSQ_ERR_SUCCESS);
  EXPECT_EQ(mosquitto_pw_verify(password, "secret"), MOSQ_ERR_SUCCESS);
  EXPECT_EQ(mosquitto_pw_verify(password, "Secret"), MOSQ_ERR_AUTH);
  EXPECT_NE(mosquitto_pw_decode(password, "$9$x"), MOSQ_ERR_SUCCESS);
  mosquitto_pw_cleanup(password);
  char blanks[] = " \t x y \n";
  EXPECT_STREQ(mosquitto_trimblanks(blanks), "x y");
}

TEST(MosquittoFunctions, ThatNeedABrokerSayThatThereIsNone) {
  EXPECT_EQ(mosquitto_broker_publish_copy(nullptr, "a", 0, nullptr, 0, false, nullptr), MOSQ_ERR_INVAL);
  EXPECT_EQ(mosquitto_kick_client_by_clientid("a", true), MOSQ_ERR_INVAL);
  EXPECT_EQ(mosquitto_client_id(nullptr), nullptr);
  mosquitto_log_printf(MOSQ_LOG_ERR, "%s", "nobody hears this");
}
