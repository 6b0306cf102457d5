#include "asking.hpp"
#include "contract_test.hpp"

#include "auth/scram/credentials.hpp"
#include "auth/scram/saslprep.hpp"
#include "auth/scram/scram_line.hpp"
#include "base/base64.hpp"

#include <gmock/gmock.h>
#include <gsasl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace {

using namespace tombo;
using namespace tombo::auth;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

/// A client of GNU SASL's.
class Client {
 public:
  Client(const std::string& mechanism, std::string user, std::string password, std::string acts_as = {})
      : user_(std::move(user)), password_(std::move(password)), acts_as_(std::move(acts_as)) {
    EXPECT_EQ(gsasl_init(&context_), GSASL_OK);
    gsasl_callback_set(context_, [](Gsasl*, Gsasl_session* session, Gsasl_property property) {
      return static_cast<Client*>(gsasl_session_hook_get(session))->tell(session, property);
    });
    EXPECT_EQ(gsasl_client_start(context_, mechanism.c_str(), &session_), GSASL_OK);
    gsasl_session_hook_set(session_, this);
  }
  ~Client() {
    gsasl_finish(session_);
    gsasl_done(context_);
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  std::string step(std::string_view data) {
    char* output = nullptr;
    std::size_t length = 0;
    result_ = gsasl_step(session_, data.data(), data.size(), &output, &length);
    std::string reply = output == nullptr ? std::string{} : std::string(output, length);
    gsasl_free(output);
    return reply;
  }
  bool believes_the_server() const { return result_ == GSASL_OK; }

 private:
  int tell(Gsasl_session* session, Gsasl_property property) {
    if (property == GSASL_AUTHID) return gsasl_property_set(session, property, user_.c_str());
    if (property == GSASL_PASSWORD) return gsasl_property_set(session, property, password_.c_str());
    if (property == GSASL_AUTHZID && !acts_as_.empty()) return gsasl_property_set(session, property, acts_as_.c_str());
    return GSASL_NO_CALLBACK;
  }

  std::string user_, password_, acts_as_;
  Gsasl* context_ = nullptr;
  Gsasl_session* session_ = nullptr;
  int result_ = GSASL_NEEDS_MORE;
};

/// Drives client and server to their end; the last answer of the server's.
ExchangeAnswer talk(Exchange& exchange, Client& client, bool begin_empty = false) {
  ExchangeAnswer answer;
  std::string data;
  if (begin_empty) {
    answer = exchange.step("", nullptr);
    EXPECT_EQ(answer.step, ExchangeAnswer::Step::go_on);
    EXPECT_EQ(answer.data, "");
  }
  for (int i = 0; i < 4; ++i) {
    data = client.step(answer.data);
    answer = exchange.step(data, nullptr);
    if (answer.step != ExchangeAnswer::Step::go_on) break;
  }
  if (answer.step == ExchangeAnswer::Step::allow) client.step(answer.data);
  return answer;
}

class Scram : public testing::Test {
 protected:
  std::string line(std::string_view user, std::string_view password, std::string_view mechanism = "SCRAM-SHA-256") {
    const auto made = scram_line(user, password, mechanism);
    EXPECT_TRUE(made.ok());
    return *made + "\n";
  }
  std::unique_ptr<Backend> backend(std::string_view text) {
    options_.scram.file = directory_.write("scram", text);
    auto made = make_scram(options_, workers_, clock_);
    EXPECT_TRUE(made.ok());
    return made ? std::move(*made) : nullptr;
  }
  static std::shared_ptr<Login> nobody_yet() {
    auto login = test::login_of("", "");
    login->has_user_name = login->has_password = false;
    login->version = mqtt::Version::v5;
    return login;
  }

  test::Directory directory_;
  config::Options options_;
  ManualClock clock_;
  Workers workers_{1, 100};
};

std::string hmac(const EVP_MD* digest, const std::string& key, std::string_view text) {
  std::string out(static_cast<std::size_t>(EVP_MD_get_size(digest)), '\0');
  HMAC(digest, key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()), text.size(),
       reinterpret_cast<unsigned char*>(out.data()), nullptr);
  return out;
}

