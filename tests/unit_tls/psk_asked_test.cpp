// Keys that somebody is asked for, who may take his time.
#include "filter/tls/key_wish.hpp"
#include "filter/tls/limits.hpp"
#include "unit_tls/arrange.hpp"

#include <functional>

namespace tombo::test {
namespace {

using ::testing::HasSubstr;

class PskAsked : public TlsTest, public ::testing::WithParamInterface<int> {
 protected:
  PskAsked() {
    options.certificates.clear();
    options.psk_hint = "which one";
    options.user_name_from = config::UserNameFrom::psk_identity;
    manner.psk_identity = "sensor";
    manner.psk_key = "sixteen bytes...";
    manner.ciphers = "PSK";
    manner.version_min = GetParam();
    manner.version_max = GetParam();
  }
  /// A client that comes now, and talks until it waits for somebody's answer.
  std::unique_ptr<Pair> ask(std::size_t step = 0) {
    auto pair = connect(step);
    EXPECT_EQ(pair->server->wanted_key(), manner.psk_identity);
    EXPECT_TRUE(pair->server->waits_for_key());
    EXPECT_FALSE(pair->server->open());
    return pair;
  }
  /// What happens once the answer is there; empty: nobody has a key.
  static bool answer(Pair& pair, const std::string& key) {
    pair.server->asked_for_key(std::make_shared<int>());
    return answer_now(pair, key);
  }
  static bool answer_now(Pair& pair, const std::string& key) {
    pair.server->give_key(key.empty() ? nullptr : std::make_shared<const auth::PskKey>(key));
    std::vector<std::uint8_t> in;
    std::vector<std::uint8_t> out;
    const bool good = pair.server->receive({}, in, out);
    pair.inward.append(in.begin(), in.end());
    pair.client.take(out);
    return good && pair.talk();
  }
};
INSTANTIATE_TEST_SUITE_P(Versions, PskAsked, ::testing::Values(TLS1_2_VERSION, TLS1_3_VERSION));

TEST_P(PskAsked, LetsInWhoKnowsTheKeyThatIsAnswered) {
  const auto pair = ask();
  ASSERT_TRUE(answer(*pair, manner.psk_key)) << pair->server->why();
  ASSERT_TRUE(pair->server->open()) << pair->server->why();
  EXPECT_FALSE(pair->server->waits_for_key());
  EXPECT_EQ(pair->peer().user_name, "sensor");
  EXPECT_EQ(pair->client.hint(), GetParam() == TLS1_2_VERSION ? "which one" : "");
  pair->client.write("hello");
  EXPECT_TRUE(pair->talk() && pair->send("good day"));
  EXPECT_EQ(pair->inward, "hello");
  EXPECT_EQ(pair->client.read(), "good day");
}

TEST_P(PskAsked, ByteByByte) {
  const auto pair = ask(1);
  ASSERT_TRUE(answer(*pair, manner.psk_key)) << pair->server->why();
  EXPECT_TRUE(pair->server->open());
}

TEST_P(PskAsked, ByEachWayOfPsk) {
  for (const std::string& ciphers : {std::string("PSK-AES128-GCM-SHA256"), std::string("ECDHE-PSK-AES128-CBC-SHA256")}) {
    manner.ciphers = ciphers;
    const auto pair = ask();
    EXPECT_TRUE(answer(*pair, manner.psk_key)) << ciphers << ": " << pair->server->why();
    EXPECT_TRUE(pair->server->open());
  }
}

TEST_P(PskAsked, TakesAKeyOf512Bytes) {
  manner.psk_key = std::string(512, 'k');
  const auto pair = ask();
  EXPECT_TRUE(answer(*pair, manner.psk_key)) << pair->server->why();
  EXPECT_TRUE(pair->server->open());
}

TEST_P(PskAsked, RefusesAWrongKey) {
  const auto pair = ask();
  EXPECT_FALSE(answer(*pair, "sixteen others.."));
  EXPECT_EQ(pair->server->why(), "TLS: wrong key for PSK identity \"sensor\"");
}

TEST_P(PskAsked, RefusesWhomNobodyKnows) {
  const auto pair = ask();
  EXPECT_FALSE(answer(*pair, ""));
  EXPECT_EQ(pair->server->why(), "TLS: unknown PSK identity \"sensor\"");
}

TEST_P(PskAsked, AsksOnce) {
  const auto pair = ask();
  pair->server->asked_for_key(std::make_shared<int>());
  EXPECT_EQ(pair->server->wanted_key(), "");
  EXPECT_TRUE(pair->server->waits_for_key());
  EXPECT_TRUE(answer_now(*pair, manner.psk_key)) << pair->server->why();
  EXPECT_TRUE(pair->server->open());
}

TEST_P(PskAsked, AnswersThatNobodyWaitsForChangeNothing) {
  const auto pair = ask();
  ASSERT_TRUE(answer(*pair, manner.psk_key));
  EXPECT_TRUE(answer(*pair, "another"));
  EXPECT_TRUE(pair->server->open());
}

TEST_P(PskAsked, KeepsWhatTheAskerLeftForAsLongAsTheAnswerIsWanted) {
  auto pair = ask();
  auto asker = std::make_shared<int>();
  const std::weak_ptr<int> there = asker;
  pair->server->asked_for_key(std::move(asker));
  EXPECT_FALSE(there.expired());
  pair.reset();  // the connection goes while its key is asked for
  EXPECT_TRUE(there.expired());

  pair = ask();
  asker = std::make_shared<int>();
  const std::weak_ptr<int> again = asker;
  pair->server->asked_for_key(std::move(asker));
  EXPECT_TRUE(answer_now(*pair, manner.psk_key));
  EXPECT_TRUE(again.expired());
}

TEST_P(PskAsked, HoldsNoMoreThanItsLimitMeanwhile) {
  const auto pair = ask();
  const std::vector<std::uint8_t> chunk(4096, 23);
  std::vector<std::uint8_t> in;
  std::vector<std::uint8_t> out;
  std::size_t held = 0;
  while (pair->server->receive(chunk, in, out)) {
    held += chunk.size();
    ASSERT_LE(held, filter::kHeldBytesMax);
  }
  EXPECT_EQ(pair->server->why(), "TLS: it sends too much while its pre-shared key is asked for");
  EXPECT_FALSE(pair->server->waits_for_key() && pair->server->open());
  EXPECT_FALSE(pair->server->receive({}, in, out));
}

TEST_P(PskAsked, NobodyIsAskedAboutWhatIsNoIdentity) {
  for (const std::string& identity : {std::string("\xff\xfe"), std::string(256, 'i')}) {
    manner.psk_identity = identity;
    const auto pair = connect();
    EXPECT_FALSE(pair->server->waits_for_key()) << identity;
    EXPECT_FALSE(pair->server->open());
  }
}

TEST_P(PskAsked, NobodyIsAskedWhereAFileDecides) {
  options.psk_file = files.write("psk", "other:00112233445566778899AABBccddeeff\n");
  const auto pair = connect();
  EXPECT_FALSE(pair->server->waits_for_key());
  EXPECT_EQ(pair->server->why(), "TLS: unknown PSK identity \"sensor\"");
}

TEST_P(PskAsked, StandsBesideCertificates) {
  options.certificates = {files / "server.pem"};
  const auto pair = ask();
  ASSERT_TRUE(answer(*pair, manner.psk_key)) << pair->server->why();
  EXPECT_EQ(pair->peer().user_name, "sensor");
  manner.psk_identity.clear();
  manner.ciphers.clear();
  const auto plain = connect();
  EXPECT_TRUE(plain->server->open()) << plain->server->why();
  EXPECT_FALSE(plain->server->waits_for_key());
}

TEST_P(PskAsked, GivesNoTicketThatWouldGoAroundTheNextQuestion) {
  const auto pair = ask();
  ASSERT_TRUE(answer(*pair, manner.psk_key));
  ASSERT_TRUE(pair->send("x"));
  pair->client.read();
  const SessionPtr kept = pair->client.session();
  if (kept == nullptr) return;
  manner.resumes = kept.get();
  const auto again = connect();
  EXPECT_TRUE(again->server->waits_for_key());
  EXPECT_TRUE(answer(*again, manner.psk_key)) << again->server->why();
  EXPECT_FALSE(again->client.resumed());
}

TEST_P(PskAsked, TicketsOfOthersAreNotAskedAbout) {
  options.certificates = {files / "server.pem"};
  const std::string identity = std::exchange(manner.psk_identity, "");
  manner.ciphers.clear();
  const auto first = connect();
  ASSERT_TRUE(first->server->open()) << first->server->why();
  first->client.read();
  const SessionPtr kept = first->client.session();
  ASSERT_NE(kept, nullptr);
  manner.resumes = kept.get();
  const auto again = connect();
  EXPECT_FALSE(again->server->waits_for_key());
  EXPECT_TRUE(again->server->open()) << again->server->why();
  EXPECT_TRUE(again->client.resumed());
}

TEST_P(PskAsked, ASecondClientHelloIsNotAskedAboutAgain) {
  options.groups = "P-384";
  manner.groups = "X25519:P-384";  // HelloRetryRequest
  const auto pair = ask();
  EXPECT_TRUE(answer(*pair, manner.psk_key)) << pair->server->why();
  EXPECT_TRUE(pair->server->open()) << pair->server->why();
}

TEST_P(PskAsked, AnIdleConnectionHoldsNothingOfIt) {
  const auto asked = ask();
  ASSERT_TRUE(answer(*asked, manner.psk_key));
  options.psk_file = files.write("psk", "sensor:7369787465656e2062797465732e2e2e\n");
  load();
  const auto from_file = connect();
  ASSERT_TRUE(from_file->server->open()) << from_file->server->why();
  EXPECT_EQ(asked->server->memory(), from_file->server->memory());
}

TEST(KeyWish, AsksForTwoIdentitiesAtMost) {
  filter::KeyWish wish;
  ASSERT_TRUE(wish.want("a"));
  wish.asked(nullptr);
  wish.answer(nullptr);
  wish.go_on();
  EXPECT_FALSE(wish.want("a"));
  ASSERT_TRUE(wish.want("b"));
  wish.answer(std::make_shared<const auth::PskKey>("key"));
  EXPECT_EQ(wish.key_of("a"), nullptr);
  ASSERT_NE(wish.key_of("b"), nullptr);
  EXPECT_EQ(*wish.key_of("b"), "key");
  wish.go_on();
  EXPECT_FALSE(wish.want("c"));
}

TEST(KeyWish, KnowsWhatIsNoIdentity) {
  for (const std::string_view identity : {std::string_view(), std::string_view("a\0b", 3), std::string_view("\xff")}) {
    EXPECT_FALSE(filter::KeyWish().want(identity));
  }
}

}  // namespace
}  // namespace tombo::test
