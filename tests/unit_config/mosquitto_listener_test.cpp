#include "unit_config/mosquitto_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tombo::config {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

Options fine(std::string_view text) {
  const Loaded loaded = read_conf(text);
  EXPECT_TRUE(loaded.ok()) << told(loaded);
  return loaded.options;
}

TEST(MosquittoListener, TakesPortAddressAndUnixSockets) {
  const Options options =
      fine("listener 1884\nlistener 1885 10.0.0.1\nlistener 1886 # all\nlistener 0 /run/m.sock\nlistener 1887 ::1\n");
  ASSERT_THAT(options.listeners, SizeIs(5));
  EXPECT_EQ(options.listeners[0].address, "*");
  EXPECT_EQ(options.listeners[0].port, 1884);
  EXPECT_EQ(options.listeners[1].address, "10.0.0.1");
  EXPECT_EQ(options.listeners[2].address, "*");
  EXPECT_EQ(options.listeners[3].address, "unix:/run/m.sock");
  EXPECT_EQ(options.listeners[4].address, "::1");
  EXPECT_THAT(told(read_conf("listener 0\n")), HasSubstr("a listener with port 0 is a Unix socket"));
  EXPECT_THAT(told(read_conf("listener 70000\n")), HasSubstr("wants a port between 1 and 65535, but is '70000'"));
  EXPECT_THAT(told(read_conf("listener mqtt\n")), HasSubstr("but is 'mqtt'"));
}

TEST(MosquittoListener, OwnsWhatStandsBelowItUntilTheNext) {
  const Options options = fine(
      "listener 1884\nmax_qos 1\nlistener 1885\nmax_qos 0\nprotocol websockets\nconnection c\naddress h\ntopic "
      "t\nmax_connections 5\n");
  EXPECT_EQ(options.listeners[0].qos_max, 1);
  EXPECT_EQ(options.listeners[0].protocol, Protocol::mqtt);
  EXPECT_EQ(options.listeners[1].qos_max, 0);
  EXPECT_EQ(options.listeners[1].protocol, Protocol::websocket);
  EXPECT_EQ(options.listeners[1].connections_max, 5U);  // a bridge does not end it
}

TEST(MosquittoListener, IsTheDefaultOneForWhatStandsAboveThemAll) {
  const Options options = fine("port 1889\nmax_qos 1\nbind_address 10.0.0.1\nlistener 1884\n");
  ASSERT_THAT(options.listeners, SizeIs(2));
  EXPECT_EQ(options.listeners[0].port, 1889);
  EXPECT_EQ(options.listeners[0].address, "10.0.0.1");
  EXPECT_EQ(options.listeners[0].qos_max, 1);
  const Options after = fine("listener 1884\nport 1890\n");
  ASSERT_THAT(after.listeners, SizeIs(2));
  EXPECT_EQ(after.listeners[1].port, 1890);
  EXPECT_EQ(after.listeners[1].address, "*");
}

TEST(MosquittoListener, TellsWhenALineOpensTheDefaultOneByTheWay) {
  const Loaded loaded = read_conf("max_qos 1\nlistener 1884\nallow_anonymous true\n");
  ASSERT_THAT(loaded.options.listeners, SizeIs(2));
  EXPECT_EQ(loaded.options.listeners[0].port, 1883);
  EXPECT_THAT(told(loaded),
              HasSubstr("m.conf:1:9: warning: this stands above all listeners and so opens the default one"));
  // Only what differs from what would be so anyway opens it, and not all of that.
  for (const char* quiet : {"protocol mqtt", "max_qos 2", "max_connections -1", "require_certificate false",
                            "max_topic_alias 5", "http_dir /x"}) {
    const Loaded none = read_conf(std::string{quiet} + "\nlistener 1884\nallow_anonymous true\n");
    EXPECT_THAT(none.options.listeners, SizeIs(1)) << quiet;
    EXPECT_THAT(told(none), HasSubstr("which this file does not open")) << quiet;
  }
  EXPECT_EQ(read_conf("max_topic_alias 5\nmax_qos 1\n").options.listeners.at(0).topic_alias_max, 5);
  EXPECT_THAT(read_conf("max_topic_alias 5\n").options.listeners, SizeIs(2));  // those of the loopback addresses
  // Alone it is no surprise, and it is open to the network, so nobody comes in unasked.
  EXPECT_FALSE(read_conf("max_qos 1\n").options.allow_anonymous);
  EXPECT_THAT(told(read_conf("mount_point a/\n")), HasSubstr("'mount_point' belongs to a listener"));
}

