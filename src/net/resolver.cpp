#include "net/resolver.hpp"

#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include <netdb.h>

namespace tombo::net {

struct Resolver::State {
  struct Question {
    std::string host;
    std::uint16_t port;
    std::function<void(Resolved)> then;
  };
  std::mutex mutex;
  std::condition_variable more;
  std::deque<Question> questions;
  bool stopped = false;
  bool running = false;
};

namespace {

Resolved look_up(const std::string& host, std::uint16_t port, int flags) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  Resolved resolved;
  const int failed = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
  if (failed != 0) {
    resolved.why = std::string{"its name cannot be resolved: "} + ::gai_strerror(failed);
    return resolved;
  }
  for (const addrinfo* info = list; info != nullptr && resolved.found.size() < Resolver::kFoundMax;
       info = info->ai_next) {
    if (info->ai_addrlen > sizeof(sockaddr_storage)) continue;
    Destination destination;
    std::memcpy(&destination.address, info->ai_addr, info->ai_addrlen);
    destination.size = info->ai_addrlen;
    resolved.found.push_back(destination);
  }
  ::freeaddrinfo(list);
  if (resolved.found.empty()) resolved.why = "its name has no address";
  return resolved;
}

}  // namespace

Resolver::Resolver() : state_(std::make_shared<State>()) {}

Resolver::~Resolver() {
  const std::lock_guard lock{state_->mutex};
  state_->stopped = true;
  state_->more.notify_all();
}

Resolved Resolver::address_of(const std::string& host, std::uint16_t port) {
  return look_up(host, port, AI_NUMERICHOST);
}

void Resolver::resolve(std::string host, std::uint16_t port, std::function<void(Resolved)> then) {
  std::unique_lock lock{state_->mutex};
  if (state_->questions.size() >= kWaitingMax) {
    lock.unlock();
    return then({{}, "too many names wait to be resolved"});
  }
  state_->questions.push_back({std::move(host), port, std::move(then)});
  // The thread is there from the first question on; nobody waits for its end.
  if (!std::exchange(state_->running, true)) std::thread{[state = state_] { run(state); }}.detach();
  state_->more.notify_one();
}

void Resolver::run(const std::shared_ptr<State>& state) {
  std::unique_lock lock{state->mutex};
  for (;;) {
    state->more.wait(lock, [&] { return state->stopped || !state->questions.empty(); });
    if (state->stopped) return;
    const State::Question question = std::move(state->questions.front());
    state->questions.pop_front();
    lock.unlock();
    Resolved resolved = look_up(question.host, question.port, 0);
    lock.lock();
    // Under the lock: who destroys the resolver knows that nothing is called afterwards.
    if (!state->stopped) question.then(std::move(resolved));
  }
}

}  // namespace tombo::net
