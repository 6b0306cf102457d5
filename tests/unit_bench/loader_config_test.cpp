#include "bench/loader/config.hpp"

#include "bench/loader/properties.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tombo::bench::loader {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::vector<std::string> problems_of(std::string_view text) {
  std::vector<std::string> texts;
  for (const Problem& problem : parse_config(text, "m.conf").problems) texts.push_back(to_text(problem));
  return texts;
}

TEST(LoaderConfig, HasMqttLoadersDefaults) {
  const auto loaded = parse_config("broker = localhost\n", "m.conf");
  ASSERT_THAT(loaded.problems, IsEmpty());
  const Config& c = loaded.config;
  EXPECT_EQ(c.mqtt_version, 5U);
  EXPECT_EQ(c.num_publishers, 1U);
  EXPECT_EQ(c.num_subscribers, 1U);
  EXPECT_EQ(c.topic, "mqttloader-test-topic");
  EXPECT_EQ(c.payload, 20U);
  EXPECT_EQ(c.num_messages, 100U);
  EXPECT_EQ(c.subscriber_timeout, 5U);
  EXPECT_EQ(c.exec_time, 60U);
  EXPECT_EQ(c.log_level, LogLevel::info);
  const Plan plan = plan_of(c);
  EXPECT_EQ(plan.target.port, 1883);
  EXPECT_EQ(plan.topology, Topology::fan_out);
  EXPECT_EQ(plan.client.client_id, "ml-%r-%k-%n");
  EXPECT_EQ(plan.payload.mark, Payload::Mark::time_only);
  EXPECT_EQ(plan.payload.size, 20U);
  EXPECT_EQ(plan.messages, 100U);
  EXPECT_EQ(plan.pace.rate, 0);
  EXPECT_EQ(plan.duration.count(), 60);
  EXPECT_EQ(plan.end_after_silence->count(), 5);
}

constexpr std::string_view kAllKeys = R"(# every key
broker = example.org
broker_port = 8884
mqtt_version = 3
num_publishers = 10
num_subscribers = 20
qos_publisher = 1
qos_subscriber = 2
shared_subscription = false
retain = true
topic = a/%b
payload = 1024
num_messages = 5000
ramp_up = 1
ramp_down = 2
interval = 1000
subscriber_timeout = 7
exec_time = 30
log_level = ALL
ntp = ntp.example.org
output = /tmp/out
user_name = joe
password = 100%
tls = true
tls_rootca_cert = /ca.pem
tls_client_key = /key.pem
tls_client_cert_chain = /cert.pem;/middle.pem;/root.pem
)";

TEST(LoaderConfig, TakesAllTwentySixKeysIntoThePlan) {
  const auto loaded = parse_config(kAllKeys, "m.conf");
  ASSERT_THAT(loaded.problems, IsEmpty());
  const Config& c = loaded.config;
  EXPECT_EQ(c.ramp_up, 1U);
  EXPECT_EQ(c.ramp_down, 2U);
  EXPECT_EQ(c.log_level, LogLevel::all);
  EXPECT_EQ(c.ntp, "ntp.example.org");
  EXPECT_EQ(c.output, "/tmp/out");
  const Plan plan = plan_of(c);
  EXPECT_EQ(plan.target.host, "example.org");
  EXPECT_EQ(plan.target.port, 8884);
  EXPECT_EQ(plan.target.version, mqtt::Version::v3_1_1);
  EXPECT_EQ(plan.publishers, 10U);
  EXPECT_EQ(plan.subscribers, 20U);
  EXPECT_EQ(plan.publish_qos, mqtt::Qos::at_least_once);
  EXPECT_EQ(plan.subscribe_qos, mqtt::Qos::exactly_once);
  EXPECT_TRUE(plan.retain);
  EXPECT_EQ(plan.topic, "a/%%b") << "no template there";
  EXPECT_EQ(plan.payload.size, 1024U);
  EXPECT_EQ(plan.messages, 5000U);
  EXPECT_EQ(plan.pace.rate, 10'000) << "10 publishers, one each millisecond";
  EXPECT_EQ(plan.end_after_silence->count(), 7);
  EXPECT_EQ(plan.duration.count(), 30);
  EXPECT_EQ(plan.client.user_name, "joe");
  EXPECT_EQ(plan.client.password, "100%%");
  EXPECT_TRUE(plan.target.tls.on);
  EXPECT_EQ(plan.target.tls.ca_file, "/ca.pem");
  EXPECT_EQ(plan.target.tls.key_file, "/key.pem");
  EXPECT_EQ(plan.target.tls.certificate_file, "/cert.pem");
  EXPECT_THAT(plan.target.tls.chain_files, ElementsAre("/middle.pem", "/root.pem"));
}

TEST(LoaderConfig, RefusesEachKeysNonsenseWithItsLine) {
  constexpr std::string_view kText = R"(broker = x
broker_port = 0
mqtt_version = 4
num_publishers = -1
num_subscribers = some
qos_publisher = 3
qos_subscriber = two
shared_subscription = yes
retain = 1
topic = a/+/b
payload = 7
num_messages = 0
ramp_up = 1.5
ramp_down = x
interval = -5
subscriber_timeout = soon
exec_time = 0
log_level = info
tls = maybe
)";
  const auto problems = problems_of(kText);
  ASSERT_THAT(problems, SizeIs(18));
  for (std::size_t i = 0; i < problems.size(); ++i) {
    EXPECT_TRUE(problems[i].starts_with("m.conf:" + std::to_string(i + 2) + ": ")) << problems[i];
    EXPECT_THAT(problems[i], HasSubstr("write "));
    EXPECT_THAT(problems[i], HasSubstr("instead of"));
  }
}

