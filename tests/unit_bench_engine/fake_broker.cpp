#include "unit_bench_engine/fake_broker.hpp"

#include "mqtt/decode.hpp"
#include "mqtt/topic.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace tombo::test {
namespace {

using mqtt::PacketType;
using Clock = std::chrono::steady_clock;

constexpr mqtt::DecodeLimits kLimits{};
constexpr int kPollMs = 50;

void write_all(int socket, std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    bytes = bytes.subspan(static_cast<std::size_t>(sent));
  }
}

}  // namespace

FakeBroker::FakeBroker(Script script) : script_(std::move(script)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address);
  ::listen(listener_, 100);
  socklen_t size = sizeof address;
  ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  stop_ = ::eventfd(0, EFD_CLOEXEC);
  thread_ = std::thread([this] { run(); });
}

FakeBroker::~FakeBroker() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(stop_, &one, sizeof one);
  thread_.join();
  for (const auto& peer : peers_) {
    if (peer->socket >= 0) ::close(peer->socket);
  }
  ::close(listener_);
  ::close(stop_);
}

void FakeBroker::run() {
  for (;;) {
    std::vector<pollfd> waiting{{stop_, POLLIN, 0}, {listener_, POLLIN, 0}};
    std::vector<Peer*> polled;
    for (const auto& peer : peers_) {
      if (peer->socket < 0) continue;
      waiting.push_back({peer->socket, POLLIN, 0});
      polled.push_back(peer.get());
    }
    int timeout_ms = kPollMs;
    if (!later_.empty()) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(later_.front().due - Clock::now());
      timeout_ms = std::clamp(static_cast<int>(left.count()), 0, kPollMs);
    }
    ::poll(waiting.data(), waiting.size(), timeout_ms);
    if (waiting[0].revents != 0) return;
    if (waiting[1].revents != 0) accept_peer();
    for (std::size_t i = 0; i < polled.size(); ++i) {
      if (waiting[i + 2].revents == 0 || read(*polled[i])) continue;
      ::close(std::exchange(polled[i]->socket, -1));
    }
    send_due();
    for (const auto& peer : peers_) flush(*peer);
  }
}

void FakeBroker::accept_peer() {
  const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (socket < 0) return;
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  peers_.push_back(std::make_unique<Peer>());
  peers_.back()->socket = socket;
}

bool FakeBroker::read(Peer& peer) {
  std::array<std::uint8_t, 65'536> room;
  const ssize_t got = ::recv(peer.socket, room.data(), room.size(), 0);
  if (got <= 0 || script_.hangs_up) return false;
  peer.in.insert(peer.in.end(), room.begin(), room.begin() + got);
  std::size_t used = 0;
  for (;;) {
    const auto next = mqtt::next_frame(mqtt::Bytes(peer.in).subspan(used), mqtt::kRemainingLengthMax);
    if (next.status != mqtt::FrameStatus::complete) break;
    used += next.frame.size;
    if (!on_frame(peer, next.frame)) return false;
  }
  peer.in.erase(peer.in.begin(), peer.in.begin() + static_cast<std::ptrdiff_t>(used));
  return true;
}

bool FakeBroker::on_frame(Peer& peer, const mqtt::Frame& frame) {
  mqtt::AckView ack;
  switch (frame.type) {
    case PacketType::connect:
      on_connect(peer);
      return true;
    case PacketType::subscribe:
      on_subscribe(peer, frame);
      return true;
    case PacketType::publish:
      return on_publish(peer, frame);
    case PacketType::pubrec:
    case PacketType::pubrel:
      if (!mqtt::decode_ack(frame, script_.version, kLimits, ack)) return false;
      mqtt::encode_ack(peer.out, format(), frame.type == PacketType::pubrec ? PacketType::pubrel : PacketType::pubcomp,
                       ack.packet_id, mqtt::ReasonCode::success);
      if (frame.type == PacketType::pubrel) --peer.open;
      return true;
    case PacketType::pingreq:
      ++pings_;
      mqtt::encode_pingresp(peer.out);
      return true;
    case PacketType::disconnect:
      return false;
    default:
      return true;
  }
}

void FakeBroker::on_connect(Peer& peer) {
  ++connects_;
  mqtt::ConnackOut connack;
  connack.reason = script_.connack;
  if (script_.connack == mqtt::ReasonCode::success) {
    connack.receive_maximum = script_.receive_maximum;
    connack.maximum_packet_size = script_.maximum_packet_size;
    connack.server_keep_alive_s = script_.server_keep_alive_s;
  }
  mqtt::encode_connack(peer.out, format(), connack);
}

