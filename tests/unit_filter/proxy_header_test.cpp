#include "filter/proxy_header.hpp"
#include "filter/crc32c.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace tombo;
using testing::HasSubstr;
using Octets = std::vector<std::uint8_t>;

Octets octets(std::string_view text) {
  return {text.begin(), text.end()};
}
Octets operator+(Octets a, const Octets& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}
Octets two(std::size_t value) {
  return {static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value)};
}

const Octets kSignature{0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A};
const Octets kTcp4Addresses{192, 0, 2, 1, 198, 51, 100, 2, 0x9C, 0x40, 0x07, 0x5B};

Octets binary(std::uint8_t command, std::uint8_t family, const Octets& body) {
  return kSignature + Octets{command, family} + two(body.size()) + body;
}
Octets entry(std::uint8_t type, const Octets& value) {
  return Octets{type} + two(value.size()) + value;
}
Octets tcp4(const Octets& entries = {}) {
  return binary(0x21, 0x11, kTcp4Addresses + entries);
}
Octets ssl(std::uint8_t client, std::uint8_t verify, const Octets& more) {
  return entry(0x20, Octets{client, 0, 0, 0, verify} + more);
}

struct Side {
  explicit Side(config::UserNameFrom from = config::UserNameFrom::connect) {
    config::Listener options;
    options.user_name_from = from;
    filter = filter::make_proxy_header(options);
  }
  bool feed(const Octets& bytes, std::size_t piece = 100'000) {
    for (std::size_t at = 0; at < bytes.size() && going_on; at += piece) {
      going_on = filter->receive({bytes.data() + at, std::min(piece, bytes.size() - at)}, inward, outward);
    }
    return going_on;
  }
  auth::Peer peer() const {
    auth::Peer known;
    known.address = "socket";
    filter->describe(known);
    return known;
  }
  std::unique_ptr<filter::ByteFilter> filter;
  Octets inward, outward;
  bool going_on = true;
};

struct Good {
  const char* name;
  Octets header;
  const char* address;
};
std::vector<Good> good_headers() {
  Octets tcp6(36);
  tcp6[0] = 0x20, tcp6[1] = 0x01, tcp6[2] = 0x0D, tcp6[3] = 0xB8, tcp6[15] = 7, tcp6[32] = 0x9C, tcp6[33] = 0x40;
  Octets unix_addresses(216);
  const Octets path = octets("/run/client");
  std::copy(path.begin(), path.end(), unix_addresses.begin());
  return {
      {"v1 TCP4", octets("PROXY TCP4 192.0.2.1 198.51.100.2 40000 1883\r\n"), "192.0.2.1:40000"},
      {"v1 TCP6", octets("PROXY TCP6 2001:db8::7 ::1 40000 1883\r\n"), "[2001:db8::7]:40000"},
      {"v1 longest",
       octets("PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 "
              "65535\r\n"),
       "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535"},
      {"v1 port 0", octets("PROXY TCP4 192.0.2.1 198.51.100.2 0 0\r\n"), "192.0.2.1:0"},
      {"v1 unknown", octets("PROXY UNKNOWN\r\n"), "socket"},
      {"v1 unknown with more", octets("PROXY UNKNOWN ffff::1 whatever\r\n"), "socket"},
      {"v1 unknown, 107 bytes", octets("PROXY UNKNOWN " + std::string(91, 'x') + "\r\n"), "socket"},
      {"v2 local", binary(0x20, 0x00, {}), "socket"},
      {"v2 local with addresses", binary(0x20, 0x11, kTcp4Addresses), "socket"},
      {"v2 local with anything", binary(0x20, 0xFF, {1, 2, 3}), "socket"},
      {"v2 unspecified", binary(0x21, 0x00, {}), "socket"},
      {"v2 TCP4", tcp4(), "192.0.2.1:40000"},
      {"v2 TCP6", binary(0x21, 0x21, tcp6), "[2001:db8::7]:40000"},
      {"v2 Unix", binary(0x21, 0x31, unix_addresses), "unix:/run/client"},
      {"v2 Unix without a name", binary(0x21, 0x31, Octets(216)), "unix:"},
      {"v2 with entries", tcp4(entry(0x04, Octets(500)) + entry(0x05, octets("id")) + entry(0xE0, {})),
       "192.0.2.1:40000"},
      {"v2 longest", tcp4(entry(0x04, Octets(8192 - 12 - 3))), "192.0.2.1:40000"},
  };
}

