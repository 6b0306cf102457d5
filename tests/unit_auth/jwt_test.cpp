#include "auth/backends.hpp"
#include "auth/jwt/jwt_key.hpp"
#include "auth/jwt/token.hpp"
#include "backend_contract.hpp"
#include "jwt_maker.hpp"
#include "temporary_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

namespace tombo::auth::jwt {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using Kind = Verdict::Kind;

const std::string kSecret = "0123456789abcdef0123456789abcdef";
constexpr std::string_view kOther = "another secret, which is as long";

/// Time stands at 1'700'001'000.
class JwtTest : public ::testing::Test {
 protected:
  JwtTest() { options.jwt.key_file = directory.write("key", kSecret + "\n"); }

  MadeBackend make() { return make_jwt(options, workers, clock); }
  Verdict ask(const Login& login) {
    auto made = make();
    EXPECT_TRUE(made.ok()) << ::testing::PrintToString(made.error());
    return made ? BackendContract::ask(**made, login) : Verdict{};
  }
  Verdict ask_with(std::string_view token) { return ask(LoginOf{"c1"}.user("ignored").password(token)); }
  Verdict claims(std::string_view json) { return ask_with(hs256(kSecret, json)); }
  /// What is wrong with the options and files.
  Problems problems() {
    const auto made = make();
    return made ? Problems{} : made.error();
  }

