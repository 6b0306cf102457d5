#include "unit_net/running_server.hpp"
#include "unit_net/wire_client.hpp"

#include "broker/core.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <thread>

#include <sys/resource.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <sys/wait.h>
#include <unistd.h>

namespace tombo::test {

using mqtt::PacketType;
using mqtt::Qos;
using mqtt::ReasonCode;
using mqtt::Version;

TEST(Server, StartsAndStopsAgainAndAgain) {
  const std::size_t before = open_descriptors();
  for (int round = 0; round < 5; ++round) {
    RunningServer running(RunningServer::options(3));
    WireClient client(running.port());
    ASSERT_TRUE(client.send(Packets().connect("c").ping()));
    EXPECT_EQ(client.read_type(), PacketType::connack);
    EXPECT_EQ(client.read_type(), PacketType::pingresp);
    if (round % 2 == 0) running.server().stop();
  }
  EXPECT_EQ(open_descriptors(), before);
}

TEST(Server, MayBeDestroyedWithoutHavingBeenStarted) {
  SystemClock clock;
  net::Server server({std::make_shared<const config::Options>(RunningServer::options()), {}, &clock, "test"});
  EXPECT_TRUE(server.listen().ok());
}

TEST(Server, SaysWhichAddressItCannotHave) {
  RunningServer running(RunningServer::options(1));
  auto options = RunningServer::options(1);
  options.listeners.front().port = running.port();
  SystemClock clock;
  net::Server second({std::make_shared<const config::Options>(options), {}, &clock, "test"});
  const auto listening = second.listen();
  ASSERT_FALSE(listening.ok());
  EXPECT_NE(listening.error().find("127.0.0.1:" + std::to_string(running.port())), std::string::npos) << listening.error();
}

TEST(Server, ServesEachListenerWithItsOwnLimits) {
  auto options = RunningServer::options();
  options.listeners.front().connections_max = 2;
  options.listeners.front().packet_bytes_max = 1000;
  options.listeners.emplace_back().port = 0;
  RunningServer running(options);
  std::vector<WireClient> clients;
  for (int i = 0; i < 2; ++i) {
    clients.emplace_back(running.port(0));
    ASSERT_TRUE(clients.back().send(Packets().connect("c" + std::to_string(i))));
    ASSERT_EQ(clients.back().read_type(), PacketType::connack);
  }
  WireClient third(running.port(0));
  EXPECT_TRUE(third.ended());
  WireClient other(running.port(1));
  ASSERT_TRUE(other.send(Packets().connect("o").publish("t", std::string(2000, 'x'), Qos::at_least_once)));
  EXPECT_EQ(other.read_type(), PacketType::connack);
  EXPECT_EQ(other.read_type(), PacketType::puback);
  clients[0].send(Packets().publish("t", std::string(2000, 'x')));
  const auto goodbye = clients[0].read();
  ASSERT_GE(goodbye.size(), 3u);
  EXPECT_EQ(goodbye[2], static_cast<std::uint8_t>(ReasonCode::packet_too_large));
  EXPECT_TRUE(clients[0].ended());
  clients[0].close();
  // The place of the one that was sent away is free again.
  EXPECT_TRUE(eventually([&] {
    WireClient next(running.port(0));
    return next.send(Packets().connect("n")) && next.read_type() == PacketType::connack;
  }));
}

namespace {
/// Whether a client comes in behind a proxy that tells this address.
bool comes_in(RunningServer& running, const std::string& address) {
  WireClient client(running.port());
  const std::string header = "PROXY TCP4 " + address + " 192.0.2.200 1000 1883\r\n";
  client.send(mqtt::bytes_of(header));
  client.send(Packets().connect("c-" + address));
  return client.read_type() == PacketType::connack;
}
config::Options behind_a_proxy() {
  auto options = RunningServer::options(1);
  options.listeners.front().proxy_protocol = config::ProxyProtocol::required;
  options.listeners.front().proxy_networks = {"127.0.0.1"};
  return options;
}
}  // namespace

TEST(Server, AsksAboutTheAddressThatAProxyTells) {
  auto options = behind_a_proxy();
  options.defence.address_connections_per_s = 2;
  RunningServer running(options);
  int in = 0;
  for (int i = 0; i < 20; ++i) in += comes_in(running, "192.0.2.1") ? 1 : 0;
  EXPECT_LT(in, 20) << "one address has its rate, though the proxy connects";
  EXPECT_TRUE(comes_in(running, "192.0.2.2"));
  EXPECT_GE(running.lines().count("its address connects too fast"), 1u);
}

TEST(Server, TellsWhomItTurnsAway) {
  auto options = behind_a_proxy();
  options.listeners.front().deny_networks = {"192.0.2.0/24"};
  options.listeners.emplace_back().port = 0;
  options.listeners.back().deny_networks = {"127.0.0.0/8"};
  options.listeners.emplace_back(options.listeners.front()).proxy_networks = {"10.0.0.1"};
  options.listeners.back().port = 0;
  RunningServer running(options);
  EXPECT_FALSE(comes_in(running, "192.0.2.1"));
  EXPECT_TRUE(comes_in(running, "198.51.100.1"));
  for (const std::size_t listener : {1u, 2u}) EXPECT_TRUE(WireClient(running.port(listener)).ended());
  const auto told = [&](const char* text) { return running.lines().count(text); };
  EXPECT_EQ(told("refused connection client=\"\" user=\"\" address=\"192.0.2.1:1000\""), 1u);
  EXPECT_EQ(told("its network may not connect"), 2u);
  EXPECT_EQ(told("it is none of proxy_networks"), 1u);
  EXPECT_EQ(told("rule=\"listener 127.0.0.1:0\""), 3u);
  EXPECT_EQ(running.server().core().sum(&broker::ShardCounters::connections_refused), 3u);
}

TEST(Server, SpeaksIPv6) {
  const int probe = ::socket(AF_INET6, SOCK_STREAM, 0);
  if (probe < 0) GTEST_SKIP() << "no IPv6 here";
  ::close(probe);
  auto options = RunningServer::options(1);
  options.listeners.front().address = "::1";
  RunningServer running(options);
  WireClient client(running.port(), true);
  if (!client.good()) GTEST_SKIP() << "no IPv6 loopback here";
  ASSERT_TRUE(client.send(Packets().connect("c")));
  EXPECT_EQ(client.read_type(), PacketType::connack);
}

// covers: 5.0 MQTT-3.1.2-22
TEST(Server, StopsInTwoPhasesAndTellsWhoCanBeTold) {
  RunningServer running(RunningServer::options(2));
  WireClient v5(running.port());
  WireClient v3(running.port());
  WireClient silent(running.port());
  // Half a header: who says nothing at all is not even accepted (decisions/0003).
  const std::uint8_t connect[] = {0x10};
  ASSERT_TRUE(silent.send(mqtt::Bytes{connect}));
  ASSERT_TRUE(v5.send(Packets().connect("five").subscribe("t")));
  ASSERT_TRUE(v3.send(Packets(Version::v3_1_1).connect("three")));
  EXPECT_EQ(v5.read_type(), PacketType::connack);
  EXPECT_EQ(v5.read_type(), PacketType::suback);
  EXPECT_EQ(v3.read_type(), PacketType::connack);
  // More than the socket takes at once waits for the client when the stop comes, and is still drained.
  const std::string large(4 << 20, 'x');
  ASSERT_TRUE(v3.send(Packets(Version::v3_1_1).publish("t", large, Qos::at_least_once)));
  EXPECT_EQ(v3.read_type(), PacketType::puback);
  ASSERT_TRUE(eventually([&] { return running.number("publishes (") >= 1; }));
  ASSERT_TRUE(eventually([&] { return running.server().summary().find("sent 1 publishes") != std::string::npos; }));
  std::thread stopper([&] { running.server().stop(); });
  const auto publish = v5.read();
  EXPECT_GT(publish.size(), large.size());
  const auto goodbye = v5.read();
  ASSERT_GE(goodbye.size(), 3u);
  EXPECT_EQ(goodbye[0], 0xE0);
  EXPECT_EQ(goodbye[2], static_cast<std::uint8_t>(ReasonCode::server_shutting_down));
  EXPECT_TRUE(v5.ended());
  EXPECT_TRUE(v3.ended());
  EXPECT_TRUE(silent.ended());
  v5.close();
  v3.close();
  silent.close();
  stopper.join();
  WireClient late(running.port());
  EXPECT_TRUE(!late.good() || late.ended());
}

namespace {
/// In a process of its own, since descriptors are scarce there; 0 if all went well, else the number of the step.
int run_out_of_descriptors() {
  auto options = RunningServer::options(1);
  RunningServer running(options);
  const auto limit_now = open_descriptors() + 40;
  const rlimit limit{limit_now, limit_now};
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) return 1;
  // All descriptors but two go to sockets of ours, so of many that connect two are accepted.
  std::vector<int> sockets;
  for (int fd = ::socket(AF_INET, SOCK_STREAM, 0); fd >= 0; fd = ::socket(AF_INET, SOCK_STREAM, 0)) sockets.push_back(fd);
  if (sockets.size() < 10) return 2;
  for (const int fd : {sockets.back(), sockets[sockets.size() - 2]}) ::close(fd);
  sockets.resize(sockets.size() - 2);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(running.port());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  for (const int fd : sockets) {
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return 3;
  }
  if (!eventually([&] { return running.lines().count("cannot accept") == 1; })) return 4;
  for (const int fd : sockets) ::close(fd);
  // When descriptors are back, so is the listener.
  WireClient client(running.port());
  if (!client.send(Packets().connect("c"))) return 5;
  if (client.read_type() != PacketType::connack) return 6;
  return running.lines().count("cannot accept") <= 2 ? 0 : 7;
}
}  // namespace

TEST(Server, AcceptsAgainAfterDescriptorsHadRunOut) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) ::_exit(run_out_of_descriptors());
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace tombo::test
