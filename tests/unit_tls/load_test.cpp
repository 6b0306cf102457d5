#include "unit_tls/arrange.hpp"

#include <openssl/pem.h>

namespace tombo::test {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;
using Load = TlsTest;

TEST_F(Load, SaysAllThatIsWrongAtOnce) {
  options.certificates = {files / "none.pem", files.write("empty.pem", ""), files / "server.pem"};
  options.keys = {files / "server.pem", files.write("not.key", "nothing"), files / "absent.key"};
  options.client_certificate = config::ClientCertificate::optional;
  options.ca_file = files.write("ca.pem", "\n");
  options.ca_directory = files / "nowhere";
  options.crls = {files.write("list.crl", "x")};
  options.psk_file = files.write("psk", "a:00\nb\nc:0\n");
  options.ciphers = "NO-SUCH-CIPHER";
  EXPECT_THAT(problems(),
              UnorderedElementsAre(HasSubstr("none.pem: No such file"), HasSubstr("empty.pem: no certificate in it"),
                                   HasSubstr("not.key: no private key in it"), HasSubstr("absent.key: No such file"),
                                   HasSubstr("ca.pem: no certificate in it"), HasSubstr("nowhere: "),
                                   HasSubstr("list.crl: no revocation list in it"), HasSubstr("psk:2: no colon"),
                                   HasSubstr("psk:3: the key has an odd"), HasSubstr("ciphers = \"NO-SUCH-CIPHER\"")));
}

TEST_F(Load, WantsTheKeyToFit) {
  const Issued another = issue("another");
  options.keys = {files.write("another.key", another.key_pem())};
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("another.key does not fit the certificate")));
}

TEST_F(Load, DoesNotAskForAPassPhrase) {
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(bio, own.key.get(), EVP_aes_256_cbc(), reinterpret_cast<const unsigned char*>("secret"), 6, nullptr,
                           nullptr);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  options.keys = {files.write("locked.key", std::string(data, static_cast<std::size_t>(size)))};
  BIO_free(bio);
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("locked.key: the private key is encrypted")));
}

TEST_F(Load, NamesTheLineOfABrokenCertificate) {
  std::string text = own.pem();
  text += "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  options.certificates = {files.write("broken.pem", text + own.key_pem())};
  const std::string line =
      std::to_string(1 + std::count(text.begin(), text.begin() + static_cast<long>(own.pem().size()), '\n'));
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("broken.pem:" + line + ": this is no certificate: ")));
}

TEST_F(Load, WantsAKeyForEachCertificate) {
  options.certificates.push_back(options.certificates.front());
  options.keys = {files / "server.pem"};
  EXPECT_THAT(problems(), Contains(HasSubstr("2 certificates and 1 keys")));
}

TEST_F(Load, RefusesWhatContradictsItself) {
  options.certificates.clear();
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("neither certificates nor psk_file")));
  options.psk_file = files.write("psk", "a:00112233445566778899aabbccddeeff\n");
  ask(config::ClientCertificate::required);
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("keeps out those with a pre-shared key")));
  options.client_certificate = config::ClientCertificate::none;
  options.user_name_from = config::UserNameFrom::certificate_cn;
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("user_name_from wants a certificate")));
}

TEST_F(Load, WantsAnAuthorityToAskForCertificates) {
  options.client_certificate = config::ClientCertificate::required;
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("client_certificate needs ca_file or ca_directory")));
}

TEST_F(Load, LooksAtTheOcspAnswer) {
  options.ocsp_file = files.write("ocsp.der", "nonsense");
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("ocsp.der: this is no OCSP answer in DER")));
  files.write("ocsp.der", authority.ocsp(issue("another")));
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("ocsp.der: the OCSP answer is not for the first certificate")));
}

TEST_F(Load, DoesNotReadADirectoryOrAPipeAsAFile) {
  options.certificates = {"/tmp", "/dev/zero"};
  EXPECT_THAT(problems(), ElementsAre("/tmp: not a file", "/dev/zero: not a file"));
}

TEST_F(Load, Warns) {
  const Issued old = authority.issue({.common_name = "old", .from_s = -7200, .until_s = -3600});
  options.certificates = {files.write("old.pem", old.pem() + old.key_pem())};
  options.psk_file = files.write("psk", "a:0011\n");
  load();
  EXPECT_THAT(server->warnings(), UnorderedElementsAre(HasSubstr("old.pem: the certificate has expired"),
                                                       HasSubstr("psk:1: a key of less than 16 bytes")));
}

TEST_F(Load, NamesItsFiles) {
  options.keys = {"k"};
  options.crls = {"c"};
  options.ca_directory = "d";
  EXPECT_THAT(filter::TlsServer::files(options), ElementsAre(options.certificates.front(), "k", "c", "d"));
}

TEST_F(Load, LeavesTheOldOneAloneWhenItFails) {
  load();
  const auto old = server;
  files.write("server.pem", "broken");
  EXPECT_FALSE(filter::TlsServer::load(options, server.get()).ok());
  EXPECT_TRUE(connect()->server->open());
  EXPECT_EQ(server, old);
}

TEST_F(Load, KeepsAConnectionAliveWhoseServerHasGone) {
  const auto pair = connect();
  server.reset();
  pair->client.write("still there");
  ASSERT_TRUE(pair->talk());
  EXPECT_EQ(pair->inward, "still there");
}

}  // namespace
}  // namespace tombo::test