TEST(ProxyHeader, TellsTheClientsAddress) {
  for (const Good& row : good_headers()) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{100'000}}) {
      Side side;
      EXPECT_TRUE(side.feed(row.header + octets("PROXY is MQTT here"), piece))
          << row.name << ": " << side.filter->why();
      EXPECT_EQ(side.inward, octets("PROXY is MQTT here")) << row.name;
      EXPECT_EQ(side.peer().address, row.address) << row.name;
      EXPECT_TRUE(side.filter->open() && side.filter->spent()) << row.name;
      EXPECT_TRUE(side.outward.empty());
      EXPECT_LT(side.filter->memory(), 400U) << row.name;
    }
  }
}

TEST(ProxyHeader, WaitsAtEveryByteOfAHeader) {
  for (const Good& row : good_headers()) {
    for (std::size_t size = 0; size < row.header.size(); ++size) {
      Side side;
      const auto cut = row.header.begin() + static_cast<std::ptrdiff_t>(size);
      EXPECT_TRUE(side.feed(Octets(row.header.begin(), cut))) << row.name << " at " << size;
      EXPECT_FALSE(side.filter->open()) << row.name << " at " << size;
      EXPECT_TRUE(side.inward.empty());
      EXPECT_FALSE(side.filter->send(octets("x"), side.outward));
      EXPECT_TRUE(side.feed(Octets(cut, row.header.end()) + octets("behind"))) << row.name << " at " << size;
      EXPECT_EQ(side.inward, octets("behind"));
    }
  }
}

struct Bad {
  const char* name;
  Octets bytes;
  const char* words;
};
void expect_refused(const std::vector<Bad>& rows) {
  for (const Bad& row : rows) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{100'000}}) {
      Side side;
      EXPECT_FALSE(side.feed(row.bytes, piece)) << row.name;
      EXPECT_THAT(std::string(side.filter->why()), HasSubstr(row.words)) << row.name;
      EXPECT_FALSE(side.filter->open()) << row.name;
      EXPECT_TRUE(side.inward.empty() && side.outward.empty()) << row.name;
      EXPECT_FALSE(side.filter->receive(octets("x"), side.inward, side.outward)) << row.name;
    }
  }
}

TEST(ProxyHeader, EndsAConnectionThatBeginsOtherwise) {
  expect_refused({
      {"MQTT", {0x10}, "does not begin with"},
      {"TLS", {0x16, 3, 1}, "does not begin with"},
      {"HTTP", octets("GE"), "does not begin with"},
      {"lower case", octets("proxy"), "does not begin with"},
      {"nearly v1", octets("PROXI"), "does not begin with"},
      {"nearly v2", {0x0D, 0x0A, 0x0D, 0x0A, 0x01}, "does not begin with"},
      {"v1 long", octets("PROXY UNKNOWN " + std::string(94, 'x')), "107"},
      {"v1 long with an end", octets("PROXY UNKNOWN " + std::string(92, 'x') + "\r\n"), "107"},
      {"v1 no family", octets("PROXY \r\n"), "neither TCP4"},
      {"v1 UDP4", octets("PROXY UDP4 192.0.2.1 198.51.100.2 40000 1883\r\n"), "neither TCP4"},
      {"v1 UNKNOWNX", octets("PROXY UNKNOWNX\r\n"), "neither TCP4"},
      {"v1 v6 as TCP4", octets("PROXY TCP4 ::1 ::1 40000 1883\r\n"), "two addresses"},
      {"v1 v4 as TCP6", octets("PROXY TCP6 192.0.2.1 198.51.100.2 40000 1883\r\n"), "two addresses"},
      {"v1 mixed", octets("PROXY TCP4 192.0.2.1 ::1 40000 1883\r\n"), "two addresses"},
      {"v1 two spaces", octets("PROXY TCP4  192.0.2.1 198.51.100.2 40000 1883\r\n"), "two addresses"},
      {"v1 space at the end", octets("PROXY TCP4 192.0.2.1 198.51.100.2 40000 1883 \r\n"), "two addresses"},
      {"v1 too few", octets("PROXY TCP4 192.0.2.1 198.51.100.2 40000\r\n"), "two addresses"},
      {"v1 too many", octets("PROXY TCP4 192.0.2.1 198.51.100.2 40000 1883 1\r\n"), "two addresses"},
      {"v1 port 65536", octets("PROXY TCP4 192.0.2.1 198.51.100.2 65536 1883\r\n"), "two addresses"},
      {"v1 port with zero", octets("PROXY TCP4 192.0.2.1 198.51.100.2 01 1883\r\n"), "two addresses"},
      {"v1 port with sign", octets("PROXY TCP4 192.0.2.1 198.51.100.2 +1 1883\r\n"), "two addresses"},
      {"v1 no port", octets("PROXY TCP4 192.0.2.1 198.51.100.2  1883\r\n"), "two addresses"},
      {"v1 name", octets("PROXY TCP4 localhost 198.51.100.2 1 1883\r\n"), "two addresses"},
      {"v1 address 256", octets("PROXY TCP4 256.0.2.1 198.51.100.2 1 1883\r\n"), "two addresses"},
      {"v1 NUL", octets(std::string_view("PROXY TCP4 192.0.2.1\0 198.51.100.2 1 1883\r\n", 44)), "two addresses"},
  });
}

