#include "net/way_in.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace tombo::test {

using net::Entrance;
using net::WayIn;

namespace {

filter::Bytes bytes_of(std::string_view text) { return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}; }
std::string text_of(const filter::Sink& sink) { return {sink.begin(), sink.end()}; }

/// Is open after `hello`, answers it with `answer`, puts a mark in front of what it sends and takes it off what comes.
class Marked final : public filter::ByteFilter {
 public:
  Marked(char mark, std::string hello, std::string answer) : mark_(mark), hello_(std::move(hello)), answer_(std::move(answer)) {}

  bool receive(filter::Bytes bytes, filter::Sink& inward, filter::Sink& outward) override {
    for (const std::uint8_t byte : bytes) {
      if (!open()) {
        if (byte != static_cast<std::uint8_t>(hello_[seen_])) return false;
        if (++seen_ == hello_.size()) outward.insert(outward.end(), answer_.begin(), answer_.end());
      } else if (byte == '?') {
        outward.push_back('!');
      } else if (byte != static_cast<std::uint8_t>(mark_)) {
        inward.push_back(byte);
      }
    }
    return true;
  }
  bool send(filter::Bytes bytes, filter::Sink& outward) override {
    outward.push_back(static_cast<std::uint8_t>(mark_));
    outward.insert(outward.end(), bytes.begin(), bytes.end());
    return true;
  }
  void close(filter::Sink& outward) override { outward.push_back('.'); }
  bool open() const override { return seen_ == hello_.size(); }
  std::string_view why() const override { return "wrong hello"; }
  void describe(auth::Peer& peer) const override {
    if (mark_ == 'p') peer.address = "192.0.2.7:99";
    peer.server_name += mark_;
  }
  std::size_t memory() const override { return 10; }

 private:
  char mark_;
  std::string hello_;
  std::string answer_;
  std::size_t seen_ = 0;
};

struct WayInTest : testing::Test {
  std::shared_ptr<Entrance> entrance = std::make_shared<Entrance>();
  WayIn::Scratch scratch;
  filter::Sink inward;
  filter::Sink wire;

  void with_proxy() {
    entrance->proxy_header = [] { return std::make_unique<Marked>('p', "PP", ""); };
  }
  void with_tls() {
    entrance->tls = [] { return std::make_unique<Marked>('t', "tls", "T"); };
  }
  void with_websocket(config::Protocol protocol) {
    entrance->protocol = protocol;
    entrance->websocket = [](std::shared_ptr<const auth::Peer>) { return std::make_unique<Marked>('w', "GET", "W"); };
  }
  WayIn make() {
    auto peer = std::make_shared<auth::Peer>();
    peer->address = "127.0.0.1:1";
    return WayIn{entrance, peer};
  }
  bool give(WayIn& way, std::string_view text) { return way.receive(bytes_of(text), scratch, inward, wire); }
};

}  // namespace

TEST_F(WayInTest, GoesThroughEveryStageWhateverThePieces) {
  with_proxy();
  with_tls();
  with_websocket(config::Protocol::websocket);
  const std::string whole = "PPtlsGEThello";
  for (std::size_t piece = 1; piece <= whole.size(); ++piece) {
    inward.clear();
    wire.clear();
    WayIn way = make();
    for (std::size_t at = 0; at < whole.size(); at += piece) ASSERT_TRUE(give(way, std::string_view{whole}.substr(at, piece)));
    EXPECT_TRUE(way.open());
    EXPECT_EQ(text_of(inward), "hello") << piece;
    EXPECT_EQ(text_of(wire), "pTptW") << "each answer through the filters before it";
    EXPECT_EQ(way.peer()->address, "192.0.2.7:99");
    EXPECT_EQ(way.peer()->server_name, "ptw");
    EXPECT_EQ(way.memory(), 30u);
  }
}

TEST_F(WayInTest, SendsThroughTheFiltersFromMqttToTheSocket) {
  with_tls();
  with_websocket(config::Protocol::websocket);
  WayIn way = make();
  give(way, "tlsGET");
  wire.clear();
  EXPECT_TRUE(way.send(bytes_of("x"), scratch, wire));
  EXPECT_EQ(text_of(wire), "twx");
  wire.clear();
  give(way, "?");  // TLS itself answers
  EXPECT_EQ(text_of(wire), "!");
  wire.clear();
  way.close(scratch, wire);
  EXPECT_EQ(text_of(wire), "t..") << "the inner goodbye goes through the outer filter";
}

TEST_F(WayInTest, AnyTakesWhatTheClientBeginsWith) {
  with_websocket(config::Protocol::any);
  WayIn mqtt = make();
  EXPECT_TRUE(give(mqtt, "\x10rest"));
  EXPECT_EQ(text_of(inward), "\x10rest");
  inward.clear();
  WayIn web = make();
  EXPECT_TRUE(give(web, "GETx"));
  EXPECT_EQ(text_of(inward), "x");
}

TEST_F(WayInTest, AnyLooksAtWhatComesOutOfTlsNotAtWhatCameIn) {
  with_tls();
  with_websocket(config::Protocol::any);
  for (const std::size_t piece : {1u, 2u, 3u, 20u}) {
    inward.clear();
    WayIn way = make();
    const std::string whole = "tlstGETtx";  // a 't' is TLS's own, and none that HTTP begins with
    for (std::size_t at = 0; at < whole.size(); at += piece) ASSERT_TRUE(give(way, std::string_view{whole}.substr(at, piece)));
    EXPECT_EQ(text_of(inward), "x") << piece;
    EXPECT_EQ(way.peer()->server_name, "tw") << piece;
  }
}

TEST_F(WayInTest, AMistakeEndsItWithItsReason) {
  with_tls();
  WayIn way = make();
  EXPECT_TRUE(way.in_handshake());
  EXPECT_FALSE(give(way, "\x10"));
  EXPECT_EQ(way.why(), "wrong hello");
  EXPECT_TRUE(inward.empty());
}

TEST_F(WayInTest, AClientBehindAProxyIsJudgedByItsOwnAddress) {
  with_proxy();
  entrance->door = *NetworkDoor::parse({}, std::vector<std::string>{"192.0.2.0/24"});
  entrance->door_is_open = false;
  WayIn way = make();
  EXPECT_FALSE(give(way, "PPhello"));
  EXPECT_EQ(way.why(), "its network may not connect");
  EXPECT_TRUE(way.turned_away());
  EXPECT_TRUE(inward.empty());
}

TEST_F(WayInTest, TheAddressThatAProxyTellsIsAskedAboutOnceAndBeforeTls) {
  with_proxy();
  with_tls();
  std::vector<std::string> asked;
  for (const bool may : {true, false}) {
    wire.clear();
    auto proxy = std::make_shared<auth::Peer>();
    proxy->address = "127.0.0.1:1";
    WayIn way{entrance, proxy, [&](const auth::Peer& told) {
                asked.push_back(told.address);
                return may;
              }};
    EXPECT_EQ(give(way, "PPtls"), may);
    EXPECT_EQ(way.turned_away(), !may);
    EXPECT_EQ(text_of(wire), may ? "pT" : "") << "who must wait gets no handshake";
    if (!may) continue;
    EXPECT_TRUE(give(way, "more"));
  }
  EXPECT_EQ(asked, (std::vector<std::string>{"192.0.2.7:99", "192.0.2.7:99"}));
}

}  // namespace tombo::test
