#include "bench/loader/ntp.hpp"

#include "bench/measure/clock_offset.hpp"

#include <fmt/format.h>

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <utility>

namespace tombo::bench::loader {

namespace {

constexpr std::size_t kPacketBytes = 48;
constexpr std::size_t kOriginateAt = 24, kReceiveAt = 32, kTransmitAt = 40;
constexpr std::uint64_t kSecondsTo1970 = 2'208'988'800;  // NTP counts from 1900
constexpr int kQuestions = 4;
constexpr int kAnswerMs = 1000;

using Packet = std::array<std::uint8_t, kPacketBytes>;

std::int64_t now_us() {
  using namespace std::chrono;
  return duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
}

std::uint64_t big_endian_at(const Packet& packet, std::size_t at) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 8; ++i) value = value << 8 | packet[at + i];
  return value;
}

/// 32 bits of seconds and 32 of their fraction.
std::int64_t unix_us_of(std::uint64_t ntp) {
  const auto seconds = static_cast<std::int64_t>((ntp >> 32) - kSecondsTo1970);
  return seconds * 1'000'000 + static_cast<std::int64_t>(((ntp & 0xFFFF'FFFF) * 1'000'000) >> 32);
}

struct Socket {
  int fd = -1;
  ~Socket() {
    if (fd >= 0) close(fd);
  }
};

/// A connected socket, or why there is none.
std::string connect_to(const std::string& server, Socket& socket) {
  const std::size_t colon = server.rfind(':');
  const bool with_port = colon != std::string::npos && server.find(':') == colon;
  const std::string host = server.substr(0, with_port ? colon : server.size());
  const std::string port = with_port ? server.substr(colon + 1) : "123";
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(host.c_str(), port.c_str(), &hints, &found); error != 0) return gai_strerror(error);
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> addresses(found, freeaddrinfo);
  for (const addrinfo* a = found; a != nullptr; a = a->ai_next) {
    socket.fd = ::socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
    if (socket.fd >= 0 && connect(socket.fd, a->ai_addr, a->ai_addrlen) == 0) return {};
    if (socket.fd >= 0) close(std::exchange(socket.fd, -1));
  }
  return std::strerror(errno);
}

/// One question; the answer is only counted when it repeats what we sent.
void ask(int fd, ClockOffset& offset) {
  Packet question{};
  question[0] = 0x23;  // version 4, client
  const std::int64_t asked = now_us();
  // The server returns our transmit time untouched; our own clock's value serves to know the answer again.
  for (std::size_t i = 0; i < 8; ++i) question[kTransmitAt + i] = static_cast<std::uint8_t>(asked >> (56 - 8 * i));
  if (send(fd, question.data(), question.size(), 0) != static_cast<ssize_t>(question.size())) return;
  pollfd ready{fd, POLLIN, 0};
  if (poll(&ready, 1, kAnswerMs) != 1) return;
  Packet answer{};
  const ssize_t got = recv(fd, answer.data(), answer.size(), 0);
  const std::int64_t answered = now_us();
  const bool from_server = got == static_cast<ssize_t>(kPacketBytes) && (answer[0] & 7) == 4 && answer[1] != 0;
  if (!from_server || big_endian_at(answer, kOriginateAt) != static_cast<std::uint64_t>(asked)) return;
  offset.add(asked, unix_us_of(big_endian_at(answer, kReceiveAt)), unix_us_of(big_endian_at(answer, kTransmitAt)),
             answered);
}

}  // namespace

Result<std::int64_t, std::string> ntp_offset_us(const std::string& server) {
  Socket socket;
  if (const std::string wrong = connect_to(server, socket); !wrong.empty()) {
    return Failure{fmt::format("the NTP server {} cannot be asked: {}", server, wrong)};
  }
  ClockOffset offset;
  for (int i = 0; i < kQuestions; ++i) ask(socket.fd, offset);
  if (!offset.known()) return Failure{fmt::format("the NTP server {} does not answer", server)};
  return offset.offset_us();
}

}  // namespace tombo::bench::loader
