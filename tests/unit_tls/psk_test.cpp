#include "filter/tls/psk_file.hpp"
#include "unit_tls/arrange.hpp"

namespace tombo::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Psk : public TlsTest, public ::testing::WithParamInterface<int> {
 protected:
  Psk() {
    options.certificates.clear();
    options.psk_file = files.write("psk", "# sensors\n\nsensor:00112233445566778899AABBccddeeff\r\na:b:00\n");
    options.user_name_from = config::UserNameFrom::psk_identity;
    manner.psk_identity = "sensor";
    manner.psk_key = std::string("\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff", 16);
    manner.ciphers = "PSK";
    manner.version_min = GetParam();
    manner.version_max = GetParam();
  }
};
INSTANTIATE_TEST_SUITE_P(Versions, Psk, ::testing::Values(TLS1_2_VERSION, TLS1_3_VERSION));

TEST_P(Psk, LetsInWhoKnowsTheKey) {
  const auto pair = connect();
  ASSERT_TRUE(pair->server->open()) << pair->server->why();
  EXPECT_EQ(pair->peer().psk_identity, "sensor");
  EXPECT_EQ(pair->peer().user_name, "sensor");
}

TEST_P(Psk, TakesTheLastColon) {
  manner.psk_identity = "a:b";
  manner.psk_key = std::string(1, '\0');
  EXPECT_EQ(connect()->peer().user_name, "a:b");
}

TEST_P(Psk, RefusesAWrongKey) {
  manner.psk_key.back() ^= 1;
  EXPECT_EQ(refusal(), "TLS: wrong key for PSK identity \"sensor\"");
}

TEST_P(Psk, RefusesAnUnknownIdentity) {
  manner.psk_identity = "nobody\n";
  EXPECT_EQ(refusal(), "TLS: unknown PSK identity \"nobody?\"");
}

TEST_P(Psk, RefusesAClientWithout) {
  manner.psk_identity.clear();
  manner.ciphers.clear();
  EXPECT_THAT(refusal(), HasSubstr("TLS: no "));
}

TEST_P(Psk, StandsBesideCertificates) {
  options.certificates = {files / "server.pem"};
  EXPECT_EQ(connect()->peer().user_name, "sensor");
  manner.psk_identity.clear();
  manner.ciphers.clear();
  const auto pair = connect();
  EXPECT_TRUE(pair->server->open()) << pair->server->why();
  EXPECT_EQ(pair->peer().user_name, "");
}

TEST_P(Psk, GivesAHint) {
  options.psk_hint = "which one";
  EXPECT_EQ(connect()->client.hint(), GetParam() == TLS1_2_VERSION ? "which one" : "");
}

std::vector<std::string> wrong_in(std::string_view text) {
  filter::Problems problems;
  filter::Problems warnings;
  filter::PskTable::parse(text, "psk", problems, warnings);
  return problems;
}

TEST(PskFile, SaysAllThatIsWrong) {
  EXPECT_THAT(wrong_in("nokey\n:00\nx:\ny:123\nz:0g\n\n# c\nok:00\nok:01\n\xff:00\n" + std::string(256, 'i') +
                       ":00\nlong:" + std::string(1026, '0')),
              ElementsAre("psk:1: no colon: a line is identity:key-in-hex", "psk:2: the identity is missing",
                          "psk:3: the key is missing", "psk:4: the key has an odd number of hexadecimal digits",
                          "psk:5: the key is not hexadecimal", "psk:9: the identity has a key already, in line 8",
                          "psk:10: the identity is not UTF-8, or holds NUL", "psk:11: the identity is longer than 255 bytes",
                          "psk:12: the key is longer than 256 bytes"));
  EXPECT_THAT(wrong_in("# nothing\n"), ElementsAre("psk: no identities in it"));
  EXPECT_THAT(wrong_in("a:00"), IsEmpty());
}

TEST(PskFile, DoesNotTellProblemsWithoutEnd) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "x\n";
  const auto wrong = wrong_in(text);
  EXPECT_EQ(wrong.size(), 51U);
  EXPECT_EQ(wrong.back(), "psk:51: and more that are not told");
}

}  // namespace
}  // namespace tombo::test
