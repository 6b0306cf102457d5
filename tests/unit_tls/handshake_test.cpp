#include "unit_tls/arrange.hpp"

namespace tombo::test {
namespace {

using ::testing::HasSubstr;
using Handshake = TlsTest;

TEST_F(Handshake, SpeaksTls13) {
  const auto pair = connect();
  ASSERT_TRUE(pair->server->open()) << pair->server->why();
  EXPECT_TRUE(pair->client.done());
  EXPECT_EQ(pair->peer().tls_version, "TLSv1.3");
  EXPECT_THAT(pair->peer().tls_cipher, HasSubstr("TLS_"));
  EXPECT_EQ(pair->peer().user_name, "");
}

TEST_F(Handshake, SpeaksTls12) {
  manner.version_max = TLS1_2_VERSION;
  const auto pair = connect();
  ASSERT_TRUE(pair->server->open()) << pair->server->why();
  EXPECT_EQ(pair->peer().tls_version, "TLSv1.2");
}

TEST_F(Handshake, RefusesTls11AndSaysSo) {
  manner.version_min = TLS1_1_VERSION;
  manner.version_max = TLS1_1_VERSION;
  const auto pair = connect();
  EXPECT_EQ(pair->server->why(), "TLS: the client speaks only TLS 1.1");
  EXPECT_EQ(pair->client.alert(), "protocol version");
}

TEST_F(Handshake, RefusesTls12WhereTheOperatorWants13) {
  options.tls_min = config::TlsVersion::v1_3;
  manner.version_max = TLS1_2_VERSION;
  EXPECT_EQ(refusal(), "TLS: the client speaks only TLS 1.2");
}

TEST_F(Handshake, SaysThatNoCipherIsShared) {
  options.ciphers = "ECDHE-ECDSA-AES256-GCM-SHA384";
  manner.version_max = TLS1_2_VERSION;
  manner.ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256";
  EXPECT_EQ(refusal(), "TLS: no shared cipher");
  manner.ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384";
  EXPECT_EQ(connect()->peer().tls_cipher, "ECDHE-ECDSA-AES256-GCM-SHA384");
}

TEST_F(Handshake, HoldsToSuitesAndGroups) {
  options.ciphersuites = "TLS_CHACHA20_POLY1305_SHA256";
  options.groups = "X25519";
  EXPECT_EQ(connect()->peer().tls_cipher, "TLS_CHACHA20_POLY1305_SHA256");
  manner.groups = "P-521";
  EXPECT_EQ(refusal(), "TLS: no shared group for the key exchange");
}

TEST_F(Handshake, AsksAgainForAnotherGroup) {  // HelloRetryRequest
  options.groups = "P-384";
  manner.groups = "X25519:P-384";
  EXPECT_TRUE(connect()->server->open());
}

TEST_F(Handshake, SpeaksTlsWithRsaToo) {
  const Issued rsa = authority.issue({.common_name = "broker", .names = "DNS:broker", .rsa = true});
  options.certificates.push_back(files.write("rsa.pem", rsa.pem() + rsa.key_pem()));
  manner.version_max = TLS1_2_VERSION;
  manner.ciphers = "ECDHE-RSA-AES128-GCM-SHA256";
  EXPECT_TRUE(connect()->server->open());  // one name, two kinds of keys
  manner.ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256";
  EXPECT_TRUE(connect()->server->open());
}

TEST_F(Handshake, SendsTheChain) {
  Authority below = authority.below("Intermediate");
  const Issued leaf = below.issue({.common_name = "broker", .names = "DNS:broker"});
  options.certificates = {files.write("chain.pem", leaf.pem() + below.pem())};
  options.keys = {files.write("chain.key", leaf.key_pem())};
  const auto pair = connect();
  EXPECT_TRUE(pair->server->open()) << pair->server->why();
  EXPECT_EQ(SSL_get_verify_result(pair->client.ssl()), X509_V_OK);
}

TEST_F(Handshake, ChoosesTheCertificateByName) {
  const auto add = [&](const std::string& file, const std::string& common_name, const std::string& names) {
    const Issued made = authority.issue({.common_name = common_name, .names = names});
    options.certificates.push_back(files.write(file, made.pem() + made.key_pem()));
  };
  add("a.pem", "a", "DNS:A.example.com,DNS:other.example.com");
  add("wild.pem", "wild", "DNS:*.example.com");
  add("cn.pem", "only.by.cn", "");
  const auto served = [&](const std::string& name) {
    manner.server_name = name;
    const auto pair = connect();
    EXPECT_TRUE(pair->server->open()) << pair->server->why();
    EXPECT_EQ(pair->peer().server_name, name);
    return pair->client.server_common_name();
  };
  EXPECT_EQ(served("a.EXAMPLE.com"), "a");
  EXPECT_EQ(served("other.example.com"), "a");
  EXPECT_EQ(served("b.example.com"), "wild");
  EXPECT_EQ(served("x.b.example.com"), "broker");  // a wildcard is for one label
  EXPECT_EQ(served("example.com"), "broker");
  EXPECT_EQ(served("only.by.cn"), "only.by.cn");
  EXPECT_EQ(served("nobody"), "broker");
  EXPECT_EQ(served(""), "broker");
  EXPECT_EQ(served("*.example.com"), "wild");
}

TEST_F(Handshake, SelectsMqttByAlpn) {
  EXPECT_EQ(connect()->client.alpn(), "");
  manner.alpn = {"x-amzn-mqtt-ca", "mqtt"};
  EXPECT_EQ(connect()->client.alpn(), "mqtt");
  manner.alpn = {"http/1.1"};
  const auto pair = connect();
  EXPECT_EQ(pair->server->why(), "TLS: the client offers other protocols only (ALPN)");
  EXPECT_EQ(pair->client.alert(), "no application protocol");
}

TEST_F(Handshake, SelectsHttpByAlpnWhereWebSocketIsSpoken) {
  options.protocol = config::Protocol::websocket;
  manner.alpn = {"h2", "http/1.1"};
  EXPECT_EQ(connect()->client.alpn(), "http/1.1");
  manner.alpn = {"mqtt", "http/1.1"};
  EXPECT_EQ(connect()->client.alpn(), "http/1.1");
  options.protocol = config::Protocol::any;
  server.reset();
  EXPECT_EQ(connect()->client.alpn(), "mqtt");
  manner.alpn = {"h2"};
  EXPECT_FALSE(connect()->server->open());
}

TEST_F(Handshake, StaplesAnOcspAnswer) {
  const std::string answer = authority.ocsp(own);
  options.ocsp_file = files.write("ocsp.der", answer);
  manner.wants_staple = true;
  EXPECT_EQ(connect()->client.staple(), answer);
  manner.version_max = TLS1_2_VERSION;
  EXPECT_EQ(connect()->client.staple(), answer);
}

TEST_F(Handshake, DoesNotStapleAnAnswerThatHasExpired) {
  options.ocsp_file = files.write("ocsp.der", authority.ocsp(own, -60));
  manner.wants_staple = true;
  const auto pair = connect();
  EXPECT_TRUE(pair->server->open());
  EXPECT_EQ(pair->client.staple(), "");
  EXPECT_THAT(server->warnings(), ::testing::Contains(HasSubstr("has expired and is not stapled")));
}

TEST_F(Handshake, SaysThatTheClientDistrustsUs) {
  const Authority another("Another CA");
  manner.trusts = &another;
  EXPECT_EQ(refusal(), "TLS: the client does not accept our certificate: unknown CA");
}

TEST_F(Handshake, KnowsWhatIsNotTls) {
  load();
  const auto why = [&](std::string_view bytes) {
    const auto made = server->make_filter();
    std::vector<std::uint8_t> in;
    std::vector<std::uint8_t> out;
    EXPECT_FALSE(made->receive({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}, in, out));
    return std::string(made->why());
  };
  EXPECT_EQ(why("\x10\x0c"), "TLS: this is plain MQTT, not TLS");
  EXPECT_EQ(why("GET / HTTP/1.1\r\n"), "TLS: this is plain HTTP, not TLS");
  EXPECT_EQ(why("G"), "TLS: this is plain HTTP, not TLS");
  EXPECT_THAT(why("PROXY TCP4 "), HasSubstr("PROXY header"));
  EXPECT_THAT(why(std::string_view("\r\n\r\n\0\r\nQUIT\n", 12)), HasSubstr("PROXY header"));
  EXPECT_EQ(why("\x80\x2e\x01\x03\x01"), "TLS: this is no TLS; it may be SSL 2");
  EXPECT_EQ(why("hello"), "TLS: this is no TLS");
  EXPECT_EQ(why(std::string_view("\x16\x03\x01\x00\x04\x02\x00\x00\x00", 9)), "TLS: this does not begin with a ClientHello");
  // An empty record first would hide the ClientHello's length.
  EXPECT_EQ(why(std::string_view("\x16\x03\x01\x00\x00\x16\x03\x01\x00\x04\x01\x01\xff\xff", 14)),
            "TLS: this does not begin with a ClientHello");
  EXPECT_EQ(why(std::string_view("\x16\x03\x01\xff\xff\x01", 6)), "TLS: this does not begin with a ClientHello");
  EXPECT_EQ(why(std::string_view("\x16\x03\x01\x00\x04\x01\xff\xff\xff", 9)), "TLS: the ClientHello is too long");
}

}  // namespace
}  // namespace tombo::test
