#include "unit_net/wire_client.hpp"

#include "support/codec.hpp"
#include "unit_net/running_server.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace tombo::test {

namespace {
constexpr int kPatienceMs = static_cast<int>(std::chrono::milliseconds(kPatience).count());
}

Packets& Packets::connect(std::string_view client_id, bool clean_start) {
  mqtt::ConnectOut out;
  out.version = version_;
  out.client_id = client_id;
  out.clean_start = clean_start;
  mqtt::encode_connect(batch_, out);
  return *this;
}

Packets& Packets::subscribe(std::string_view filter, mqtt::Qos qos) {
  mqtt::SubscriptionOut wanted;
  wanted.filter = filter;
  wanted.options.qos = qos;
  mqtt::encode_subscribe(batch_, version_, 1, std::vector{wanted}, {});
  return *this;
}

Packets& Packets::publish(std::string_view topic, std::string_view payload, mqtt::Qos qos) {
  mqtt::encode_client_publish(batch_, version_, topic, mqtt::bytes_of(payload), qos, false, false,
                              qos == mqtt::Qos::at_most_once ? 0 : 7, {});
  return *this;
}

Packets& Packets::ping() { return raw({0xC0, 0x00}); }

Packets& Packets::raw(std::initializer_list<std::uint8_t> bytes) {
  batch_.append(mqtt::Bytes(bytes.begin(), bytes.size()));
  return *this;
}

std::vector<std::uint8_t> Packets::bytes() const { return bytes_of(batch_); }

WireClient::WireClient(std::uint16_t port, bool v6) : socket_(::socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  if (socket_ < 0) return;
  sockaddr_in v4_address{};
  v4_address.sin_family = AF_INET;
  v4_address.sin_port = htons(port);
  v4_address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  sockaddr_in6 v6_address{};
  v6_address.sin6_family = AF_INET6;
  v6_address.sin6_port = htons(port);
  v6_address.sin6_addr = in6addr_loopback;
  const auto* address = v6 ? reinterpret_cast<const sockaddr*>(&v6_address) : reinterpret_cast<const sockaddr*>(&v4_address);
  if (::connect(socket_, address, v6 ? sizeof v6_address : sizeof v4_address) != 0) close();
}

WireClient::WireClient(WireClient&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)), bytes_(std::move(other.bytes_)), taken_(other.taken_) {}

WireClient& WireClient::operator=(WireClient&& other) noexcept {
  std::swap(socket_, other.socket_);
  std::swap(bytes_, other.bytes_);
  std::swap(taken_, other.taken_);
  return *this;
}

bool WireClient::send(mqtt::Bytes bytes) {
  while (!bytes.empty()) {
    pollfd ready{socket_, POLLOUT, 0};
    if (::poll(&ready, 1, kPatienceMs) <= 0) return false;
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) return false;
    if (sent > 0) bytes = bytes.subspan(static_cast<std::size_t>(sent));
  }
  return true;
}

bool WireClient::receive() {
  pollfd ready{socket_, POLLIN, 0};
  if (socket_ < 0 || ::poll(&ready, 1, kPatienceMs) <= 0) return false;
  const std::size_t before = bytes_.size();
  bytes_.resize(before + 64 * 1024);
  const ssize_t got = ::recv(socket_, bytes_.data() + before, bytes_.size() - before, 0);
  bytes_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  return got > 0;
}

std::vector<std::uint8_t> WireClient::read() {
  while (true) {
    const auto rest = mqtt::Bytes(bytes_).subspan(taken_);
    const auto result = mqtt::next_frame(rest, mqtt::kRemainingLengthMax + mqtt::kFixedHeaderMax);
    if (result.status == mqtt::FrameStatus::refused) return {};
    if (result.status == mqtt::FrameStatus::complete) {
      std::vector<std::uint8_t> packet(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(result.frame.size));
      taken_ += result.frame.size;
      if (taken_ == bytes_.size()) {
        bytes_.clear();
        taken_ = 0;
      }
      return packet;
    }
    if (!receive()) return {};
  }
}

mqtt::PacketType WireClient::read_type() {
  const auto packet = read();
  return packet.empty() ? mqtt::PacketType::reserved : static_cast<mqtt::PacketType>(packet[0] >> 4);
}

bool WireClient::ended() {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < end) {
    bytes_.clear();
    taken_ = 0;
    pollfd ready{socket_, POLLIN, 0};
    if (::poll(&ready, 1, kPatienceMs) <= 0) return false;
    if (!receive()) return true;
  }
  return false;
}

void WireClient::close() {
  if (socket_ >= 0) ::close(std::exchange(socket_, -1));
}

}  // namespace tombo::test