TEST(ProxyHeader, EndsAConnectionWithAMalformedVersion2) {
  Octets bad_version = tcp4();
  bad_version[12] = 0x11;
  Octets bad_command = tcp4();
  bad_command[12] = 0x22;
  Octets bad_path(216);
  bad_path[0] = '\n';
  expect_refused({
      {"v2 version", bad_version, "version 2"},
      {"v2 command", bad_command, "version 2"},
      {"v2 family", binary(0x21, 0x41, kTcp4Addresses), "family"},
      {"v2 UDP4", binary(0x21, 0x12, kTcp4Addresses), "family"},
      {"v2 UDP6", binary(0x21, 0x22, Octets(36)), "family"},
      {"v2 short TCP4", binary(0x21, 0x11, Octets(11)), "without its addresses"},
      {"v2 short TCP6", binary(0x21, 0x21, Octets(35)), "without its addresses"},
      {"v2 short Unix", binary(0x21, 0x31, Octets(215)), "without its addresses"},
      {"v2 Unix path", binary(0x21, 0x31, bad_path), "path"},
      {"v2 too long", tcp4(entry(0x04, Octets(8192 - 12 - 2))), "8192"},
      {"v2 longest claim", kSignature + Octets{0x21, 0x11, 0xFF, 0xFF}, "8192"},
      {"v2 LOCAL too long", kSignature + Octets{0x20, 0x00, 0xFF, 0xFF}, "8192"},
      {"v2 half an entry", tcp4({0x04}), "entry"},
      {"v2 entry too long", tcp4({0x04, 0, 2, 1}), "entry"},
      {"v2 checksum", tcp4(entry(0x03, {1, 2, 3, 4})), "checksum"},
      {"v2 checksum of three bytes", tcp4(entry(0x03, {1, 2, 3})), "checksum"},
      {"v2 server name with NUL", tcp4(entry(0x02, {'a', 0})), "server name"},
      {"v2 server name not UTF-8", tcp4(entry(0x02, {'a', 0xFF})), "server name"},
      {"v2 empty server name", tcp4(entry(0x02, {})), "server name"},
      {"v2 two server names", tcp4(entry(0x02, {'a'}) + entry(0x02, {'a'})), "server name"},
      {"v2 long server name", tcp4(entry(0x02, Octets(1025, 'a'))), "server name"},
      {"v2 SSL too short", tcp4(entry(0x20, {1, 0, 0, 0})), "TLS"},
      {"v2 SSL half an entry", tcp4(ssl(1, 0, {0x21, 0})), "TLS"},
      {"v2 SSL entry beyond", tcp4(ssl(1, 0, {0x21, 0, 9, 'T'}) + entry(0x04, Octets(20))), "TLS"},
      {"v2 two SSL", tcp4(ssl(1, 0, {}) + ssl(7, 0, entry(0x22, octets("admin")))), "TLS"},
      {"v2 two CN", tcp4(ssl(7, 0, entry(0x22, octets("a")) + entry(0x22, octets("admin")))), "TLS"},
      {"v2 CN with NUL", tcp4(ssl(7, 0, entry(0x22, {'a', 0, 'b'}))), "TLS"},
      {"v2 CN with a line end", tcp4(ssl(7, 0, entry(0x22, {'a', '\n'}))), "TLS"},
      {"v2 CN not UTF-8", tcp4(ssl(7, 0, entry(0x22, {0xC3}))), "TLS"},
  });
}

TEST(ProxyHeader, TellsWhatTheProxyKnowsOfTls) {
  Side side(config::UserNameFrom::certificate_cn);
  const Octets told = entry(0x21, octets("TLSv1.3")) + entry(0x22, octets("sensor-7")) +
                      entry(0x23, octets("TLS_AES_256_GCM_SHA384")) + entry(0x24, octets("RSA-SHA256")) +
                      entry(0x25, octets("RSA2048"));
  EXPECT_TRUE(
      side.feed(tcp4(entry(0x01, octets("mqtt")) + entry(0x02, octets("broker.example")) + ssl(0x07, 0, told))));
  const auth::Peer peer = side.peer();
  EXPECT_EQ(peer.address, "192.0.2.1:40000");
  EXPECT_EQ(peer.server_name, "broker.example");
  EXPECT_EQ(peer.tls_version, "TLSv1.3");
  EXPECT_EQ(peer.tls_cipher, "TLS_AES_256_GCM_SHA384");
  EXPECT_EQ(peer.certificate_cn, "sensor-7");
  EXPECT_EQ(peer.user_name, "sensor-7");
}

