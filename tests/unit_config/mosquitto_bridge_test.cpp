#include "unit_config/mosquitto_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tombo::config {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

constexpr const char* kAbove = "listener 1883\nallow_anonymous true\n";
constexpr const char* kBridge = "connection c\naddress h\ntopic #\n";

Bridge bridge(const std::string& lines) {
  const Loaded loaded = read_conf(kAbove + (kBridge + lines));
  EXPECT_TRUE(loaded.ok()) << told(loaded);
  return loaded.options.bridges.at(0);
}
std::string told_of(const std::string& lines) {
  return told(read_conf(kAbove + (kBridge + lines)));
}

TEST(MosquittoBridge, TakesEveryDirectiveOfAFileInUse) {
  const Loaded loaded = load_mosquitto(mosquitto_text("cloud_bridge"), "b.conf");
  EXPECT_TRUE(loaded.ok()) << told(loaded);
  ASSERT_THAT(loaded.options.bridges, SizeIs(2));
  const Bridge& aws = loaded.options.bridges[0];
  EXPECT_EQ(aws.name, "aws");
  EXPECT_THAT(aws.topics, ElementsAre("sensors/# out 1 \"\" site-7/", "commands/# in 1 \"\" site-7/",
                                      "\"\" out 0 local/status remote/status"));
  EXPECT_EQ(aws.client_id, "gateway-7");
  EXPECT_TRUE(aws.clean_session);
  EXPECT_TRUE(aws.local_clean_session);
  EXPECT_FALSE(aws.try_private);
  EXPECT_EQ(aws.restart_max_s, 60U);
  EXPECT_EQ(aws.alpn, "mqtt");
  EXPECT_TRUE(aws.verify_host);
  EXPECT_EQ(aws.reload, BridgeReload::lazy);
  const Bridge& backup = loaded.options.bridges[1];
  EXPECT_THAT(backup.addresses, ElementsAre("192.0.2.1", "192.0.2.2:1884", "[2001:db8::1]:1885"));
  EXPECT_EQ(backup.version, BridgeVersion::v5);
  EXPECT_EQ(backup.password, "s3cr3t \"quoted\" \\ #1");
  EXPECT_FALSE(backup.clean_session);
  EXPECT_TRUE(backup.local_clean_session);
  EXPECT_EQ(backup.session_expiry_s, 0xFFFFFFFFU);
  EXPECT_EQ(backup.start, BridgeStart::lazy);
  EXPECT_EQ(backup.reload, BridgeReload::immediate);
  EXPECT_EQ(backup.tcp_user_timeout_ms, 20'000U);
}

TEST(MosquittoBridge, HasTheLimitsOfAClientWhereTheyAreWritten) {
  EXPECT_EQ(bridge("").in_flight_max, 20);
  EXPECT_EQ(bridge("").queue_messages_max, Bridge{}.queue_messages_max);
  EXPECT_EQ(bridge("max_queued_messages 5\nmax_inflight_messages 7\n").queue_messages_max, 5U);
  EXPECT_EQ(bridge("max_queued_messages 5\nmax_inflight_messages 7\n").in_flight_max, 7);
  EXPECT_EQ(bridge("max_queued_messages 0\n").queue_messages_max, 100'000'000U);
}

TEST(MosquittoBridge, CarriesTopicsAsTheyAreWritten) {
  const auto topics =
      bridge("topic a/b  both   2\ntopic a in 1 l/\ntopic b out 0 l/ \"\"\ntopic \"\" in 1 l r\n").topics;
  EXPECT_THAT(topics, ElementsAre("#", "a/b both 2", "a in 1 l/", "b out 0 l/ \"\"", "\"\" in 1 l r"));
  EXPECT_THAT(told_of("topic a b out 0\n"), HasSubstr("m.conf:6:7: error: the topic 'a' has the direction 'b'"));
  EXPECT_THAT(told_of("topic a out 3\n"), HasSubstr("has the QoS '3'"));
  EXPECT_THAT(told_of("topic \"\" out 0 l\n"), HasSubstr("wants both prefixes"));
  EXPECT_THAT(told_of("topic a out 0 l/#\n"), HasSubstr("may hold no wildcard"));
  EXPECT_THAT(told_of("topic a out 0 l r more\n"), HasSubstr("warning: 'topic' takes five words"));
  EXPECT_THAT(told_of("topic a out 1 # l\n"), HasSubstr("warning: a comment stands on a line of its own"));
  EXPECT_THAT(bridge("topic a out 1 # l\n").topics, ElementsAre("#", "a out 1"));
  EXPECT_THAT(told_of("topic # out 0 l\n"), HasSubstr("is no filter as 'l#'"));
  EXPECT_THAT(told_of("topic a+\n"), HasSubstr("is no filter as 'a+'"));
}

TEST(MosquittoBridge, WantsANameOfItsOwnAnAddressAndTopics) {
  const std::string all = told(read_conf("listener 1\nconnection a\nconnection a\naddress h\n"));
  EXPECT_THAT(all, AllOf(HasSubstr("m.conf:2:12: error: bridge 'a' wants an address"),
                         HasSubstr("m.conf:2:12: error: bridge 'a' carries nothing"),
                         HasSubstr("m.conf:3:12: error: there is another bridge called 'a'")));
  EXPECT_THAT(told(read_conf("listener 1\ntopic #\n")), HasSubstr("m.conf:2:1: error: 'topic' belongs to a bridge"));
}

TEST(MosquittoBridge, TakesTheLeastThereIsWithAWarning) {
  EXPECT_EQ(bridge("keepalive_interval 2\n").keep_alive_s, 5);
  EXPECT_THAT(told_of("keepalive_interval 2\n"), HasSubstr("warning: 'keepalive_interval' is 2, but 5 is the least"));
  EXPECT_THAT(told_of("keepalive_interval 70000\n"), HasSubstr("error"));
  EXPECT_EQ(bridge("threshold 0\n").threshold, 1U);
  EXPECT_EQ(bridge("restart_timeout 20\n").restart_min_s, 20U);
  EXPECT_EQ(bridge("restart_timeout 20\n").restart_max_s, 20U);
  EXPECT_THAT(told_of("restart_timeout 20 10\n"), HasSubstr("error: 'restart_timeout' is '20 10'"));
}

TEST(MosquittoBridge, KnowsOlderNamesAndTakesOnlyOneOfThem) {
  EXPECT_EQ(bridge("clientid a\nusername b\npassword c\n").user_name, "b");
  EXPECT_THAT(told_of("clientid a\nremote_clientid b\n"),
              HasSubstr("m.conf:7:17: error: 'remote_clientid' is written twice: the other stands in line 6"));
}

TEST(MosquittoBridge, RefusesWordsThatItDoesNotKnow) {
  EXPECT_THAT(told_of("start_type manual\n"),
              HasSubstr("error: 'start_type' is 'manual', but must be automatic, lazy or once"));
  EXPECT_THAT(told_of("bridge_protocol_version mqttv4\n"), HasSubstr("but must be mqttv31, mqttv311 or mqttv50"));
  EXPECT_THAT(told_of("address h:0\n"), HasSubstr("wants HOST or HOST:PORT"));
  EXPECT_THAT(told_of("address :1883\n"), HasSubstr("wants HOST or HOST:PORT"));
}

TEST(MosquittoBridge, IsSecuredInOneWay) {
  EXPECT_THAT(told_of("bridge_identity i\n"), HasSubstr("wants both or neither of bridge_identity and bridge_psk"));
  EXPECT_THAT(told_of("bridge_identity i\nbridge_psk 00\nbridge_cafile c\n"), HasSubstr("can use only one of them"));
  EXPECT_FALSE(bridge("bridge_cafile c\nbridge_insecure true\n").verify_host);
  EXPECT_THAT(told_of("bridge_cafile c\nbridge_insecure true\n"), HasSubstr("warning: whoever has any certificate"));
  EXPECT_TRUE(bridge("bridge_tls_use_os_certs true\n").tls);
}

TEST(MosquittoBridge, TellsWhoseRightsItHas) {
  EXPECT_THAT(told_of("local_username u\n"), Not(HasSubstr("rights")));
  EXPECT_THAT(told(read_conf(std::string{"acl_file a\n"} + kAbove + kBridge + "local_username u\n")),
              HasSubstr("m.conf:4:12: warning: bridge 'c' has the rights of its local_username 'u' in this broker"));
  EXPECT_THAT(told_of("local_password p\n"), HasSubstr("warning: 'local_password' has no effect: no bridge is asked"));
}

TEST(MosquittoBridge, LimitsWhatItSendsAndChoosesCiphers) {
  EXPECT_EQ(bridge("bridge_max_packet_size 1000\n").outgoing_packet_bytes_max, 1000U);
  EXPECT_EQ(bridge("bridge_max_packet_size 1000\n").packet_bytes_max, 0U);
  EXPECT_EQ(bridge("bridge_cafile c\nbridge_ciphers_tls1.3 TLS_AES_128_GCM_SHA256\n").ciphersuites,
            "TLS_AES_128_GCM_SHA256");
}

TEST(MosquittoBridge, ForgetsInThisBrokerWhatTheOtherForgetsUnlessToldOtherwise) {
  EXPECT_TRUE(bridge("cleansession true\n").local_clean_session);
  EXPECT_FALSE(bridge("local_cleansession false\ncleansession true\n").local_clean_session);
  EXPECT_FALSE(bridge("").local_clean_session);
}

}  // namespace
}  // namespace tombo::config