TEST(MosquittoListener, NarrowsItsAddressToADomain) {
  const Options options = fine(
      "listener 1884\nsocket_domain ipv4\nlistener 1885\nsocket_domain ipv6\nlistener 1886 10.0.0.1\nsocket_domain "
      "ipv4\n");
  EXPECT_EQ(options.listeners[0].address, "0.0.0.0");
  EXPECT_EQ(options.listeners[1].address, "::");
  EXPECT_EQ(options.listeners[2].address, "10.0.0.1");
  EXPECT_THAT(told(read_conf("listener 1884 ::1\nsocket_domain ipv4\n")), HasSubstr("'socket_domain' has no effect"));
}

TEST(MosquittoListener, SpeaksTlsAsItIsWritten) {
  const Options options = fine(
      "listener 8883\ncertfile c\nkeyfile k\ncafile a\nrequire_certificate true\nuse_identity_as_username true\n"
      "use_subject_as_username true\ncrlfile r\ntls_version tlsv1.3\nciphers_tls1.3 X\n");
  const Listener& listener = options.listeners[0];
  EXPECT_THAT(listener.certificates, ElementsAre("c"));
  EXPECT_THAT(listener.keys, ElementsAre("k"));
  EXPECT_EQ(listener.client_certificate, ClientCertificate::required);
  EXPECT_EQ(listener.user_name_from, UserNameFrom::certificate_cn);  // it has the priority, as in Mosquitto
  EXPECT_EQ(listener.tls_min, TlsVersion::v1_3);
  EXPECT_THAT(told(read_conf("listener 1\ncertfile c\ntls_version tlsv1.1\n")),
              HasSubstr("warning: 'tls_version' is tlsv1.1, but the oldest"));
  EXPECT_THAT(told(read_conf("listener 1\ncertfile c\ntls_version 1.2\n")), HasSubstr("error: 'tls_version' is '1.2'"));
}

TEST(MosquittoListener, IsNotLeftWithoutTlsThatSomebodyMeantItToHave) {
  EXPECT_THAT(told(read_conf("listener 8883\nrequire_certificate true\n")),
              HasSubstr("error: this is about TLS, but the listener has no certfile"));
  EXPECT_THAT(told(read_conf("listener 8883\ndisable_client_cert_date_checks true\n")),
              HasSubstr("error: 'disable_client_cert_date_checks' is not offered"));
  EXPECT_THAT(told(read_conf("listener 8883\ndisable_client_cert_date_checks false\n")), Not(HasSubstr("error")));
  EXPECT_THAT(told(read_conf("listener 8883\ntls_keyform engine\n")), HasSubstr("error: 'tls_keyform' is not offered"));
}

TEST(MosquittoListener, GivesFilesOverWebSocketOnly) {
  EXPECT_EQ(fine("listener 1\nprotocol websockets\nhttp_dir /x\n").listeners[0].http_directory, "/x");
  EXPECT_EQ(fine("listener 1\nhttp_dir /x\n").listeners[0].http_directory, "");
  EXPECT_THAT(told(read_conf("listener 1\nhttp_dir /x\n")),
              HasSubstr("m.conf:2:10: warning: 'http_dir' has no effect"));
}