/// The client's key that a proof reveals, hashed: the stored key, if the proof is right.
std::string stored_key_of(const EVP_MD* digest, const ScramSecret& secret, std::string_view auth_message,
                          std::string_view proof_text) {
  std::string proof = *from_base64(proof_text);
  const std::string signature = hmac(digest, secret.stored_key, auth_message);
  for (std::size_t i = 0; i < proof.size(); ++i) proof[i] = static_cast<char>(proof[i] ^ signature[i]);
  std::string out(signature.size(), '\0');
  EVP_Digest(proof.data(), proof.size(), reinterpret_cast<unsigned char*>(out.data()), nullptr, digest, nullptr);
  return out;
}

TEST(ScramSecrets, AreThoseOfRfc5802) {
  const ScramSecret secret = derive_scram_secret(ScramHash::sha1, "pencil", *from_base64("QSXCR+Q6sek8bf92"), 4096);
  const std::string message =
      "n=user,r=fyko+d2lbbFgONRv9qkxdawL,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096,"
      "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j";
  EXPECT_EQ(base64(hmac(EVP_sha1(), secret.server_key, message)), "rmF9pqV8S7suAoZWja4dJRkFsKQ=");
  EXPECT_EQ(stored_key_of(EVP_sha1(), secret, message, "v0X8v3Bz2T0CJGbJQyF0X+HI4Ts="), secret.stored_key);
}

