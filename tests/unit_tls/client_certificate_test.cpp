#include "unit_tls/arrange.hpp"

#include <filesystem>

namespace tombo::test {
namespace {

using config::ClientCertificate;
using config::UserNameFrom;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// In both versions: in TLS 1.3 a client believes that it is connected before its certificate is looked at.
class ClientCertificates : public TlsTest, public ::testing::WithParamInterface<int> {
 protected:
  ClientCertificates() {
    manner.version_min = GetParam();
    manner.version_max = GetParam();
  }
  std::string refuses(const Issued& shown) {
    manner.certificate = &shown;
    return refusal();
  }
  void admits(const Issued& shown) {
    manner.certificate = &shown;
    const auto pair = connect();
    EXPECT_TRUE(pair->server->open()) << pair->server->why();
  }
};
INSTANTIATE_TEST_SUITE_P(Versions, ClientCertificates, ::testing::Values(TLS1_2_VERSION, TLS1_3_VERSION));

TEST_P(ClientCertificates, AreNotAskedForByDefault) {
  const Issued shown = issue("x");
  manner.certificate = &shown;
  EXPECT_EQ(connect()->peer().certificate_cn, "");
}

TEST_P(ClientCertificates, MayBeLeftOutWhereOptional) {
  ask(ClientCertificate::optional);
  EXPECT_TRUE(connect()->server->open());
  const Issued shown = issue("x");
  manner.certificate = &shown;
  EXPECT_EQ(connect()->peer().certificate_cn, "x");
  const Authority another("Another CA");
  EXPECT_THAT(refuses(Authority("Another CA").issue({.common_name = "y"})),
              "TLS: certificate of CN=y is signed by an unknown authority");
}

TEST_P(ClientCertificates, AreRequired) {
  ask(ClientCertificate::required);
  EXPECT_EQ(refusal(), "TLS: the client shows no certificate");
  admits(issue("x"));
}

TEST_P(ClientCertificates, AreShownToWhoeverAsks) {
  ask(ClientCertificate::optional);
  EXPECT_EQ(connect()->server->certificate(), "") << "it showed none";
  const Issued shown = issue("sensor-7");
  manner.certificate = &shown;
  const std::string der = connect()->server->certificate();
  const std::unique_ptr<X509, decltype(&X509_free)> known{static_cast<X509*>(filter::parsed_certificate(der)), &X509_free};
  ASSERT_NE(known, nullptr);
  EXPECT_EQ(X509_cmp(known.get(), shown.certificate.get()), 0);
  options.user_name_from = UserNameFrom::certificate_san;  // which it has not
  server.reset();
  EXPECT_EQ(connect()->server->certificate(), "");
}

TEST(Certificates, AreNotMadeOfAnythingElse) {
  for (const char* none : {"", "x", "0\x82"}) EXPECT_EQ(filter::parsed_certificate(none), nullptr);
}

TEST_P(ClientCertificates, TellWhoSomebodyIs) {
  ask(ClientCertificate::required);
  options.user_name_from = UserNameFrom::certificate_cn;
  const Issued shown =
      authority.issue({.common_name = "sensor-7", .names = "email:a@b.c,DNS:s7.example,URI:urn:s7,IP:1.2.3.4"});
  manner.certificate = &shown;
  auth::Peer peer = connect()->peer();
  EXPECT_EQ(peer.user_name, "sensor-7");
  EXPECT_EQ(peer.certificate_cn, "sensor-7");
  EXPECT_EQ(peer.certificate_subject, "CN=sensor-7");
  EXPECT_THAT(peer.certificate_names, ElementsAre("a@b.c", "s7.example", "urn:s7"));
  options.user_name_from = UserNameFrom::certificate_subject;
  server.reset();
  EXPECT_EQ(connect()->peer().user_name, "CN=sensor-7");
  options.user_name_from = UserNameFrom::certificate_san;
  server.reset();
  EXPECT_EQ(connect()->peer().user_name, "a@b.c");
}

TEST_P(ClientCertificates, HaveTheirTime) {
  ask(ClientCertificate::optional);
  EXPECT_EQ(refuses(authority.issue({.common_name = "old", .from_s = -7200, .until_s = -3600})),
            "TLS: certificate of CN=old has expired");
  EXPECT_EQ(refuses(authority.issue({.common_name = "young", .from_s = 3600})),
            "TLS: certificate of CN=young is not valid yet");
}

TEST_P(ClientCertificates, AreMeantForClients) {
  ask(ClientCertificate::optional);
  EXPECT_EQ(refuses(authority.issue({.common_name = "server", .for_clients_too = false})),
            "TLS: certificate of CN=server is not meant for clients");
}

TEST_P(ClientCertificates, NeedTheKey) {
  ask(ClientCertificate::optional);
  Issued thief = issue("victim");
  const Issued own_key = issue("thief");
  EVP_PKEY_up_ref(own_key.key.get());
  thief.key.reset(own_key.key.get());
  // OpenSSL's client does not show a certificate whose key it has not: nothing proves a name then.
  manner.certificate = &thief;
  EXPECT_NE(connect()->peer().certificate_cn, "victim");
}

TEST_P(ClientCertificates, ComeWithTheirChain) {
  ask(ClientCertificate::required);
  Authority below = authority.below("Intermediate");
  const Issued shown = below.issue({.common_name = "x"});
  EXPECT_THAT(refuses(shown), HasSubstr("signed by an unknown authority"));
  manner.chain = {&below.own()};
  admits(shown);
}

TEST_P(ClientCertificates, MustNotSignOthers) {
  ask(ClientCertificate::required);
  const Issued leaf = issue("leaf");
  Issued copy;
  X509_up_ref(leaf.certificate.get());
  copy.certificate.reset(leaf.certificate.get());
  EVP_PKEY_up_ref(leaf.key.get());
  copy.key.reset(leaf.key.get());
  Authority false_one(std::move(copy));
  manner.chain = {&leaf};
  EXPECT_THAT(refuses(false_one.issue({.common_name = "admin"})),
              ::testing::AnyOf(HasSubstr("signs others"), HasSubstr("authority")));
}

TEST_P(ClientCertificates, AreFoundByAuthoritiesInADirectory) {
  options.client_certificate = ClientCertificate::required;
  files.write("cas/0a1b2c3d.0", authority.pem());
  files.write("cas/README", "no certificate");
  options.ca_directory = files / "cas";
  admits(issue("x"));
}

TEST_P(ClientCertificates, AreTakenBackByAList) {
  ask(ClientCertificate::optional);
  const Issued good = issue("good");
  const Issued bad = issue("bad");
  options.crls = {files.write("list.crl", authority.crl({&bad}))};
  admits(good);
  EXPECT_EQ(refuses(bad), "TLS: certificate of CN=bad was revoked");
}

TEST_P(ClientCertificates, AreTakenBackByListsInADirectory) {
  ask(ClientCertificate::optional);
  Authority below = authority.below("Intermediate");
  const Issued good = below.issue({.common_name = "good"});
  const Issued bad = below.issue({.common_name = "bad"});
  files.write("crls/root.crl", authority.crl({}));
  files.write("crls/below.pem", below.crl({&bad}));
  options.crls = {files / "crls"};
  manner.chain = {&below.own()};
  admits(good);
  EXPECT_EQ(refuses(bad), "TLS: certificate of CN=bad was revoked");
}

TEST_P(ClientCertificates, OfAnIntermediateThatWasTakenBackGoWithIt) {
  ask(ClientCertificate::optional);
  Authority below = authority.below("Intermediate");
  const Issued shown = below.issue({.common_name = "x"});
  options.crls = {files.write("all.crl", authority.crl({&below.own()}) + below.crl({}))};
  manner.chain = {&below.own()};
  EXPECT_EQ(refuses(shown), "TLS: certificate of CN=Intermediate was revoked");
}

TEST_P(ClientCertificates, NeedAListThatIsNew) {
  ask(ClientCertificate::optional);
  options.crls = {files.write("list.crl", authority.crl({}, -60))};
  EXPECT_EQ(refuses(issue("x")), "TLS: the revocation list for the issuer of the certificate of CN=x has expired");
}

TEST_P(ClientCertificates, NeedAListOfTheirIssuer) {
  ask(ClientCertificate::optional);
  const Authority another("Another CA");
  options.crls = {files.write("list.crl", another.crl({}))};
  EXPECT_EQ(refuses(issue("x")), "TLS: there is no revocation list for the issuer of the certificate of CN=x");
}

TEST_P(ClientCertificates, WithNulInANameAreRefused) {
  ask(ClientCertificate::optional);
  options.user_name_from = UserNameFrom::certificate_cn;
  EXPECT_THAT(refuses(issue(std::string("admin\0.evil", 11))), HasSubstr("holds NUL or is no text"));
  EXPECT_EQ(refuses(issue("admin\xff")), "TLS: invalid utf8string");  // OpenSSL does not even parse it
}

TEST_P(ClientCertificates, WithNulInAnAlternativeNameAreRefused) {
  ask(ClientCertificate::optional);  // even where no user name comes of it: rules may look at the names
  for (const std::string& raw : {std::string("admin\0.evil", 11), std::string("\xc0\x80"), std::string("a\xff")}) {
    EXPECT_THAT(refuses(authority.issue({.common_name = "x", .raw_name = raw})),
                "TLS: certificate of CN=x: an alternative name is empty, holds NUL or is no text");
  }
}

TEST_P(ClientCertificates, MayHaveNamesBeyondAscii) {
  ask(ClientCertificate::optional);
  options.user_name_from = UserNameFrom::certificate_cn;
  const Issued shown = issue("Gerät 7");
  manner.certificate = &shown;
  EXPECT_EQ(connect()->peer().user_name, "Gerät 7");
  EXPECT_EQ(connect()->peer().certificate_subject, "CN=Ger\\C3\\A4t 7");
}

TEST_P(ClientCertificates, WithoutTheNameThatIsWantedAreRefused) {
  ask(ClientCertificate::optional);
  options.user_name_from = UserNameFrom::certificate_san;
  EXPECT_THAT(refuses(issue("x")), HasSubstr("it has no alternative name, which user_name_from wants"));
  options.user_name_from = UserNameFrom::certificate_cn;
  server.reset();
  EXPECT_THAT(refuses(authority.issue({.common_name = "a", .more_common_names = {"b"}})), HasSubstr("several common names"));
}

TEST_P(ClientCertificates, OnlyProveWhatTheOperatorWants) {
  ask(ClientCertificate::optional);
  const Issued shown = issue("admin");
  manner.certificate = &shown;
  EXPECT_EQ(connect()->peer().user_name, "");  // user_name_from is connect
}

}  // namespace
}  // namespace tombo::test