  TemporaryDirectory directory;
  ManualClock clock;
  Workers workers{1, 100};
  config::Options options;
};

constexpr std::string_view kGood = R"({"sub":"alice","exp":1700002000})";

TEST_F(JwtTest, LetsTheUserOfAGoodTokenIn) {
  const auto verdict = claims(kGood);
  ASSERT_TRUE(verdict.kind == Kind::allow) << verdict.why;
  EXPECT_EQ(verdict.principal->user_name, "alice");
  EXPECT_EQ(verdict.principal->backend, "jwt");
  EXPECT_EQ(verdict.principal->ends_at_s, 1'700'002'005);
  EXPECT_FALSE(verdict.principal->has_grants);
}

TEST_F(JwtTest, KeepsTheContract) {
  const auto pair = KeyPair::elliptic("P-256");
  std::filesystem::create_directory(directory.path("keys"));
  directory.write("keys/es.pem", pair.public_pem());
  options.jwt.key_directory = directory.path("keys");
  const std::string later = R"({"sub":"alice","exp":4102444800})";
  const std::string text = unsigned_token(R"({"alg":"ES256","kid":"es"})", later);
  const std::string signature = base64url(pair.sign(text, EVP_sha256()));
  BackendContract{[&](Workers& w, const Clock& c) { return make_jwt(options, w, c); },
                  {{LoginOf{}.user("x").password(hs256(kSecret, later)), Kind::allow},
                   {LoginOf{}.password(hs256(kSecret, later)), Kind::allow},
                   {LoginOf{}.user("x").password(text + "." + signature), Kind::allow},
                   {LoginOf{}.user("x").password(text + "." + base64url(pair.sign("x", EVP_sha256()))), Kind::deny},
                   {LoginOf{}.user("x").password(hs256(kOther, later)), Kind::deny},
                   {LoginOf{}.user("x").password("secret"), Kind::unknown},
                   {LoginOf{}.user("x").password("my.pass.word"), Kind::unknown},
                   {LoginOf{}.user("x").password(""), Kind::unknown},
                   {LoginOf{}.user("x"), Kind::unknown},
                   {LoginOf{}, Kind::unknown}}}
      .hold();
}

TEST_F(JwtTest, VerifiesEveryAlgorithm) {
  std::filesystem::create_directory(directory.path("keys"));
  options.jwt.key_directory = directory.path("keys");
  const auto rsa = KeyPair::rsa(2048);
  const auto p256 = KeyPair::elliptic("P-256"), p384 = KeyPair::elliptic("P-384"), p521 = KeyPair::elliptic("P-521");
  const std::string secret(64, 's');
  directory.write("keys/rsa.pem", rsa.public_pem());
  directory.write("keys/p256.pem", p256.public_pem());
  directory.write("keys/p384.pem", p384.public_pem());
  directory.write("keys/p521.pem", p521.public_pem());
  directory.write("keys/hs.key", secret);
  const std::vector<std::pair<std::string, const EVP_MD*>> hashes{
      {"256", EVP_sha256()}, {"384", EVP_sha384()}, {"512", EVP_sha512()}};
  int allowed = 0;
  for (const auto& kid : {"rsa", "p256", "p384", "p521", "hs"}) {
    for (const auto& family : {"HS", "RS", "ES"}) {
      for (const auto& [bits, hash] : hashes) {
        const std::string text = unsigned_token(fmt::format(R"({{"alg":"{}{}","kid":"{}"}})", family, bits, kid), kGood);
        const std::string_view id{kid};
        const std::string signature = id == "rsa"    ? rsa.sign(text, hash)
                                      : id == "p256" ? p256.sign(text, hash)
                                      : id == "p384" ? p384.sign(text, hash)
                                      : id == "p521" ? p521.sign(text, hash)
                                                     : hmac(secret, text, hash);
        const bool fits =
            (id == "rsa" && std::string_view{family} == "RS") || (id == "hs" && std::string_view{family} == "HS") ||
            (std::string_view{family} == "ES" &&
             ((id == "p256" && bits == "256") || (id == "p384" && bits == "384") || (id == "p521" && bits == "512")));
        const auto verdict = ask_with(text + "." + base64url(signature));
        EXPECT_EQ(verdict.kind == Kind::allow, fits) << kid << " " << family << bits << ": " << verdict.why;
        allowed += fits ? 1 : 0;
      }
    }
  }
  EXPECT_EQ(allowed, 9);
}

// The classic: the public key, which everybody has, used as the secret of an HS token.
TEST_F(JwtTest, NeverTakesAPublicKeyForASecret) {
  const auto pair = KeyPair::rsa(2048);
  options.jwt.key_file = directory.write("key.pem", pair.public_pem());
  EXPECT_TRUE(ask_with(hs256(pair.public_pem(), kGood)).kind == Kind::deny);
  options.jwt.algorithms = {"HS256"};
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("no key is for it")));
  options.jwt.algorithms = {};
  options.jwt.key_file = directory.write("key.der", pair.public_der());
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("not in PEM")));
  options.jwt.key_file = directory.write("key.ssh", "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQC7 me@host\n");
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("not in PEM")));
}

TEST_F(JwtTest, NeverAcceptsNone) {
  for (const auto* name : {"none", "None", "NONE", "nOnE", "", "HS", "hs256", "HS256 ", "PS256", "EdDSA"}) {
    const std::string text = unsigned_token(fmt::format(R"({{"alg":"{}"}})", name), kGood);
    EXPECT_TRUE(ask_with(text + ".").kind == Kind::deny) << name;
    EXPECT_TRUE(ask_with(text + "." + base64url(hmac(kSecret, text, EVP_sha256()))).kind == Kind::deny) << name;
    EXPECT_TRUE(ask_with(text + "." + base64url(hmac("", text, EVP_sha256()))).kind == Kind::deny) << name;
  }
  options.jwt.algorithms = {"none"};
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("\"none\", which is none of")));
}

TEST_F(JwtTest, AcceptsOnlyTheAlgorithmsThatAreListed) {
  const std::string secret(64, 's');
  options.jwt.key_file = directory.write("key", secret);
  options.jwt.algorithms = {"HS512"};
  EXPECT_TRUE(ask_with(hs256(secret, kGood)).kind == Kind::deny);
  const std::string text = unsigned_token(R"({"alg":"HS512"})", kGood);
  EXPECT_TRUE(ask_with(text + "." + base64url(hmac(secret, text, EVP_sha512()))).kind == Kind::allow);
}

