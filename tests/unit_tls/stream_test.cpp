#include "unit_tls/arrange.hpp"

#include <random>

namespace tombo::test {
namespace {

using ::testing::HasSubstr;

class Stream : public TlsTest, public ::testing::WithParamInterface<int> {
 protected:
  Stream() {
    manner.version_min = GetParam();
    manner.version_max = GetParam();
  }
};
INSTANTIATE_TEST_SUITE_P(Versions, Stream, ::testing::Values(TLS1_2_VERSION, TLS1_3_VERSION));

std::string noise(std::size_t size) {
  std::mt19937 random(1);
  std::string text(size, '\0');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

TEST_P(Stream, CarriesAMegabyteBothWays) {
  const auto pair = connect();
  const std::string text = noise(1'000'000);
  pair->client.write(text);
  ASSERT_TRUE(pair->talk());
  EXPECT_EQ(pair->inward, text);
  ASSERT_TRUE(pair->send(text));
  EXPECT_EQ(pair->client.read(), text);
}

TEST_P(Stream, DoesNotMindHowBytesAreCut) {
  for (const std::size_t step : {1U, 2U, 5U, 7U, 1000U, 16'500U}) {
    const auto pair = connect(step);
    ASSERT_TRUE(pair->server->open()) << step << " " << pair->server->why();
    pair->client.write(noise(40'000));
    pair->client.write("!");
    ASSERT_TRUE(pair->talk(step));
    EXPECT_EQ(pair->inward, noise(40'000) + "!");
  }
}

TEST_P(Stream, SaysGoodbyeAndHearsIt) {
  auto pair = connect();
  std::vector<std::uint8_t> out;
  pair->server->close(out);
  pair->client.take(out);
  pair->client.read();
  EXPECT_TRUE(pair->client.saw_close());
  pair = connect();
  pair->client.write("last words");
  pair->client.shutdown();
  EXPECT_FALSE(pair->server->ended());
  EXPECT_TRUE(pair->talk());
  EXPECT_TRUE(pair->server->ended());
  EXPECT_EQ(pair->inward, "last words");
  EXPECT_TRUE(pair->send("still heard"));
}

TEST_P(Stream, HoldsNoMoreOfARecordThanHasCome) {
  const auto pair = connect();
  const std::size_t idle = pair->server->memory();
  EXPECT_LT(idle, 17'000U);
  pair->client.write(noise(16'000));
  const auto bytes = pair->client.out();
  std::vector<std::uint8_t> in;
  std::vector<std::uint8_t> out;
  ASSERT_TRUE(pair->server->receive({bytes.data(), 100}, in, out));
  EXPECT_EQ(pair->server->memory(), idle + 100);
  ASSERT_TRUE(pair->server->receive({bytes.data() + 100, bytes.size() - 100}, in, out));
  EXPECT_EQ(pair->server->memory(), idle);
  EXPECT_EQ(in.size(), 16'000U);
}

TEST_P(Stream, EndsAtARecordThatWasChanged) {
  const auto pair = connect();
  pair->client.write("hello");
  auto bytes = pair->client.out();
  bytes.back() ^= 1;
  std::vector<std::uint8_t> in;
  std::vector<std::uint8_t> out;
  EXPECT_FALSE(pair->server->receive(bytes, in, out));
  EXPECT_TRUE(in.empty());
  EXPECT_FALSE(out.empty());  // the alert
  EXPECT_THAT(std::string(pair->server->why()), HasSubstr("TLS: decryption failed or bad record mac"));
  EXPECT_FALSE(pair->server->receive(bytes, in, out));
  EXPECT_FALSE(pair->server->open());
  EXPECT_FALSE(pair->server->send(bytes, out));
}

TEST_P(Stream, RefusesARecordThatClaimsTooMuch) {
  const auto pair = connect();
  const std::vector<std::uint8_t> bytes = {23, 3, 3, 0xff, 0xff};
  std::vector<std::uint8_t> in;
  std::vector<std::uint8_t> out;
  EXPECT_FALSE(pair->server->receive(bytes, in, out));
  EXPECT_THAT(std::string(pair->server->why()), HasSubstr("too long"));
}

TEST_P(Stream, StandsAHandshakeThatStopsAnywhere) {
  const std::vector<std::uint8_t> whole = connect()->recorded;
  // A ClientHello that was recorded has keys of its own, so the rest never fits: what matters is what the filter does.
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto made = server->make_filter();
    std::vector<std::uint8_t> in;
    std::vector<std::uint8_t> out;
    const bool good = made->receive({whole.data(), size}, in, out);
    EXPECT_FALSE(made->open());
    EXPECT_EQ(good, made->why().empty());
    EXPECT_TRUE(in.empty());
    made->close(out);
  }
}

TEST_P(Stream, StandsAHandshakeWithAnyByteChanged) {
  const std::vector<std::uint8_t> whole = connect()->recorded;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::vector<std::uint8_t> changed = whole;
    changed[at] ^= 0x5a;
    const auto made = server->make_filter();
    std::vector<std::uint8_t> in;
    std::vector<std::uint8_t> out;
    made->receive(changed, in, out);
    EXPECT_FALSE(made->open());
    EXPECT_LT(made->memory(), 120'000U);
  }
}

TEST_P(Stream, StandsGarbage) {
  load();
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    std::string text = noise(random() % 600 + 10);
    for (char& c : text) c = static_cast<char>(random());
    text[0] = 22;
    text[1] = 3;
    if (random() % 2 == 0) text[3] = 0;
    if (random() % 2 == 0) text[5] = 1;
    if (random() % 2 == 0) text[6] = text[7] = 0;
    const auto made = server->make_filter();
    std::vector<std::uint8_t> in;
    std::vector<std::uint8_t> out;
    made->receive({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}, in, out);
    EXPECT_FALSE(made->open());
    EXPECT_TRUE(in.empty());
  }
}

TEST_F(TlsTest, DoesNotRenegotiate) {
  manner.version_max = TLS1_2_VERSION;
  const auto pair = connect();
  SSL_renegotiate(pair->client.ssl());
  SSL_do_handshake(pair->client.ssl());
  std::vector<std::uint8_t> in;
  std::vector<std::uint8_t> out;
  EXPECT_TRUE(pair->server->receive(pair->client.out(), in, out));
  EXPECT_FALSE(out.empty());
  EXPECT_LT(out.size(), 60U);  // an alert, not a handshake
}

TEST_F(TlsTest, UpdatesKeys) {
  const auto pair = connect();
  pair->client.update_keys(true);
  pair->client.write("after");
  ASSERT_TRUE(pair->talk());
  EXPECT_EQ(pair->inward, "after");
  ASSERT_TRUE(pair->send("answer"));
  EXPECT_EQ(pair->client.read(), "answer");
}

TEST_F(TlsTest, EndsAFloodOfKeyUpdates) {  // CVE-2026-39304
  for (const bool ask_back : {false, true}) {
    const auto pair = connect();
    for (int i = 0; i < 10'000; ++i) pair->client.update_keys(ask_back);
    const auto bytes = pair->client.out();
    std::vector<std::uint8_t> in;
    std::vector<std::uint8_t> out;
    EXPECT_FALSE(pair->server->receive(bytes, in, out));
    EXPECT_THAT(std::string(pair->server->why()), HasSubstr("too many records without data"));
    EXPECT_LT(out.size(), 10'000U);
  }
}

TEST_F(TlsTest, AllowsKeyUpdatesThatGoWithData) {
  const auto pair = connect();
  for (int i = 0; i < 1000; ++i) {
    pair->client.update_keys(true);
    for (int ping = 0; ping < 10; ++ping) pair->client.write("..");
    ASSERT_TRUE(pair->talk()) << i;
    ASSERT_TRUE(pair->send("..")) << i;
    pair->client.read();
  }
}

}  // namespace
}  // namespace tombo::test
