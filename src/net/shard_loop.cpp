#include "net/shard_loop.hpp"

#include <asio/post.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

namespace tombo::net {

namespace {
/// Events handled before what they caused is written.
constexpr std::size_t kEventsPerTurn = 256;
/// How long a peer that was told goodbye may take to close.
constexpr Milliseconds kLinger{2000};
constexpr Milliseconds kLoadPeriod{1000};

std::int64_t thread_cpu_ns() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}
}  // namespace

ShardLoop::ShardLoop(broker::Core& core, routing::ShardId id, std::vector<ShardLoop*>& all)
    : core_(core),
      all_(all),
      io_(ASIO_CONCURRENCY_HINT_UNSAFE_IO),
      keep_running_(io_.get_executor()),
      epoll_(io_, ::epoll_create1(EPOLL_CLOEXEC)),
      shard_(core, id, journal_),
      buffer_(std::make_unique_for_overwrite<std::uint8_t[]>(kBufferSize)),
      timer_(io_),
      load_since_(shard_.now()) {
  core_.mailbox(id).set_wake([this] { asio::post(io_, [] {}); });
  arm_epoll();
}

ShardLoop::~ShardLoop() { drop_connections(); }

void ShardLoop::drop_connections() {
  for (auto& connection : connections_) {
    if (auto* client = connection->client()) client->transport = nullptr;
    connection->set_client(nullptr);
  }
  connections_.clear();
}

void ShardLoop::run() {
  while (!ended()) {
    wait();
    finish_turn();
  }
}

/// One handler: usually that of the epoll, which is many events.  It blocks only if nothing is left to do.
void ShardLoop::wait() {
  if (may_sleep()) {
    arm_timer();
    if (shard_.fall_asleep()) {
      asleep_ = true;
      io_.run_one();
      return;
    }
  }
  io_.poll_one();
}

bool ShardLoop::may_sleep() const {
  return backlog_.empty() && !const_cast<ShardLoop*>(this)->shard_.has_work() &&
         const_cast<ShardLoop*>(this)->shard_.flush_list().empty();
}

bool ShardLoop::ended() const {
  return stopping_ && (connections_.empty() || core_.clock().mono() >= stop_deadline_);
}

void ShardLoop::arm_epoll() {
  epoll_.async_wait(asio::posix::descriptor_base::wait_read, [this](const std::error_code& error) {
    if (error) return;
    enter();
    take_events();
    arm_epoll();  // looks again at once whether something is ready
  });
}

void ShardLoop::take_events() {
  std::array<epoll_event, kEventsPerTurn> events;
  const int count = ::epoll_wait(epoll(), events.data(), static_cast<int>(events.size()), 0);
  for (int i = 0; i < count; ++i) {
    static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr)->on_event(events[static_cast<std::size_t>(i)].events);
  }
}

void ShardLoop::enter() {
  if (in_turn_) return;
  in_turn_ = true;
  if (std::exchange(asleep_, false)) shard_.wake_up();
  shard_.begin_turn();
}

void ShardLoop::finish_turn() {
  enter();
  // Those that are added meanwhile have their turn next.
  for (Connection* connection : std::exchange(backlog_, {})) {
    connection->in_backlog = false;
    connection->go_on();
  }
  if (!lingering_.empty()) abort_overdue();
  shard_.end_turn();
  auto dirty = shard_.flush_list().take_dirty();
  for (auto* transport : dirty) static_cast<Connection*>(transport)->flush();
  shard_.flush_list().recycle(std::move(dirty));
  if (!buried_.empty()) destroy_buried();
  measure_load();
  in_turn_ = false;
}