TEST(MosquittoListener, TakesPreSharedKeysWhereItHasAHint) {
  const Options options = fine("psk_file /psk\nlistener 1\npsk_hint h\nuse_identity_as_username true\nlistener 2\n");
  EXPECT_EQ(options.listeners[0].psk_file, "/psk");
  EXPECT_EQ(options.listeners[0].psk_hint, "h");
  EXPECT_EQ(options.listeners[0].user_name_from, UserNameFrom::psk_identity);
  EXPECT_EQ(options.listeners[1].psk_file, "");
  EXPECT_THAT(told(read_conf("listener 1\npsk_hint h\n")), HasSubstr("warning: 'psk_hint' makes this listener want pre-shared keys"));
  EXPECT_THAT(told(read_conf("listener 1\npsk_hint h\n")), Not(HasSubstr("error")));
  EXPECT_THAT(told(read_conf("listener 1\npsk_hint h\ncertfile c\n")), HasSubstr("either certificates or pre-shared keys"));
  EXPECT_TRUE(fine("listener 1\nallow_anonymous true\npsk_hint h\nplugin /keys.so\n").listeners[0].asks_for_keys());
  EXPECT_FALSE(fine("psk_file /psk\nlistener 1\nallow_anonymous true\npsk_hint h\nplugin /keys.so\n").listeners[0].asks_for_keys());
  EXPECT_THAT(told(read_conf("listener 1\npsk_file h\n")), HasSubstr("warning: 'psk_file' has no effect"));
  EXPECT_THAT(told(read_conf("psk_file p\nlistener 1\npsk_hint h\ncertfile c\n")),
              HasSubstr("either certificates or pre-shared keys"));
}

TEST(MosquittoListener, BelievesProxiesOnlyWithAWord) {
  const Loaded loaded = read_conf("listener 1\nallow_anonymous true\nenable_proxy_protocol 2\n");
  EXPECT_EQ(loaded.options.listeners[0].proxy_protocol, ProxyProtocol::required);
  EXPECT_THAT(told(loaded), HasSubstr("warning: whoever reaches this listener may say what address it comes from"));
  EXPECT_THAT(told(read_conf("listener 1\nproxy_protocol_v2_require_tls true\n")), HasSubstr("error"));
}

TEST(MosquittoSecurity, HoldsForAllListenersUnlessTheyHaveTheirOwn) {
  const Options options = fine(
      "listener 1884\nlistener 1885\npassword_file p\nacl_file a\nallow_anonymous true\nauto_id_prefix x\n"
      "allow_zero_length_clientid false\nplugin /q.so\nplugin_opt_k v w\n");
  EXPECT_EQ(options.passwords.file, "p");
  EXPECT_EQ(options.acl.file, "a");
  EXPECT_TRUE(options.allow_anonymous);
  EXPECT_FALSE(options.mqtt.allow_empty_client_id);
  EXPECT_THAT(options.auth.backends, ElementsAre("passwords", "plugin:q"));
  EXPECT_EQ(options.listeners[0].auto_id_prefix, "x");
  EXPECT_EQ(options.listeners[1].auto_id_prefix, "x");
  EXPECT_EQ(options.plugins[0].path, "/q.so");
  EXPECT_EQ(options.plugins[0].kind, PluginKind::mosquitto);
  EXPECT_THAT(options.plugins[0].options, ElementsAre("k=v w"));
}

TEST(MosquittoSecurity, BelongsToTheListenerAboveWherePerListenerSettingsSaysSo) {
  const Options options = fine(
      "per_listener_settings true\nlistener 1884\nallow_anonymous true\nlistener 1885\npassword_file p\nacl_file a\n"
      "auto_id_prefix x\nallow_zero_length_clientid false\nplugin /q.so\nplugin /q.so\n");
  EXPECT_FALSE(options.allow_anonymous);
  EXPECT_EQ(options.passwords.file, "");
  EXPECT_THAT(options.auth.backends, IsEmpty());
  EXPECT_EQ(options.listeners[0].anonymous, Anonymous::allow);
  EXPECT_THAT(options.listeners[0].authentication, IsEmpty());
  EXPECT_EQ(options.listeners[1].anonymous, Anonymous::as_broker);
  EXPECT_EQ(options.listeners[1].password_file, "p");
  EXPECT_EQ(options.listeners[1].acl_file, "a");
  EXPECT_EQ(options.listeners[1].empty_client_id, Anonymous::refuse);
  EXPECT_EQ(options.listeners[0].auto_id_prefix, "auto-");
  EXPECT_EQ(options.listeners[1].auto_id_prefix, "x");
  EXPECT_THAT(options.listeners[1].authentication, ElementsAre("passwords", "plugin:q", "plugin:q-2"));
}