TEST_F(JwtTest, RefusesHeadersThatAreNotUnderstood) {
  for (const auto* header :
       {"{}", "[]", R"({"alg":1})", R"({"alg":["HS256"]})", R"({"alg":"HS256")", R"({"alg":"HS256","crit":["exp"]})",
        R"({"alg":"HS256","kid":7})", R"({"alg":"HS256","typ":"other"})", R"({"alg":"HS256","alg":"none"})",
        R"({"alg":"none","alg":"RS256"})"}) {
    EXPECT_FALSE(ask_with(hs256(kSecret, kGood, header)).kind == Kind::allow) << header;
  }
  EXPECT_TRUE(ask_with(hs256(kSecret, kGood, R"({"alg":"HS256","kid":"../../etc/passwd"})")).kind == Kind::allow)
      << "where there is one key a kid says nothing";
}

TEST_F(JwtTest, RefusesWhatIsCutOrChanged) {
  const std::string good = hs256(kSecret, kGood);
  ASSERT_TRUE(ask_with(good).kind == Kind::allow);
  for (std::size_t size = good.rfind('.') - 1; size < good.size(); ++size) {
    EXPECT_FALSE(ask_with(good.substr(0, size)).kind == Kind::allow) << size;
  }
  for (std::size_t at = 0; at + 1 < good.size(); ++at) {
    std::string changed = good;
    changed[at] = changed[at] == 'B' ? 'C' : 'B';
    EXPECT_FALSE(ask_with(changed).kind == Kind::allow) << at;
  }
  EXPECT_FALSE(ask_with(good + ".x").kind == Kind::allow);
  EXPECT_FALSE(ask_with(good + std::string(1, '\0')).kind == Kind::allow);
  EXPECT_FALSE(ask_with(good + "A").kind == Kind::allow);
}

TEST_F(JwtTest, RefusesATokenThatIsTooLong) {
  const auto padded = [](std::size_t bytes) {
    return fmt::format(R"({{"sub":"alice","exp":1700002000,"x":"{}"}})", std::string(bytes, 'x'));
  };
  EXPECT_TRUE(claims(padded(kTokenBytesMax / 2)).kind == Kind::allow) << "by a worker";
  EXPECT_EQ(claims(padded(kTokenBytesMax)).why, "the token is too long");
}

struct Case {
  std::string claims;
  std::string why;  // empty: allowed
};
class Claims : public JwtTest, public ::testing::WithParamInterface<Case> {};

TEST_P(Claims, Hold) {
  options.jwt.issuer = "https://issuer";
  options.jwt.audience = "mqtt";
  options.jwt.client_id_claim = "cid";
  std::string json = GetParam().claims;
  const auto verdict = claims(json);
  EXPECT_EQ(verdict.why, GetParam().why) << json;
  EXPECT_EQ(verdict.kind == Kind::allow, GetParam().why.empty()) << json;
}

