#include "bench/engine/loop.hpp"

#include "bench/engine/clock.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace tombo::bench::engine {
namespace {

constexpr int kEventsPerTurn = 256;

}  // namespace

Loop::Loop() : epoll_(epoll_create1(EPOLL_CLOEXEC)), poke_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = nullptr;
  if (good()) epoll_ctl(epoll_, EPOLL_CTL_ADD, poke_, &event);
}

Loop::~Loop() {
  if (epoll_ >= 0) close(epoll_);
  if (poke_ >= 0) close(poke_);
}

bool Loop::add(int fd, LoopClient& client, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &client;
  return epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0;
}

void Loop::change(int fd, LoopClient& client, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &client;
  epoll_ctl(epoll_, EPOLL_CTL_MOD, fd, &event);
}

void Loop::wait(std::int64_t until_ns) {
  const std::int64_t left = has_awake() ? 0 : std::max<std::int64_t>(until_ns - now_ns(), 0);
  const timespec timeout{left / kSecondNs, left % kSecondNs};
  std::array<epoll_event, kEventsPerTurn> events;
  const int count = epoll_pwait2(epoll_, events.data(), kEventsPerTurn, &timeout, nullptr);
  for (int i = 0; i < count; ++i) {
    if (events[i].data.ptr == nullptr) {
      std::uint64_t pokes = 0;
      [[maybe_unused]] const ssize_t got = read(poke_, &pokes, sizeof pokes);
      continue;
    }
    static_cast<LoopClient*>(events[i].data.ptr)->on_events(events[i].events);
  }
}

void Loop::finish_turn() {
  calling_.swap(awake_);
  for (LoopClient* client : calling_) client->awake_ = false;
  for (LoopClient* client : calling_) client->on_turn_end();
  calling_.clear();
}

void Loop::poke() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(poke_, &one, sizeof one);
}

}  // namespace tombo::bench::engine