TEST(MosquittoSecurity, WantsPerListenerSettingsFirst) {
  EXPECT_THAT(told(read_conf("allow_anonymous true\nper_listener_settings true\n")),
              HasSubstr("m.conf:2:1: error: 'per_listener_settings' must stand above"));
}

TEST(MosquittoSecurity, OfTheDefaultListenerComesToNothingWhereThereIsNone) {
  const Loaded loaded = read_conf("per_listener_settings true\nallow_anonymous true\nlistener 1884\n");
  ASSERT_THAT(loaded.options.listeners, SizeIs(1));
  EXPECT_EQ(loaded.options.listeners[0].anonymous, Anonymous::as_broker);
  EXPECT_THAT(told(loaded), AllOf(HasSubstr("m.conf:2:1: warning: 'allow_anonymous' has no effect"),
                                  HasSubstr("nobody can connect")));
  const Options with_port = fine("per_listener_settings true\nallow_anonymous true\nport 1884\n");
  EXPECT_EQ(with_port.listeners[0].anonymous, Anonymous::allow);
}

TEST(MosquittoSecurity, OfOneListenerOverridesThatOfAll) {
  const Options options =
      fine("listener 1\nlistener_allow_anonymous true\nlistener_auto_id_prefix y\nlistener 2\nauto_id_prefix x\n");
  EXPECT_EQ(options.listeners[0].anonymous, Anonymous::allow);
  EXPECT_EQ(options.listeners[0].auto_id_prefix, "y");
  EXPECT_EQ(options.listeners[1].auto_id_prefix, "x");
  EXPECT_FALSE(options.allow_anonymous);
}

TEST(MosquittoPlugins, AreLoadedUnderANameAndUsedByIt) {
  const Options options =
      fine("per_listener_settings true\nlistener 1\nplugin_load n /a b.so\nplugin_opt_x 1\nlistener 2\nplugin_use n\n");
  EXPECT_EQ(options.plugins[0].name, "n");
  EXPECT_EQ(options.plugins[0].path, "/a b.so");
  EXPECT_THAT(options.plugins[0].options, ElementsAre("x=1"));
  EXPECT_THAT(options.listeners[0].authentication, IsEmpty());
  EXPECT_THAT(options.listeners[1].authentication, ElementsAre("plugin:n"));
  EXPECT_THAT(told(read_conf("plugin_use m\n")), HasSubstr("error: there is no plugin 'm' above"));
  EXPECT_THAT(told(read_conf("plugin_load n\n")), HasSubstr("wants a name and a path"));
  EXPECT_THAT(told(read_conf("plugin_load n p\nplugin_load n q\n")), HasSubstr("another plugin called 'n'"));
  EXPECT_THAT(told(read_conf("plugin_load n p\n")), HasSubstr("warning: no plugin_use names this plugin"));
  EXPECT_THAT(told(read_conf("plugin_opt_x 1\n")),
              HasSubstr("error: 'plugin_opt_x' belongs to a plugin, but there is none above it"));
}

TEST(MosquittoPlugins, OfAllListenersAreAskedByEach) {
  const Options options =
      fine("per_listener_settings true\nglobal_plugin /g.so\nlistener 1\nlistener 2\npassword_file p\n");
  EXPECT_THAT(options.auth.backends, ElementsAre("plugin:g"));
  EXPECT_THAT(options.listeners[0].authentication, IsEmpty());  // that is, what auth.backends says
  EXPECT_THAT(options.listeners[1].authentication, ElementsAre("passwords", "plugin:g"));
}

}  // namespace
}  // namespace tombo::config