void ShardLoop::measure_load() {
  const MonoTime now = shard_.now();
  const auto elapsed = now - load_since_;
  if (elapsed < kLoadPeriod) return;
  const std::int64_t cpu_ns = thread_cpu_ns();
  const auto percent = (cpu_ns - std::exchange(load_cpu_ns_, cpu_ns)) / (elapsed.count() * 10'000);
  shard_.counters().load_percent.store(static_cast<std::uint32_t>(percent), std::memory_order_relaxed);
  load_since_ = now;
}

void ShardLoop::arm_timer() {
  MonoTime due = shard_.next_due();
  for (const auto& lingering : lingering_) due = std::min(due, lingering.until);
  if (stopping_) due = std::min(due, stop_deadline_);
  if (due == timer_due_) return;
  timer_due_ = due;
  if (due == kNever) {
    timer_.cancel();
    return;
  }
  const auto wait = std::max(due - core_.clock().mono(), Milliseconds{0}) + Milliseconds{1};
  timer_.expires_after(std::chrono::milliseconds{wait.count()});
  timer_.async_wait([this](const std::error_code& error) {
    if (error) return;
    timer_due_ = kNever;
    enter();
  });
}

void ShardLoop::post(std::function<void()> task) {
  asio::post(io_, [this, task = std::move(task)] {
    enter();
    task();
  });
}

void ShardLoop::accepted(int descriptor, ListenerState& listener) {
  const auto& options = shard_.options_ref();
  const auto& from = options->listeners[std::min(listener.index, options->listeners.size() - 1)];
  // Up to this many beyond the limit are let in so far that they can be told (CONNACK 0x89).
  constexpr std::uint32_t kToBeTold = 256;
  const bool too_many = core_.connections.load(std::memory_order_relaxed) >= options->limits.connections_max + kToBeTold;
  if (stopping_ || too_many || (from.connections_max != 0 && listener.connections.load(std::memory_order_relaxed) >= from.connections_max)) {
    shard_.counters().connections_refused.add();
    ::close(descriptor);
    return;
  }
  listener.connections.fetch_add(1, std::memory_order_relaxed);
  Connection& connection = add(descriptor, listener);
  shard_.on_open(connection, listener.index, false);
  connection.start({});
  connection.on_event(EPOLLIN);  // its first bytes are there already: see Listener::bind
}

void ShardLoop::adopt(int descriptor, ListenerState& listener, mqtt::Bytes bytes) {
  post([this, descriptor, &listener, carried = std::vector<std::uint8_t>(bytes.begin(), bytes.end())] {
    Connection& connection = add(descriptor, listener);
    shard_.on_open(connection, listener.index, true);
    if (stopping_) return shard_.disconnect_all(mqtt::ReasonCode::server_shutting_down);
    connection.start(carried);
  });
}

Connection& ShardLoop::add(int descriptor, ListenerState& listener) {
  connections_.push_back(std::make_unique<Connection>(*this, descriptor, listener));
  connections_.back()->index = static_cast<std::uint32_t>(connections_.size() - 1);
  return *connections_.back();
}

void ShardLoop::add_to_backlog(Connection& connection) {
  if (std::exchange(connection.in_backlog, true)) return;
  backlog_.push_back(&connection);
}

void ShardLoop::linger(Connection& connection) { lingering_.push_back({&connection, shard_.now() + kLinger}); }

void ShardLoop::abort_overdue() {
  std::vector<Connection*> overdue;
  for (const auto& lingering : lingering_) {
    if (shard_.now() >= lingering.until) overdue.push_back(lingering.connection);
  }
  for (auto* connection : overdue) connection->abort();
}

void ShardLoop::bury(Connection& connection) { buried_.push_back(&connection); }

void ShardLoop::destroy_buried() {
  for (Connection* connection : std::exchange(buried_, {})) {
    if (connection->in_backlog) std::erase(backlog_, connection);
    std::erase_if(lingering_, [&](const Lingering& lingering) { return lingering.connection == connection; });
    const std::uint32_t index = connection->index;
    auto last = std::move(connections_.back());
    connections_.pop_back();
    if (index == connections_.size()) continue;
    std::swap(connections_[index], last);
    connections_[index]->index = index;
  }
}

void ShardLoop::begin_stop(MonoTime deadline) {
  stopping_ = true;
  stop_deadline_ = deadline;
  shard_.disconnect_all(mqtt::ReasonCode::server_shutting_down);
}

}  // namespace tombo::net