TEST(ScramSecrets, AreThoseOfRfc7677) {
  const ScramSecret secret = derive_scram_secret(ScramHash::sha256, "pencil", *from_base64("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096);
  const std::string message =
      "n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,"
      "i=4096,c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
  EXPECT_EQ(base64(hmac(EVP_sha256(), secret.server_key, message)), "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
  EXPECT_EQ(stored_key_of(EVP_sha256(), secret, message, "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="),
            secret.stored_key);
  EXPECT_TRUE(opens(secret, "pencil"));
  EXPECT_FALSE(opens(secret, "Pencil"));
  EXPECT_FALSE(opens(secret, std::string_view("pencil\0", 7)));
  const auto again = parse_scram_secret(format_scram_secret(secret));
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(format_scram_secret(*again), format_scram_secret(secret));
}

TEST_F(Scram, LetsInWhoKnowsThePassword) {
  const auto server = backend(line("alice", "open sesame") + line("alice", "open sesame", "SCRAM-SHA-1"));
  for (const std::string mechanism : {"SCRAM-SHA-256", "SCRAM-SHA-1"}) {
    for (const bool begin_empty : {false, true}) {
      const auto exchange = server->begin(mechanism, nobody_yet());
      ASSERT_NE(exchange, nullptr);
      Client client(mechanism, "alice", "open sesame");
      const ExchangeAnswer answer = talk(*exchange, client, begin_empty);
      ASSERT_EQ(answer.step, ExchangeAnswer::Step::allow) << mechanism << answer.why;
      EXPECT_EQ(answer.principal->user_name, "alice");
      EXPECT_EQ(answer.principal->backend, "scram");
      EXPECT_THAT(answer.data, StartsWith("v="));
      EXPECT_TRUE(client.believes_the_server());
      EXPECT_EQ(exchange->step("n,,n=alice,r=x", nullptr).step, ExchangeAnswer::Step::deny) << "it is over";
    }
  }
}

TEST_F(Scram, KnowsOnlyTheMechanismsThatAreOffered) {
  options_.scram.mechanisms = {"SCRAM-SHA-256"};
  const auto server = backend(line("alice", "pw"));
  EXPECT_NE(server->begin("SCRAM-SHA-256", nobody_yet()), nullptr);
  for (const auto* method : {"SCRAM-SHA-1", "SCRAM-SHA-256-PLUS", "PLAIN", "", "scram-sha-256", "ANONYMOUS"}) {
    EXPECT_EQ(server->begin(method, nobody_yet()), nullptr) << method;
  }
}

TEST_F(Scram, RefusesAWrongPasswordAndWhoIsNotThereAlike) {
  const auto server = backend(line("alice", "open sesame"));
  for (const auto* user : {"alice", "mallory"}) {
    const auto exchange = server->begin("SCRAM-SHA-256", nobody_yet());
    Client client("SCRAM-SHA-256", user, "guess");
    const ExchangeAnswer answer = talk(*exchange, client);
    EXPECT_EQ(answer.step, ExchangeAnswer::Step::deny);
    EXPECT_EQ(answer.reason, mqtt::ReasonCode::not_authorized);
    EXPECT_EQ(answer.data, "");
    EXPECT_EQ(answer.principal, nullptr);
    EXPECT_EQ(answer.user_name, user) << "penalties go by it";
  }
}

/// ",s=...,i=..." of the server's first message.
std::string salt_told(Backend& backend, const std::string& user, const std::string& mechanism = "SCRAM-SHA-256") {
  const auto exchange = backend.begin(mechanism, test::login_of(user, ""));
  const std::string first = exchange->step("n,,n=" + user + ",r=abcdef", nullptr).data;
  return first.substr(std::min(first.size(), first.find(",s=")));
}

TEST_F(Scram, TellsNobodyWhoIsThere) {
  const std::string file = line("alice", "open sesame") + line("bob", "x");
  const auto server = backend(file);
  const std::string alice = salt_told(*server, "alice"), mallory = salt_told(*server, "mallory");
  EXPECT_EQ(mallory, salt_told(*server, "mallory")) << "a salt that changes gives it away";
  EXPECT_NE(mallory, salt_told(*server, "trudy"));
  EXPECT_NE(mallory, alice);
  EXPECT_EQ(mallory.size(), alice.size());
  EXPECT_EQ(mallory, salt_told(*backend(file + line("carol", "y")), "mallory")) << "nor does a restart or a reload";
}

TEST_F(Scram, UserOfOneMechanismIsNotThereForTheOther) {
  const auto server = backend(line("alice", "pw") + line("bob", "pw", "SCRAM-SHA-1"));
  const auto exchange = server->begin("SCRAM-SHA-1", nobody_yet());
  Client client("SCRAM-SHA-1", "alice", "pw");
  EXPECT_EQ(talk(*exchange, client).step, ExchangeAnswer::Step::deny);
}

TEST_F(Scram, UserIsTheOneOfConnect) {
  const auto server = backend(line("alice", "pw") + line("bob", "pw"));
  const auto login = test::login_of("bob", "");
  const auto as_alice = server->begin("SCRAM-SHA-256", login);
  Client alice("SCRAM-SHA-256", "alice", "pw");
  EXPECT_THAT(talk(*as_alice, alice).why, HasSubstr("not the user"));
  const auto as_bob = server->begin("SCRAM-SHA-256", login);
  Client bob("SCRAM-SHA-256", "bob", "pw");
  EXPECT_EQ(talk(*as_bob, bob).step, ExchangeAnswer::Step::allow);
}

TEST_F(Scram, ActsAsNobodyElse) {
  const auto server = backend(line("alice", "pw") + line("bob", "pw"));
  const auto exchange = server->begin("SCRAM-SHA-256", nobody_yet());
  Client client("SCRAM-SHA-256", "alice", "pw", "bob");
  EXPECT_THAT(talk(*exchange, client).why, HasSubstr("another user"));
  const auto as_herself = server->begin("SCRAM-SHA-256", nobody_yet());
  Client alice("SCRAM-SHA-256", "alice", "pw", "alice");
  EXPECT_EQ(talk(*as_herself, alice).step, ExchangeAnswer::Step::allow);
}

TEST_F(Scram, NamesMayHoldWhatMustBeEscapedOrPrepared) {
  // The soft hyphen is mapped to nothing, the Roman numeral to letters.  (RFC 4013)
  const auto server = backend(line("a=b,c", "p\xC2\xADw") + line("\xE2\x85\xA8", "pw"));
  const auto exchange = server->begin("SCRAM-SHA-256", nobody_yet());
  Client client("SCRAM-SHA-256", "a=b,c", "pw");
  EXPECT_EQ(talk(*exchange, client).principal->user_name, "a=b,c");
  EXPECT_EQ(test::said(*server, "IX", "pw"), "allow");
  EXPECT_EQ(test::said(*server, "\xE2\x85\xA8", "pw"), "allow");
}

TEST_F(Scram, MessagesThatAreWrongAreRefused) {
  const auto server = backend(line("alice", "pw"));
  using namespace std::string_view_literals;
  for (const std::string_view message :
       {"x"sv, "n,,"sv, "n,,n=alice"sv, "p=tls-unique,,n=alice,r=abc"sv, "n,,n=alice\0,r=abc"sv, "n,,m=x,n=alice,r=abc"sv,
        "\xff\xfe"sv, "n,,n=,r=abc"sv, "n,,r=abc,n=alice"sv}) {
    const auto exchange = server->begin("SCRAM-SHA-256", nobody_yet());
    EXPECT_EQ(exchange->step(message, nullptr).step, ExchangeAnswer::Step::deny) << message;
    EXPECT_EQ(exchange->step("n,,n=alice,r=abc", nullptr).step, ExchangeAnswer::Step::deny);
  }
  const auto exchange = server->begin("SCRAM-SHA-256", nobody_yet());
  EXPECT_EQ(exchange->step("n,,n=alice,r=" + std::string(5000, 'x'), nullptr).why, "scram: message too long");
  const auto idler = server->begin("SCRAM-SHA-256", nobody_yet());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(idler->step("", nullptr).step, ExchangeAnswer::Step::go_on);
  EXPECT_EQ(idler->step("", nullptr).step, ExchangeAnswer::Step::deny);
}

TEST_F(Scram, FinalMessageOfAnotherExchangeIsRefused) {
  const auto server = backend(line("alice", "pw"));
  const auto first = server->begin("SCRAM-SHA-256", nobody_yet());
  Client client("SCRAM-SHA-256", "alice", "pw");
  const std::string begin = client.step("");
  const std::string end = client.step(first->step(begin, nullptr).data);
  const auto replayed = server->begin("SCRAM-SHA-256", nobody_yet());
  EXPECT_EQ(replayed->step(begin, nullptr).step, ExchangeAnswer::Step::go_on);
  EXPECT_EQ(replayed->step(end, nullptr).step, ExchangeAnswer::Step::deny);
  EXPECT_EQ(first->step(end, nullptr).step, ExchangeAnswer::Step::allow);
}

TEST_F(Scram, ExchangeOutlivesItsBackend) {
  auto server = backend(line("alice", "pw"));
  const auto exchange = server->begin("SCRAM-SHA-256", nobody_yet());
  Client client("SCRAM-SHA-256", "alice", "pw");
  const std::string reply = client.step(exchange->step(client.step(""), nullptr).data);
  server.reset();
  EXPECT_EQ(exchange->step(reply, nullptr).step, ExchangeAnswer::Step::allow);
}

TEST_F(Scram, PasswordInConnectOpensTheSameFile) {
  const auto server = backend(line("alice", "open sesame") + line("old", "pw", "SCRAM-SHA-1"));
  EXPECT_EQ(test::said(*server, "alice", "open sesame"), "allow");
  EXPECT_EQ(test::said(*server, "old", "pw"), "allow");
  EXPECT_EQ(test::said(*server, "alice", "open sesam"), "deny: wrong password");
  EXPECT_EQ(test::said(*server, "alice", ""), "deny: wrong password");
  EXPECT_EQ(test::said(*server, "alice", std::string("open sesame\0x", 13)), "deny: wrong password");
  EXPECT_EQ(test::said(*server, "mallory", "pw"), "unknown: unknown user");
  EXPECT_EQ(test::said(*server, "", "pw"), "unknown: no user name");
  auto login = test::login_of("alice", "");
  login->has_password = false;
  EXPECT_EQ(test::said(test::ask(*server, login)), "deny: no password");
}

TEST_F(Scram, TooManyThatWaitAreRefused) {
  const auto server = backend(line("alice", "pw"));
  workers_.stop();
  const Verdict verdict = test::ask(*server, test::login_of("alice", "pw"));
  EXPECT_EQ(verdict.kind, Verdict::Kind::error);
  EXPECT_EQ(verdict.reason, mqtt::ReasonCode::server_busy);
}

TEST_F(Scram, SaysEverythingThatIsWrongWithAFile) {
  const std::string good = line("alice", "pw");
  const auto broken = ScramCredentials::parse(
      "# comment\n\n" + good + "alice\n:" + good.substr(6) + good + "bob:PLAIN$x\nbob:SCRAM-SHA-256$1:c2FsdHNhbHQ=$x:y\n" +
          "bob:SCRAM-SHA-256$4096:c2FsdHNhbHQ=$c2hvcnQ=:c2hvcnQ=\nbob:SCRAM-SHA-256$4096:!$x:y\n" +
          "bob:SCRAM-SHA-256$99999999999:c2FsdHNhbHQ=$x:y\nbob:SCRAM-SHA-256$-4096:c2FsdHNhbHQ=$x:y\n",
      "f");
  ASSERT_FALSE(broken.ok());
  EXPECT_THAT(broken.error(),
              ElementsAre("f:4: has no ':' behind the user name", StartsWith("f:5: the user name is empty"),
                          "f:6: this user has a line for SCRAM-SHA-256 already", StartsWith("f:7: does not begin with"),
                          StartsWith("f:8: iterations must be"), StartsWith("f:9: the keys must be"),
                          StartsWith("f:10: the salt must be"), StartsWith("f:11: iterations must be"),
                          StartsWith("f:12: iterations must be")));
}

TEST_F(Scram, FileThatCannotBeReadIsAnErrorAndAnEmptyOneLetsNobodyIn) {
  options_.scram.file = directory_.path("none");
  auto missing = make_scram(options_, workers_, clock_);
  ASSERT_FALSE(missing.ok());
  EXPECT_THAT(missing.error(), ElementsAre(HasSubstr("none: cannot be opened: No such file")));
  options_.scram.file = "/";
  EXPECT_FALSE(make_scram(options_, workers_, clock_).ok());
  options_.scram.file.clear();
  EXPECT_FALSE(make_scram(options_, workers_, clock_).ok());
  options_.scram.mechanisms = {"SCRAM-SHA-512"};
  EXPECT_FALSE(make_scram(options_, workers_, clock_).ok());
  options_.scram.mechanisms = {"SCRAM-SHA-256"};
  const auto empty = backend("");
  EXPECT_EQ(test::said(*empty, "alice", "pw"), "unknown: unknown user");
  const auto exchange = empty->begin("SCRAM-SHA-256", nobody_yet());
  Client client("SCRAM-SHA-256", "alice", "pw");
  EXPECT_EQ(talk(*exchange, client).step, ExchangeAnswer::Step::deny);
}

TEST_F(Scram, LinesAreMadeOnlyOfWhatCanBeReadAgain) {
  EXPECT_FALSE(scram_line("", "pw", "SCRAM-SHA-256").ok());
  EXPECT_FALSE(scram_line("a:b", "pw", "SCRAM-SHA-256").ok());
  EXPECT_FALSE(scram_line("#a", "pw", "SCRAM-SHA-256").ok());
  EXPECT_FALSE(scram_line("a\nb", "pw", "SCRAM-SHA-256").ok());
  EXPECT_FALSE(scram_line("a", "", "SCRAM-SHA-256").ok());
  EXPECT_FALSE(scram_line("a", "pw", "SCRAM-SHA-512").ok());
  EXPECT_FALSE(scram_line("\xff", "pw", "SCRAM-SHA-256").ok());
  EXPECT_NE(line("a", "pw"), line("a", "pw")) << "salts are random";
}

TEST_F(Scram, LinesOfAUserAreReplacedAndRemoved) {
  const std::string others = "# ours\n" + line("bob", "pw");
  const std::string password = "new", *none = nullptr;
  const auto added = edit_scram_lines(others + line("alice", "old"), "f", "alice", &password);
  ASSERT_TRUE(added.ok());
  EXPECT_THAT(*added, StartsWith(others));
  const auto server = backend(*added);
  EXPECT_EQ(test::said(*server, "alice", "new"), "allow");
  EXPECT_EQ(test::said(*server, "alice", "old"), "deny: wrong password");
  for (const std::string mechanism : {"SCRAM-SHA-256", "SCRAM-SHA-1"}) {
    const auto exchange = server->begin(mechanism, nobody_yet());
    Client client(mechanism, "alice", "new");
    EXPECT_EQ(talk(*exchange, client).step, ExchangeAnswer::Step::allow);
  }
  EXPECT_EQ(*edit_scram_lines(*added, "f", "alice", none), others);
  EXPECT_EQ(edit_scram_lines(others, "f", "alice", none).error(), "f: there is no user alice");
  EXPECT_THAT(edit_scram_lines("x\n", "f", "alice", &password).error(), StartsWith("f:1: "));
}

TEST_F(Scram, KeepsTheContractOfBackends) {
  options_.scram.file = directory_.write("scram", line("alice", "pw"));
  test::hold_contract([&](Workers& workers, const Clock& clock) { return make_scram(options_, workers, clock); });
}

}  // namespace
