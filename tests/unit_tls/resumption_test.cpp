#include "filter/tls/tickets.hpp"
#include "unit_tls/arrange.hpp"

namespace tombo::test {
namespace {

using config::ClientCertificate;

class Resumption : public TlsTest, public ::testing::WithParamInterface<int> {
 protected:
  Resumption() {
    manner.version_min = GetParam();
    manner.version_max = GetParam();
  }
  /// Connects and keeps the session for the next client.
  void begin() {
    const auto pair = connect();
    ASSERT_TRUE(pair->server->open()) << pair->server->why();
    pair->client.read();
    kept = pair->client.session();
    manner.resumes = kept.get();
  }
  bool resumes() {
    const auto pair = connect();
    EXPECT_TRUE(pair->server->open()) << pair->server->why();
    if (!pair->server->open()) return false;
    peer = pair->peer();
    return pair->client.resumed();
  }

  SessionPtr kept;
  auth::Peer peer;
};
INSTANTIATE_TEST_SUITE_P(Versions, Resumption, ::testing::Values(TLS1_2_VERSION, TLS1_3_VERSION));

TEST_P(Resumption, GoesByTicket) {
  begin();
  ASSERT_NE(kept, nullptr);
  EXPECT_TRUE(resumes());
}

TEST_P(Resumption, SurvivesAReloadWithANewCertificate) {
  begin();
  own = authority.issue({.common_name = "broker2", .names = "DNS:broker"});
  files.write("server.pem", own.pem() + own.key_pem());
  load();
  EXPECT_TRUE(resumes());
}

TEST_P(Resumption, DoesNotGoToAnotherListener) {
  begin();
  server.reset();  // what comes next has keys of its own
  EXPECT_FALSE(resumes());
}

TEST_P(Resumption, IsOffWhereTheTimeIsZero) {
  options.tls_session_timeout_s = 0;
  begin();
  EXPECT_EQ(kept, nullptr);
}

TEST_P(Resumption, RemembersTheCertificate) {
  ask(ClientCertificate::required);
  options.user_name_from = config::UserNameFrom::certificate_cn;
  const Issued shown = issue("sensor");
  manner.certificate = &shown;
  begin();
  EXPECT_TRUE(resumes());
  EXPECT_EQ(peer.user_name, "sensor");
  EXPECT_EQ(peer.certificate_cn, "sensor");
}

TEST_P(Resumption, EndsForAClientWhoseCertificateWasTakenBack) {
  ask(ClientCertificate::required);
  const Issued shown = issue("sensor");
  manner.certificate = &shown;
  options.crls = {files.write("list.crl", authority.crl({}))};
  begin();
  EXPECT_TRUE(resumes());
  files.write("list.crl", authority.crl({&shown}));
  load();
  EXPECT_EQ(refusal(), "TLS: certificate of CN=sensor was revoked");
}

TEST_P(Resumption, EndsWhenTheRulesBecomeStricter) {
  ask(ClientCertificate::optional);
  begin();
  options.client_certificate = ClientCertificate::required;
  load();
  EXPECT_EQ(refusal(), "TLS: the client shows no certificate");
}

TEST_P(Resumption, RemembersThePskIdentity) {
  options.psk_file = files.write("psk", "sensor:00112233445566778899aabbccddeeff\n");
  options.user_name_from = config::UserNameFrom::psk_identity;
  options.certificates.clear();
  manner.psk_identity = "sensor";
  manner.psk_key = std::string("\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff", 16);
  manner.ciphers = "PSK";
  begin();
  EXPECT_TRUE(resumes());
  EXPECT_EQ(peer.psk_identity, "sensor");
  EXPECT_EQ(peer.user_name, "sensor");
  files.write("psk", "other:00112233445566778899aabbccddeeff\n");
  load();
  EXPECT_EQ(refusal(), "TLS: unknown PSK identity \"sensor\"");
}

TEST(TicketKeys, AreMadeAnewAndForgotten) {
  using namespace std::chrono_literals;
  static filter::TicketKeys::Time now;  // turned by hand
  now = {};
  filter::TicketKeys keys(100s, [] { return now; });
  struct Use {
    std::array<unsigned char, 16> name = {};
    std::array<unsigned char, EVP_MAX_IV_LENGTH> iv = {};
  } ticket;
  const std::unique_ptr<EVP_MAC, filter::Frees<EVP_MAC_free>> hmac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
  const auto use = [&](bool seal) {
    const std::unique_ptr<EVP_CIPHER_CTX, filter::Frees<EVP_CIPHER_CTX_free>> cipher(EVP_CIPHER_CTX_new());
    const std::unique_ptr<EVP_MAC_CTX, filter::Frees<EVP_MAC_CTX_free>> mac(EVP_MAC_CTX_new(hmac.get()));
    return keys.use(ticket.name.data(), ticket.iv.data(), cipher.get(), mac.get(), seal);
  };
  EXPECT_EQ(use(true), 1);
  now += 99s;
  EXPECT_EQ(use(false), 1);
  now += 2s;
  EXPECT_EQ(use(false), 2);  // with the previous key: a new ticket, please
  now += 98s;
  EXPECT_EQ(use(false), 2);
  now += 2s;
  EXPECT_EQ(use(false), 0);
}

}  // namespace
}  // namespace tombo::test