TEST(LoaderConfig, FindsUnknownKeysAndConflicts) {
  EXPECT_THAT(problems_of("brokr = x\nbroker = y\n"),
              ElementsAre("m.conf:1: MQTTLoader has no key 'brokr'; did you mean 'broker'?"));
  EXPECT_THAT(problems_of(""), ElementsAre("m.conf: broker: write the broker's name or address: there is no default"));
  EXPECT_THAT(problems_of("broker=b\nmqtt_version=3\nshared_subscription=true\n"),
              ElementsAre(HasSubstr("m.conf:3: shared_subscription")));
  EXPECT_THAT(problems_of("broker=b\nnum_publishers=0\nnum_subscribers=0\n"),
              ElementsAre(HasSubstr("m.conf:2: num_publishers")));
  EXPECT_THAT(problems_of("broker=b\nexec_time=5\nramp_up=3\nramp_down=2\n"),
              ElementsAre(HasSubstr("m.conf:2: exec_time")));
  EXPECT_THAT(problems_of("broker=b\ntls=true\ntls_client_key=k\n"),
              ElementsAre(HasSubstr("m.conf:3: tls_client_key")));
  EXPECT_THAT(problems_of("broker=b\ntls_rootca_cert=k\n"), ElementsAre(HasSubstr("write tls = true as well")));
  EXPECT_THAT(problems_of("broker=b\nmqtt_version=3\npassword=k\n"), ElementsAre(HasSubstr("m.conf:3: password")));
  EXPECT_EQ(to_text(load_config("/nonexistent.conf").problems.at(0)),
            "/nonexistent.conf: cannot be read: No such file or directory");
}

TEST(LoaderConfig, OneSidedRunsAndSharedOnes) {
  EXPECT_EQ(plan_of(parse_config("broker=b\nnum_subscribers=0", "").config).topology, Topology::publish_only);
  EXPECT_EQ(plan_of(parse_config("broker=b\nnum_publishers=0", "").config).topology, Topology::subscribe_only);
  const Plan plan = plan_of(parse_config("broker=b\nshared_subscription=true\ntls=true", "").config);
  EXPECT_EQ(plan.topology, Topology::shared);
  EXPECT_EQ(plan.share_group, "mqttload");
  EXPECT_EQ(plan.target.port, 8883);
}

TEST(Properties, AreReadAsJavaReadsThem) {
  const auto properties = read_properties(
      "# comment\n! comment\r\n\n  a=1\r\nb : 2  \nc 3\nd\ne = x\\\n    y\n# z\nf\\=g = \\u00e9\\t\\q\nh = a = b\nend "
      "= \\");
  std::vector<std::string> texts;
  for (const Property& p : properties) texts.push_back(std::to_string(p.line) + " " + p.key + "|" + p.value);
  EXPECT_THAT(texts, ElementsAre("4 a|1", "5 b|2", "6 c|3", "7 d|", "8 e|xy", "11 f=g|é\tq", "12 h|a = b", "13 end|"));
  for (const char* odd : {"\\", "\\u", "\\u12", "=", ":", "a\\", "\\\n", "\\u00zz=\\uzzzz"})
    EXPECT_LE(read_properties(odd).size(), 1U);
}

}  // namespace
}  // namespace tombo::bench::loader