void FakeBroker::on_subscribe(Peer& peer, const mqtt::Frame& frame) {
  mqtt::SubscribeView view;
  if (!mqtt::decode_subscribe(frame, script_.version, kLimits, view)) return;
  std::vector<mqtt::ReasonCode> codes;
  mqtt::Bytes filters = view.filters;
  for (std::uint32_t i = 0; i < view.count; ++i) {
    const mqtt::SubscriptionView subscription = mqtt::next_subscription(filters, script_.version);
    codes.push_back(mqtt::is_error(script_.suback) ? script_.suback
                                                   : static_cast<mqtt::ReasonCode>(subscription.options.qos));
    if (!mqtt::is_error(codes.back())) peer.filters.emplace_back(subscription.filter, subscription.options.qos);
  }
  mqtt::encode_suback(peer.out, format(), view.packet_id, codes);
}

bool FakeBroker::on_publish(Peer& peer, const mqtt::Frame& frame) {
  mqtt::PublishView publish;
  if (!mqtt::decode_publish(frame, script_.version, kLimits, publish)) return false;
  ++published_;
  if (published_ == script_.close_at) return false;
  if (published_ == script_.stall_at) {
    flush(peer);
    std::this_thread::sleep_for(script_.stall);  // this is the fault itself, nobody waits for it
  }
  if (publish.qos != mqtt::Qos::at_most_once) {
    const bool once = publish.qos == mqtt::Qos::exactly_once;
    if (once) ++peer.open;
    peer.unanswered.push_back(publish.packet_id);
    most_in_flight_ =
        std::max<std::uint64_t>(most_in_flight_, std::max<std::uint64_t>(peer.unanswered.size(), peer.open));
    if (script_.acknowledges) {
      mqtt::encode_ack(peer.out, format(), once ? PacketType::pubrec : PacketType::puback, publish.packet_id,
                       script_.puback);
    }
    if (mqtt::is_error(script_.puback)) return true;
  }
  route(publish);
  return true;
}

void FakeBroker::route(const mqtt::PublishView& publish) {
  const Payload payload(publish.payload.begin(), publish.payload.end());
  const std::string topic(publish.topic);
  for (const auto& peer : peers_) {
    if (peer->socket < 0) continue;
    for (const auto& [filter, granted] : peer->filters) {
      if (!mqtt::matches(filter, topic)) continue;
      const mqtt::Qos qos = mqtt::lower_of(publish.qos, granted);
      const std::uint64_t n = peer->delivered++;
      const auto become = script_.deliver ? script_.deliver(n, payload) : std::vector<Payload>{payload};
      for (const Payload& one : become) {
        if (script_.delay.count() == 0) {
          send(*peer, topic, one, qos);
        } else {
          later_.push_back({Clock::now() + script_.delay, peer.get(), topic, one, qos});
        }
      }
    }
  }
}

void FakeBroker::send(Peer& to, const std::string& topic, const Payload& payload, mqtt::Qos qos) {
  const mqtt::PacketId id = qos == mqtt::Qos::at_most_once ? mqtt::PacketId{0} : to.next_id;
  if (id != 0) to.next_id = to.next_id == 65'535 ? 1 : static_cast<std::uint16_t>(to.next_id + 1);
  mqtt::encode_client_publish(to.out, script_.version, topic, payload, qos, false, false, id);
  if (script_.repeat_unreleased && qos == mqtt::Qos::exactly_once) {
    mqtt::encode_client_publish(to.out, script_.version, topic, payload, qos, false, true, id);
  }
}

void FakeBroker::send_due() {
  while (!later_.empty() && later_.front().due <= Clock::now()) {
    const Later& next = later_.front();
    if (next.to->socket >= 0) send(*next.to, next.topic, next.payload, next.qos);
    later_.pop_front();
  }
}

void FakeBroker::flush(Peer& peer) {
  peer.unanswered.clear();
  if (peer.socket < 0) return peer.out.clear();
  std::array<iovec, 8> pieces;
  while (!peer.out.empty()) {
    const std::size_t count = peer.out.describe(pieces.data(), pieces.size());
    std::size_t size = 0;
    for (std::size_t i = 0; i < count; ++i) {
      write_all(peer.socket, {static_cast<const std::uint8_t*>(pieces[i].iov_base), pieces[i].iov_len});
      size += pieces[i].iov_len;
    }
    peer.out.consume(size);
  }
}

}  // namespace tombo::test
