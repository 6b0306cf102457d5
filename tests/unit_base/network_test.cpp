#include "base/network.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include <netinet/in.h>

namespace {

using namespace tombo;
using testing::HasSubstr;

Address address(std::string_view text) {
  const auto found = Address::parse(text);
  EXPECT_TRUE(found) << text;
  return found.value_or(*Address::parse("::"));
}
Network network(std::string_view text) {
  auto found = Network::parse(text);
  EXPECT_TRUE(found.ok()) << text;
  return *found;
}

TEST(Address, IsReadAndWritten) {
  for (const char* text : {"192.0.2.1", "0.0.0.0", "255.255.255.255", "::", "::1", "2001:db8::1", "fe80::1"}) {
    EXPECT_EQ(address(text).to_string(), text);
  }
}

TEST(Address, TakesMappedIpv6AsIpv4) {
  EXPECT_EQ(address("::ffff:192.0.2.1"), address("192.0.2.1"));
  EXPECT_TRUE(address("::ffff:192.0.2.1").is_v4());
  EXPECT_FALSE(address("::1").is_v4());
}

TEST(Address, RefusesWhatIsNone) {
  for (const char* text :
       {"", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.4 ", " 1.2.3.4", "01.2.3.4", "localhost", ":::", "1::2::3",
        "fe80::1%eth0", "[::1]", "1.2.3.4:5", "unix", "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb"}) {
    EXPECT_FALSE(Address::parse(text)) << text;
  }
  EXPECT_FALSE(Address::parse(std::string_view("1.2.3.4\0", 8)));
}

TEST(Address, IsFoundInThePeersName) {
  for (const char* text : {"192.0.2.1:40000", "192.0.2.1", "192.0.2.1:0"})
    EXPECT_EQ(Address::parse_peer(text), address("192.0.2.1"));
  for (const char* text : {"[2001:db8::1]:40000", "[2001:db8::1]", "2001:db8::1"}) {
    EXPECT_EQ(Address::parse_peer(text), address("2001:db8::1"));
  }
  for (const char* text : {"", "-", "[", "[]", "[::1", "[::1]x", "[::1]:", "[::1]:x", "[1.2.3.4]:5",
                           "1.2.3.4:", "1.2.3.4:65536", "unix:/run/x", "unknown", "_hidden"}) {
    EXPECT_FALSE(Address::parse_peer(text)) << text;
  }
}

TEST(Address, KeepsThePort) {
  std::uint16_t port = 1;
  EXPECT_EQ(Address::parse_peer("[2001:db8::1]:40000", &port)->with_port(port), "[2001:db8::1]:40000");
  EXPECT_EQ(Address::parse_peer("192.0.2.1:40000", &port)->with_port(port), "192.0.2.1:40000");
  EXPECT_EQ(Address::parse_peer("192.0.2.1", &port)->with_port(port), "192.0.2.1:0");
}

TEST(Address, IsTakenFromASocket) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_addr.s_addr = htonl(0xC0000201);
  EXPECT_EQ(Address::of(reinterpret_cast<const sockaddr&>(v4)), address("192.0.2.1"));
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_addr = in6addr_loopback;
  EXPECT_EQ(Address::of(reinterpret_cast<const sockaddr&>(v6)), address("::1"));
  sockaddr local{};
  local.sa_family = AF_UNIX;
  EXPECT_FALSE(Address::of(local));
}

TEST(Network, HoldsTheAddressesWithItsPrefix) {
  struct Row {
    const char* network;
    const char* address;
    bool holds;
  };
  for (const Row& row :
       {Row{"192.168.0.0/16", "192.168.255.255", true}, Row{"192.168.0.0/16", "192.169.0.0", false},
        Row{"192.168.0.0/16", "::ffff:192.168.1.1", true}, Row{"::ffff:192.168.0.0/112", "192.168.1.1", true},
        Row{"10.0.0.0/9", "10.127.255.255", true}, Row{"10.0.0.0/9", "10.128.0.0", false},
        Row{"0.0.0.0/0", "8.8.8.8", true}, Row{"0.0.0.0/0", "2001:db8::1", false}, Row{"::/0", "2001:db8::1", true},
        Row{"::/0", "8.8.8.8", false}, Row{"::1", "::1", true}, Row{"::1", "::2", false},
        Row{"192.0.2.1", "192.0.2.1", true}, Row{"192.0.2.1", "192.0.2.0", false},
        Row{"2001:db8::/32", "2001:db8:ffff::1", true}, Row{"2001:db8::/32", "2001:db9::", false},
        Row{"2001:db8::/33", "2001:db8:8000::", false}, Row{"2001:db8::1/128", "2001:db8::1", true}}) {
    EXPECT_EQ(network(row.network).contains(address(row.address)), row.holds) << row.network << " " << row.address;
  }
}

TEST(Network, SaysWhatIsWrong) {
  struct Row {
    const char* text;
    const char* words;
  };
  for (const Row& row :
       {Row{"", "an IPv4 or IPv6 address is wanted"}, Row{"/8", "address is wanted"},
        Row{"example.com", "\"example.com\" is no network"}, Row{"10.0.0.0/", "from 0 to 32"},
        Row{"10.0.0.0/33", "from 0 to 32"}, Row{"10.0.0.0/-1", "from 0 to 32"}, Row{"10.0.0.0/8x", "from 0 to 32"},
        Row{"10.0.0.0/255.0.0.0", "from 0 to 32"}, Row{"::/129", "from 0 to 128"}, Row{"::1/", "from 0 to 128"},
        Row{"192.168.1.5/16", "\"192.168.0.0/16\" is the network that holds it"},
        Row{"2001:db8::1/32", "\"2001:db8::/32\" is the network that holds it"},
        Row{"::ffff:1.2.3.4/64", "bits set behind its prefix"}}) {
    const auto found = Network::parse(row.text);
    ASSERT_FALSE(found.ok()) << row.text;
    EXPECT_THAT(found.error(), HasSubstr(row.words));
  }
}