std::string with(std::string_view more, std::string_view without = "") {
  std::string made;
  for (const auto& [name, value] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
           {"sub", R"("alice")"}, {"exp", "1700001001"}, {"iss", R"("https://issuer")"}, {"aud", R"("mqtt")"}, {"cid", R"("c1")"}}) {
    if (name != without) made += fmt::format(R"("{}":{},)", name, value);
  }
  if (more.empty()) made.pop_back();
  return "{" + made + std::string{more} + "}";
}

INSTANTIATE_TEST_SUITE_P(Jwt, Claims, ::testing::ValuesIn(std::vector<Case>{
    {with(""), ""},
    {with(R"("exp":1700000996)", "exp"), ""},
    {with(R"("exp":1700000995)", "exp"), "the token has expired"},
    {with(R"("exp":1700000996.5)", "exp"), ""},
    {with(R"("exp":-1)", "exp"), "the token has expired"},
    {with(R"("exp":"1800000000")", "exp"), "the token's exp is no time"},
    {with(R"("exp":null)", "exp"), "the token's exp is no time"},
    {with(R"("exp":true)", "exp"), "the token's exp is no time"},
    {with(R"("exp":1e300)", "exp"), ""},
    {with("", "exp"), "the token has no exp"},
    {with(R"("nbf":1700001005)"), ""},
    {with(R"("nbf":1700001006)"), "the token's nbf lies ahead"},
    {with(R"("nbf":"x")"), "the token's nbf is no time"},
    {with(R"("iat":1700001006)"), "the token's iat lies ahead"},
    {with(R"("iat":1700000000)"), ""},
    {with("", "iss"), "the token is of another issuer"},
    {with(R"("iss":"https://issuer/")", "iss"), "the token is of another issuer"},
    {with(R"("iss":["https://issuer"])", "iss"), "the token is of another issuer"},
    {with("", "aud"), "the token is for another audience"},
    {with(R"("aud":"mqtt2")", "aud"), "the token is for another audience"},
    {with(R"("aud":["x","mqtt"])", "aud"), ""},
    {with(R"("aud":["x",1,null])", "aud"), "the token is for another audience"},
    {with(R"("aud":[])", "aud"), "the token is for another audience"},
    {with("", "sub"), "the token names no user"},
    {with(R"("sub":"")", "sub"), "the token names no user"},
    {with(R"("sub":7)", "sub"), "the token names no user"},
    {with("", "cid"), "the token is for another client id"},
    {with(R"("cid":"c2")", "cid"), "the token is for another client id"}}));

TEST_F(JwtTest, ExpiryMayBeLeftOutWhereTheOptionsAllowIt) {
  options.jwt.expiry_required = false;
  const auto verdict = claims(R"({"sub":"alice"})");
  ASSERT_TRUE(verdict.kind == Kind::allow);
  EXPECT_EQ(verdict.principal->ends_at_s, 0);
}

TEST_F(JwtTest, RightsComeWithTheToken) {
  options.jwt.acl_claim = "acl";
  const auto verdict = claims(R"({"sub":"alice","exp":1700002000,"acl":[
    {"permission":"allow","action":"publish","topic":"up/${clientid}/#"},
    {"permission":"deny","action":"subscribe","topic":"secret/${username}"},
    {"permission":"allow","action":"all","topic":"t/+"}]})");
  ASSERT_TRUE(verdict.kind == Kind::allow) << verdict.why;
  EXPECT_TRUE(verdict.principal->has_grants);
  const auto& grants = verdict.principal->grants;
  ASSERT_THAT(grants, SizeIs(3));
  EXPECT_EQ(grants[0].filter, "up/%c/#");
  EXPECT_TRUE(grants[0].publish && !grants[0].subscribe && grants[0].allow);
  EXPECT_EQ(grants[1].filter, "secret/%u");
  EXPECT_TRUE(!grants[1].publish && grants[1].subscribe && !grants[1].allow);
  EXPECT_TRUE(grants[2].publish && grants[2].subscribe && grants[2].allow);
}

TEST_F(JwtTest, ATokenWithoutRightsHasNoneWhereTheyAreExpected) {
  options.jwt.acl_claim = "acl";
  const auto verdict = claims(kGood);
  ASSERT_TRUE(verdict.kind == Kind::allow);
  EXPECT_TRUE(verdict.principal->has_grants);
  EXPECT_THAT(verdict.principal->grants, SizeIs(0));
}

TEST_F(JwtTest, ARightThatIsNotUnderstoodRefusesTheLogin) {
  options.jwt.acl_claim = "acl";
  for (const auto* rule :
       {R"({"permission":"allow","action":"publish"})", R"({"permission":"maybe","action":"publish","topic":"t"})",
        R"({"permission":"allow","action":"read","topic":"t"})", R"({"permission":"allow","action":"all","topic":"a/#/b"})",
        R"({"permission":"allow","action":"all","topic":""})", R"({"permission":"allow","action":"all","topic":7})",
        R"({"permission":"allow","action":"all","topic":"t","qos":1})", R"({"action":"all","topic":"t","x":1})",
        R"({"permission":"allow","action":"all","topic":"eq t/#"})", R"("t")", "null",
        R"({"permission":"allow","action":"all","topic":"${host}/t"})"}) {
    EXPECT_TRUE(claims(fmt::format(R"({{"sub":"alice","exp":1700002000,"acl":[{}]}})", rule)).kind == Kind::deny) << rule;
  }
  EXPECT_TRUE(claims(R"({"sub":"alice","exp":1700002000,"acl":{}})").kind == Kind::deny);
  std::string many;
  for (int i = 0; i < 257; ++i) many += R"({"permission":"allow","action":"all","topic":"t"},)";
  many.pop_back();
  EXPECT_TRUE(claims(fmt::format(R"({{"sub":"alice","exp":1700002000,"acl":[{}]}})", many)).kind == Kind::deny);
}

TEST_F(JwtTest, FindsKeysByKid) {
  std::filesystem::create_directory(directory.path("keys"));
  directory.write("keys/one.key", kOther);
  directory.write("keys/README", "not a key");
  options.jwt.key_directory = directory.path("keys");
  const auto with_kid = [](std::string_view kid) { return fmt::format(R"({{"alg":"HS256","kid":"{}"}})", kid); };
  EXPECT_TRUE(ask_with(hs256(kOther, kGood, with_kid("one"))).kind == Kind::allow);
  EXPECT_TRUE(ask_with(hs256(kSecret, kGood)).kind == Kind::allow) << "without kid: the key file";
  EXPECT_TRUE(ask_with(hs256(kSecret, kGood, with_kid("one"))).kind == Kind::deny);
  EXPECT_TRUE(ask_with(hs256(kSecret, kGood, with_kid("two"))).kind == Kind::deny);
  EXPECT_TRUE(ask_with(hs256(kSecret, kGood, with_kid("../key"))).kind == Kind::deny);
  EXPECT_TRUE(ask_with(hs256(kSecret, kGood, with_kid(""))).kind == Kind::deny);
  options.jwt.key_file = "";
  EXPECT_TRUE(ask_with(hs256(kOther, kGood)).kind == Kind::deny) << "no kid, no key file";
}

TEST_F(JwtTest, BadKeysAreErrorsThatNameTheFile) {
  std::filesystem::create_directory(directory.path("keys"));
  options.jwt.key_file = "";
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("needs 'key_file' or 'key_directory'")));
  options.jwt.key_directory = directory.path("keys");
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("there is no KID.pem")));
  directory.write("keys/short.key", "secret");
  directory.write("keys/private.pem", KeyPair::elliptic("P-256").private_pem());
  directory.write("keys/small.pem", KeyPair::rsa(1024).public_pem());
  directory.write("keys/curve.pem", KeyPair::elliptic("secp256k1").public_pem());
  directory.write("keys/ed.pem", KeyPair::ed25519().public_pem());
  directory.write("keys/broken.pem", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n");
  directory.write("keys/long.key", std::string(kKeyFileBytesMax + 1, 'x'));
  EXPECT_THAT(problems(),
              ::testing::UnorderedElementsAre(
                  HasSubstr("short.key: a secret must have at least"), HasSubstr("private.pem: this holds a private key"),
                  HasSubstr("small.pem: an RSA key of 1024 bits"), HasSubstr("curve.pem: the curve secp256k1"),
                  HasSubstr("ed.pem: this public key is neither"), HasSubstr("broken.pem: this is PEM, but no public key"),
                  HasSubstr("long.key: this file is longer than")));
  options.jwt.key_directory = directory.path("none");
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("cannot read this directory")));
}

}  // namespace
}  // namespace tombo::auth::jwt
