#include "websocket_kit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using namespace tombo;
using namespace tombo::test;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string replaced(std::string_view what, std::string_view with) {
  std::string text(kHandshake);
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), with);
}
std::string answer_to(std::string_view request, const config::Listener& options = {}, bool* going_on = nullptr) {
  Side side(options);
  const bool good = side.feed(octets(request));
  if (going_on != nullptr) *going_on = good;
  EXPECT_EQ(good, side.filter->open()) << request;
  EXPECT_EQ(good, side.filter->why().empty()) << side.filter->why();
  return text_of(side.outward);
}

// covers: 5.0 MQTT-6.0.0-4, 3.1.1 MQTT-6.0.0-4
TEST(WebSocketHandshake, IsAnsweredAsTheStandardsExampleIs) {
  EXPECT_EQ(answer_to(kHandshake),
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n");
}

TEST(WebSocketHandshake, MayComeInPiecesOfAnySize) {
  Side whole;
  whole.feed(octets(kHandshake));
  for (std::size_t piece = 1; piece < kHandshake.size(); ++piece) {
    Side side;
    EXPECT_TRUE(side.feed(octets(kHandshake), piece)) << piece;
    EXPECT_EQ(side.outward, whole.outward) << piece;
  }
  for (std::size_t split = 1; split < kHandshake.size(); ++split) {
    Side side;
    EXPECT_TRUE(side.feed(octets(kHandshake.substr(0, split))));
    EXPECT_FALSE(side.filter->open()) << split;
    EXPECT_TRUE(side.outward.empty()) << split;
    EXPECT_TRUE(side.feed(octets(kHandshake.substr(split))));
    EXPECT_EQ(side.outward, whole.outward) << split;
  }
}

// What browsers, MQTT.js, Paho and proxies send.
TEST(WebSocketHandshake, TakesHeadersInAnyWriting) {
  for (const std::string& request : {
           replaced("Upgrade: websocket", "upgrade: WebSocket"),
           replaced("Connection: Upgrade", "Connection: keep-alive, Upgrade"),
           replaced("Connection: Upgrade", "Connection: keep-alive\r\nConnection: upgrade"),
           replaced("Upgrade: websocket", "Upgrade: h2c, websocket"),
           replaced("Host: broker.example", "host:broker.example:9001"),
           replaced("Sec-WebSocket-Version: 13", "Sec-WebSocket-Version:   13  "),
           replaced("Sec-WebSocket-Protocol: mqtt",
                    "Sec-WebSocket-Protocol: mqtt\r\nSec-WebSocket-Extensions: permessage-deflate; "
                    "client_max_window_bits"),
           replaced("GET /mqtt ", "GET http://broker.example/mqtt "),
           replaced("GET /mqtt ", "GET /mqtt?token=1 "),
       }) {
    const std::string answer = answer_to(request);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 101 ")) << request;
    EXPECT_THAT(answer, Not(HasSubstr("Extensions"))) << request;
  }
}

// covers: 5.0 MQTT-6.0.0-3, 3.1.1 MQTT-6.0.0-3, 5.0 MQTT-6.0.0-4, 3.1.1 MQTT-6.0.0-4
TEST(WebSocketHandshake, ChoosesTheSubprotocol) {
  struct Row {
    const char* offered;
    const char* chosen;  // null: refused
  };
  for (const Row& row :
       {Row{"Sec-WebSocket-Protocol: mqtt", "mqtt"}, Row{"Sec-WebSocket-Protocol: mqttv3.1", "mqttv3.1"},
        Row{"Sec-WebSocket-Protocol: mqttv3.1, mqtt", "mqtt"}, Row{"Sec-WebSocket-Protocol: mqtt,mqttv3.1", "mqtt"},
        Row{"Sec-WebSocket-Protocol: x\r\nSec-WebSocket-Protocol: mqtt", "mqtt"},
        Row{"Sec-WebSocket-Protocol: mqttv3.1\r\nSec-WebSocket-Protocol:  chat ,, mqtt", "mqtt"},
        Row{"Sec-WebSocket-Protocol: chat", nullptr}, Row{"Sec-WebSocket-Protocol: ", nullptr},
        Row{"Sec-WebSocket-Protocol: MQTT", nullptr}, Row{"Sec-WebSocket-Protocol: mqtt2", nullptr},
        Row{"X-Nothing: 1", nullptr}}) {
    const std::string answer = answer_to(replaced("Sec-WebSocket-Protocol: mqtt", row.offered));
    if (row.chosen != nullptr) {
      EXPECT_THAT(answer, HasSubstr(std::string("\r\nSec-WebSocket-Protocol: ") + row.chosen + "\r\n")) << row.offered;
    } else {
      EXPECT_THAT(answer, StartsWith("HTTP/1.1 400 ")) << row.offered;
    }
  }
}

TEST(WebSocketHandshake, IsRefusedWithAReason) {
  struct Row {
    std::string request;
    const char* status;
    const char* words;
  };
  const std::string version = "Sec-WebSocket-Version: 13";
  const std::string key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
  for (const Row& row : {
           Row{replaced(version, "Sec-WebSocket-Version: 12"), "426 ", "Sec-WebSocket-Version: 13\r\n"},
           Row{replaced(version, "Sec-WebSocket-Version: 130"), "426 ", "Sec-WebSocket-Version: 13\r\n"},
           Row{replaced(version, "X: 1"), "426 ", "Sec-WebSocket-Version: 13\r\n"},
           Row{replaced(version, version + "\r\n" + version), "426 ", "Sec-WebSocket-Version: 13\r\n"},
           Row{replaced("Upgrade: websocket\r\n", ""), "426 ", "this is an MQTT broker"},
           Row{"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "426 ", "this is an MQTT broker"},
           Row{replaced("Upgrade: websocket", "Upgrade: h2c"), "400 ", "Upgrade does not name websocket"},
           Row{replaced("Upgrade: websocket", "Upgrade: websocket2"), "400 ", "Upgrade does not name"},
           Row{replaced("Connection: Upgrade", "Connection: close"), "400 ", "Connection does not name Upgrade"},
           Row{replaced("Connection: Upgrade\r\n", ""), "400 ", "Connection does not name Upgrade"},
           Row{replaced("GET", "POST"), "400 ", "a WebSocket handshake is a GET"},
           Row{replaced("GET", "HEAD"), "400 ", "is a GET"},
           Row{replaced("HTTP/1.1", "HTTP/1.0"), "400 ", "HTTP/1.1 is wanted"},
           Row{replaced("HTTP/1.1", "HTTP/2.0"), "400 ", "HTTP/1.1 is wanted"},
           Row{replaced("HTTP/1.1", "HTTP/x.1"), "400 ", "no HTTP request"},
           Row{replaced("GET", "GOT"), "400 ", "no HTTP request"},
           Row{replaced("Host: broker.example\r\n", ""), "400 ", "one Host header"},
           Row{replaced("Host: broker.example", "Host: a\r\nHost: b"), "400 ", "one Host header"},
           Row{replaced("Host: broker.example", "Host broker"), "400 ", "no HTTP request"},
           Row{replaced(key, "X: 1"), "400 ", "Sec-WebSocket-Key"},
           Row{replaced(key, key + "\r\n" + key), "400 ", "Sec-WebSocket-Key"},
           Row{replaced(key, "Sec-WebSocket-Key: "), "400 ", "Sec-WebSocket-Key"},
           Row{replaced(key, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ"), "400 ", "Sec-WebSocket-Key"},
           Row{replaced(key, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZT0="), "400 ", "Sec-WebSocket-Key"},
           Row{replaced(key, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub24="), "400 ", "Sec-WebSocket-Key"},
       }) {
    bool going_on = true;
    const std::string answer = answer_to(row.request, {}, &going_on);
    EXPECT_FALSE(going_on) << row.request;
    EXPECT_THAT(answer, StartsWith(std::string("HTTP/1.1 ") + row.status)) << row.request;
    EXPECT_THAT(answer, HasSubstr(row.words)) << row.request;
    EXPECT_THAT(answer, HasSubstr("\r\nConnection: close\r\n")) << row.request;
    EXPECT_THAT(answer, HasSubstr("\r\nContent-Type: text/plain")) << row.request;
  }
}

TEST(WebSocketHandshake, IsJudgedAlikeInPiecesOfAnySize) {
  for (const std::string& request : {replaced("GET", "GOT"), replaced("Host: broker.example", "Ho\x01st: x"),
                                     replaced("Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 8"),
                                     std::string("GET / HTTP/1.1\r\nHost: x\r\n\r\nbehind")}) {
    Side whole;
    whole.feed(octets(request));
    EXPECT_FALSE(whole.going_on);
    for (std::size_t piece = 1; piece < request.size(); ++piece) {
      Side side;
      side.feed(octets(request), piece);
      EXPECT_EQ(text_of(side.outward), text_of(whole.outward)) << piece;
      EXPECT_EQ(side.filter->why(), whole.filter->why());
    }
  }
}

TEST(WebSocketHandshake, AsksForThePath) {
  config::Listener options;
  options.websocket_path = "/mqtt";
  EXPECT_THAT(answer_to(kHandshake, options), StartsWith("HTTP/1.1 101 "));
  EXPECT_THAT(answer_to(replaced("/mqtt", "/mqtt?a=b"), options), StartsWith("HTTP/1.1 101 "));
  EXPECT_THAT(answer_to(replaced("/mqtt", "http://h:1/mqtt"), options), StartsWith("HTTP/1.1 101 "));
  for (const char* path : {"/", "/mqtt/", "/MQTT", "/mqttx", "/mqt", "http://h", "/x?/mqtt", "*"}) {
    EXPECT_THAT(answer_to(replaced("/mqtt", path), options), StartsWith("HTTP/1.1 4")) << path;
  }
  EXPECT_THAT(answer_to(replaced("/mqtt", "/"), options), StartsWith("HTTP/1.1 404 "));
}

TEST(WebSocketHandshake, AsksForTheOrigin) {
  config::Listener options;
  options.websocket_origins = {"https://example.com", "https://example.com:8443"};
  const auto from = [&](const std::string& origin) {
    return answer_to(replaced("Host: broker.example", "Host: broker.example\r\n" + origin), options);
  };
  for (const char* origin :
       {"Origin: https://example.com", "origin: HTTPS://Example.com", "Origin: https://example.com:8443"}) {
    EXPECT_THAT(from(origin), StartsWith("HTTP/1.1 101 ")) << origin;
  }
  for (const char* origin :
       {"Origin: https://evil.example", "Origin: null", "Origin: ", "Origin: http://example.com",
        "Origin: https://example.com.evil.example", "Origin: https://example.com, https://evil.example"}) {
    EXPECT_THAT(from(origin), StartsWith("HTTP/1.1 403 ")) << origin;
  }
  EXPECT_THAT(from("Origin: https://example.com\r\nOrigin: https://example.com"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(from("X: no web page says this"), StartsWith("HTTP/1.1 101 "));
}

TEST(WebSocketHandshake, HasALongestLength) {
  config::Listener options;
  const auto of_length = [&](std::size_t length) {
    const std::string padding = "\r\nX-Padding: ";
    return replaced("\r\n\r\n", padding + std::string(length - kHandshake.size() - padding.size(), 'a') + "\r\n\r\n");
  };
  options.websocket_header_bytes_max = 1000;
  EXPECT_THAT(answer_to(of_length(1000), options), StartsWith("HTTP/1.1 101 "));
  EXPECT_THAT(answer_to(of_length(1001), options), StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(answer_to("GET /" + std::string(5000, 'a'), options), StartsWith("HTTP/1.1 431 "));
  for (std::size_t piece : {1U, 7U, 999U, 1000U}) {
    Side side(options);
    side.feed(octets(of_length(1001)), piece);
    EXPECT_THAT(text_of(side.outward), StartsWith("HTTP/1.1 431 "));
    EXPECT_LT(side.filter->memory(), 3000U);
  }
}

TEST(WebSocketHandshake, KeepsNoMoreThanItsLength) {
  config::Listener options;
  options.websocket_header_bytes_max = 8192;
  Side side(options);
  const Octets line = octets("X-Forwarded-For: 192.0.2.1\r\n");
  side.feed(octets("GET / HTTP/1.1\r\n"));
  std::size_t most = 0;
  while (side.going_on) {
    side.feed(line);
    most = std::max(most, side.filter->memory());
  }
  EXPECT_THAT(text_of(side.outward), StartsWith("HTTP/1.1 431 "));
  EXPECT_LT(most, 3 * 8192U);
}

TEST(WebSocketHandshake, TellsTheAddressThatATrustedProxyTells) {
  struct Row {
    const char* peer;
    const char* headers;
    const char* address;  // of the client
  };
  config::Listener options;
  options.websocket_trusted_proxies = {"10.0.0.0/8", "::1"};
  for (const Row& row : {
           Row{"10.1.1.1:5", "X-Forwarded-For: 198.51.100.7", "198.51.100.7:0"},
           Row{"10.1.1.1:5", "X-Forwarded-For: 198.51.100.7:1234", "198.51.100.7:1234"},
           Row{"[::1]:5", "X-Forwarded-For: 2001:db8::7", "[2001:db8::7]:0"},
           Row{"[::1]:5", "x-forwarded-for: [2001:db8::7]:99", "[2001:db8::7]:99"},
           Row{"10.1.1.1:5", "X-Forwarded-For: 6.6.6.6, 198.51.100.7", "198.51.100.7:0"},
           Row{"10.1.1.1:5", "X-Forwarded-For: 6.6.6.6, 198.51.100.7, 10.2.2.2", "198.51.100.7:0"},
           Row{"10.1.1.1:5", "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 198.51.100.7,10.2.2.2", "198.51.100.7:0"},
           Row{"10.1.1.1:5", "X-Forwarded-For: 10.3.3.3, 10.2.2.2", "10.3.3.3:0"},
           Row{"10.1.1.1:5", "X-Forwarded-For: unknown, 10.2.2.2", "10.2.2.2:0"},
           Row{"10.1.1.1:5", "X-Forwarded-For: 6.6.6.6, unknown", "10.1.1.1:5"},
           Row{"10.1.1.1:5", "X-Forwarded-For: , ,", "10.1.1.1:5"},
           Row{"10.1.1.1:5", "X: 1", "10.1.1.1:5"},
           Row{"[::ffff:10.1.1.1]:5", "X-Forwarded-For: 198.51.100.7", "198.51.100.7:0"},
           Row{"203.0.113.9:5", "X-Forwarded-For: 198.51.100.7", "203.0.113.9:5"},
           Row{"unix:/run/x", "X-Forwarded-For: 198.51.100.7", "unix:/run/x"},
       }) {
    Side side(options, row.peer);
    EXPECT_TRUE(side.feed(octets(replaced("Host: broker.example", std::string("Host: x\r\n") + row.headers))));
    auth::Peer peer;
    peer.address = row.peer;
    side.filter->describe(peer);
    EXPECT_EQ(peer.address, row.address) << row.peer << " " << row.headers;
  }
}

TEST(WebSocketHandshake, RulesNameANetworkThatCannotBeRead) {
  config::Listener options;
  options.websocket_trusted_proxies = {"10.0.0.0/8", "proxy.example"};
  EXPECT_THAT(filter::websocket_rules(options).error(), HasSubstr("websocket_trusted_proxies: \"proxy.example\""));
  EXPECT_EQ(filter::make_websocket(options, std::make_shared<auth::Peer>()), nullptr);
}

TEST(WebSocketHandshake, IsFollowedByFramesAtOnce) {
  Side side;
  EXPECT_TRUE(side.feed(octets(kHandshake) + encode({2, octets("early")})));
  EXPECT_EQ(text_of(side.inward), "early");
}

TEST(WebSocketHandshake, LetsNothingBeSentBefore) {
  Side side;
  EXPECT_FALSE(side.filter->open());
  EXPECT_FALSE(side.filter->send(octets("x"), side.outward));
  side.filter->close(side.outward);
  EXPECT_TRUE(side.outward.empty());
}

}  // namespace