TEST(Network, IsWrittenAsItWasRead) {
  for (const char* text : {"192.168.0.0/16", "2001:db8::/32", "0.0.0.0/0", "::/0", "::1/128"})
    EXPECT_EQ(network(text).to_string(), text);
}

TEST(NetworkSet, FindsTheLongestPrefix) {
  const std::vector<std::string> texts{"10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24",  "10.1.2.0/31",
                                       "0.0.0.0/0",  "::/0",        "2001:db8::/32"};
  const auto set = NetworkSet::parse(texts);
  ASSERT_TRUE(set.ok());
  const auto prefix = [&](const char* text) { return set->longest_prefix(address(text)).value_or(999); };
  EXPECT_EQ(prefix("10.1.2.1"), 31U);
  EXPECT_EQ(prefix("10.1.2.2"), 24U);
  EXPECT_EQ(prefix("10.1.3.2"), 16U);
  EXPECT_EQ(prefix("10.2.0.0"), 8U);
  EXPECT_EQ(prefix("11.0.0.0"), 0U);
  EXPECT_EQ(prefix("2001:db8::5"), 32U);
  EXPECT_EQ(prefix("::1"), 0U);
}

TEST(NetworkSet, HoldsNothingWhenEmpty) {
  EXPECT_FALSE(NetworkSet().contains(address("::1")));
  EXPECT_FALSE(NetworkSet::parse(std::vector<std::string>{"::/0"})->contains(address("1.2.3.4")));
}

TEST(NetworkSet, AnswersAsAWalkOverAllDoes) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    std::vector<Network> networks;
    for (int i = 0; i < 40; ++i) {
      // Few different bits, so that networks nest.
      const auto bits = static_cast<unsigned>(random() % 33);
      const std::uint32_t mask = bits == 0 ? 0 : 0xFFFFFFFFU << (32 - bits);
      const auto value = static_cast<std::uint32_t>(random() & 0x81018001U & mask);
      const bool v6 = random() % 4 == 0;
      const auto text = v6 ? "::" + std::to_string(random() % 4) + "/128"
                           : std::to_string(value >> 24) + "." + std::to_string(value >> 16 & 255) + "." +
                                 std::to_string(value >> 8 & 255) + "." + std::to_string(value & 255) + "/" +
                                 std::to_string(bits);
      networks.push_back(network(text));
      if (random() % 10 == 0) networks.push_back(network("::/" + std::to_string(random() % 90)));
    }
    const NetworkSet set(networks);
    for (int i = 0; i < 50; ++i) {
      const auto value = static_cast<std::uint32_t>(random() & 0x81018003U);
      const Address a = random() % 5 == 0
                            ? address("::" + std::to_string(random() % 6))
                            : address(std::to_string(value >> 24) + "." + std::to_string(value >> 16 & 255) + "." +
                                      std::to_string(value >> 8 & 255) + "." + std::to_string(value & 255));
      std::optional<unsigned> best;
      for (const Network& n : networks) {
        if (n.contains(a) && (!best || n.prefix() > *best)) best = n.prefix();
      }
      ASSERT_EQ(set.longest_prefix(a), best) << a.to_string();
    }
  }
}

TEST(NetworkDoor, LetsTheLongerPrefixDecide) {
  struct Row {
    std::vector<std::string> allow, deny;
    const char* address;
    bool admitted;
  };
  const std::vector<Row> rows{{{}, {}, "192.0.2.1", true},
                              {{"10.0.0.0/8"}, {}, "10.1.1.1", true},
                              {{"10.0.0.0/8"}, {}, "11.1.1.1", false},
                              {{"10.0.0.0/8"}, {}, "::1", false},
                              {{}, {"10.0.0.0/8"}, "10.1.1.1", false},
                              {{}, {"10.0.0.0/8"}, "11.1.1.1", true},
                              {{"10.1.0.0/16"}, {"10.0.0.0/8"}, "10.1.1.1", true},
                              {{"10.1.0.0/16"}, {"10.0.0.0/8"}, "10.2.1.1", false},
                              {{"10.0.0.0/8"}, {"10.1.0.0/16"}, "10.1.1.1", false},
                              {{"10.0.0.0/8"}, {"10.1.0.0/16"}, "10.2.1.1", true},
                              {{"10.0.0.0/8"}, {"10.0.0.0/8"}, "10.1.1.1", false},
                              {{"0.0.0.0/0"}, {"0.0.0.0/0"}, "10.1.1.1", false},
                              {{"::/0"}, {}, "10.1.1.1", false}};
  for (const Row& row : rows) {
    const auto door = NetworkDoor::parse(row.allow, row.deny);
    ASSERT_TRUE(door.ok());
    EXPECT_EQ(door->admits(address(row.address)), row.admitted) << row.address << " row " << &row - rows.data();
  }
}

TEST(NetworkDoor, NamesTheOptionThatIsWrong) {
  EXPECT_THAT(NetworkDoor::parse(std::vector<std::string>{"x"}, {}).error(), HasSubstr("allow_networks: \"x\""));
  EXPECT_THAT(NetworkDoor::parse({}, std::vector<std::string>{"y"}).error(), HasSubstr("deny_networks: \"y\""));
}

}  // namespace