TEST(ProxyHeader, TakesACertificateForProofOnlyWhenItWasVerified) {
  struct Row {
    std::uint8_t client;
    std::uint8_t verify;
    config::UserNameFrom from;
    const char* cn;
    const char* user;
  };
  using From = config::UserNameFrom;
  for (const Row& row :
       {Row{0x07, 0, From::certificate_cn, "admin", "admin"}, Row{0x03, 0, From::certificate_cn, "admin", "admin"},
        Row{0x05, 0, From::certificate_cn, "admin", "admin"}, Row{0x07, 0, From::connect, "admin", ""},
        Row{0x07, 0, From::certificate_subject, "admin", ""}, Row{0x07, 1, From::certificate_cn, "", ""},
        Row{0x07, 0xFF, From::certificate_cn, "", ""}, Row{0x01, 0, From::certificate_cn, "", ""},
        Row{0x00, 0, From::certificate_cn, "", ""}, Row{0x06, 0, From::certificate_cn, "", ""}}) {
    Side side(row.from);
    EXPECT_TRUE(side.feed(tcp4(ssl(row.client, row.verify, entry(0x22, octets("admin"))))));
    EXPECT_EQ(side.peer().certificate_cn, row.cn);
    EXPECT_EQ(side.peer().user_name, row.user);
    EXPECT_EQ(side.peer().tls_version.empty(), (row.client & 1) == 0);
  }
}

TEST(ProxyHeader, BelievesNothingThatAMistakeFollows) {
  Side side(config::UserNameFrom::certificate_cn);
  EXPECT_FALSE(side.feed(tcp4(ssl(7, 0, entry(0x22, octets("admin"))) + Octets{0x04})));
  EXPECT_EQ(side.peer().user_name, "");
  EXPECT_EQ(side.peer().address, "socket");
}

TEST(ProxyHeader, BelievesNothingOfALocalConnection) {
  Side side(config::UserNameFrom::certificate_cn);
  EXPECT_TRUE(side.feed(binary(0x20, 0x11, kTcp4Addresses + ssl(7, 0, entry(0x22, octets("admin"))))));
  EXPECT_EQ(side.peer().user_name, "");
  EXPECT_EQ(side.peer().tls_version, "");
}

TEST(ProxyHeader, ChecksItsChecksum) {
  EXPECT_EQ(filter::crc32c(octets("123456789")), 0xE3069283U);
  Octets header = tcp4(entry(0x02, octets("a.example")) + entry(0x03, {0, 0, 0, 0}) + entry(0x04, {0, 0}));
  const std::uint32_t crc = filter::crc32c(header);
  const std::size_t at = 16 + 12 + 12 + 3;
  for (std::size_t i = 0; i < 4; ++i) header[at + i] = static_cast<std::uint8_t>(crc >> (24 - 8 * i));
  Side side;
  EXPECT_TRUE(side.feed(header)) << side.filter->why();
  for (std::size_t i = 16; i < header.size(); ++i) {
    Octets flipped = header;
    flipped[i] ^= 1;
    Side other;
    other.feed(flipped);
    EXPECT_FALSE(other.filter->open()) << "bit at byte " << i;
  }
}

TEST(ProxyHeader, PassesEverythingOnAfterwards) {
  Side side;
  side.feed(tcp4());
  EXPECT_TRUE(side.filter->send(octets("out"), side.outward));
  EXPECT_EQ(side.outward, octets("out"));
  side.filter->close(side.outward);
  EXPECT_EQ(side.outward, octets("out"));
  EXPECT_TRUE(side.feed(tcp4()));
  EXPECT_EQ(side.inward, tcp4());
  EXPECT_TRUE(side.filter->why().empty());
}

TEST(ProxyHeader, KeepsNoMoreThanAHeader) {
  Side side;
  side.feed(kSignature + Octets{0x21, 0x11, 0x20, 0x00});
  std::size_t most = 0;
  while (side.going_on && !side.filter->open()) {
    side.feed(Octets(100, 0));
    most = std::max(most, side.filter->memory());
  }
  EXPECT_GT(most, 8192U);
  EXPECT_LT(most, 2 * (16 + 8192) + 400U);
}

}  // namespace
