#include "net/shard_loop.hpp"

#include "net/peer_of.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <fmt/format.h>

namespace tombo::net {

namespace {
/// Events handled before what they caused is written.
constexpr std::size_t kEventsPerTurn = 256;
constexpr Milliseconds kLoadPeriod{1000};
/// Connections of one shard that read a file at the same time.
constexpr std::size_t kGivingMax = 128;
/// How long not to accept when the process has no descriptor left.
constexpr Milliseconds kAcceptPause{200};

/// Somebody's address may have to wait, so that it must be known before anything is read.
bool watches_addresses(const config::Options& options) {
  return options.defence.address_connections_per_s != 0 || options.defence.login_failures_max != 0;
}

std::int64_t thread_cpu_ns() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}
}  // namespace

ShardLoop::Bell::Bell(ShardLoop& loop) : loop_(loop), descriptor_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = static_cast<Watched*>(this);
  ::epoll_ctl(loop.epoll(), EPOLL_CTL_ADD, descriptor_, &event);
}

ShardLoop::Bell::~Bell() { ::close(descriptor_); }

void ShardLoop::Bell::ring() { static_cast<void>(::eventfd_write(descriptor_, 1)); }

/// The mailbox is looked at in every turn; waking up is enough for it.
void ShardLoop::Bell::on_event(std::uint32_t) {
  eventfd_t ignored = 0;
  static_cast<void>(::eventfd_read(descriptor_, &ignored));
  loop_.run_posted();
}

ShardLoop::ShardLoop(broker::Core& core, routing::ShardId id, store::Sink* sink, std::vector<ShardLoop*>& all, Resolver& resolver)
    : core_(core),
      all_(all),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      bell_(*this),
      shard_(core, id, sink),
      buffer_(std::make_unique_for_overwrite<std::uint8_t[]>(kBufferSize)),
      bridges_(*this, resolver, core.logger().for_module(log::Module::net)),
      load_since_(shard_.now()) {
  core_.mailbox(id).set_wake([this] { bell_.ring(); });
}

ShardLoop::~ShardLoop() {
  drop_connections();
  ::close(epoll_);
}

void ShardLoop::drop_connections() {
  for (auto& connection : connections_) {
    if (auto* client = connection->client()) client->transport = nullptr;
    connection->set_client(nullptr);
  }
  connections_.clear();
}

void ShardLoop::run() {
  while (!ended()) {
    take_events();
    finish_turn();
  }
}

/// Sleeps if nothing is left to do, and begins a turn with what has happened.
void ShardLoop::take_events() {
  std::array<epoll_event, kEventsPerTurn> events;
  int timeout = may_sleep() ? wait_ms() : 0;
  // Waking up from a sleep costs more than a batch of letters.  While the shards keep each other busy, whoever else wants
  // this core goes first; most often there is mail, or bytes, afterwards.
  if (timeout != 0 && shard_.expects_mail()) ::sched_yield();
  const bool sleeps = timeout != 0 && shard_.fall_asleep();
  if (!sleeps) timeout = 0;
  const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), timeout);
  if (sleeps) shard_.wake_up();
  shard_.begin_turn();
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    static_cast<Watched*>(event.data.ptr)->on_event(event.events);
  }
}

/// How long to sleep for what is due next; -1 for ever.
int ShardLoop::wait_ms() {
  constexpr std::int64_t kLongest = 3'600'000;
  MonoTime due = shard_.next_due();
  for (const auto& lingering : lingering_) due = std::min(due, lingering.until);
  due = std::min({due, doors_pause_until_, doors_again_});
  due = std::min(due, bridges_.next_due());
  if (stopping_) due = std::min(due, stop_deadline_);
  if (due == kNever) return -1;
  // One more, since the clock counts whole milliseconds and waking up too early would be in vain.
  return static_cast<int>(std::clamp<std::int64_t>((due - core_.clock().mono()).count() + 1, 0, kLongest));
}

bool ShardLoop::may_sleep() const {
  return backlog_.empty() && !const_cast<ShardLoop*>(this)->shard_.has_work() &&
         const_cast<ShardLoop*>(this)->shard_.flush_list().empty() && bridges_.next_due() > const_cast<ShardLoop*>(this)->shard_.now();
}

bool ShardLoop::ended() const {
  return stopping_ && (connections_.empty() || core_.clock().mono() >= stop_deadline_);
}

void ShardLoop::finish_turn() {
  // Those that are added meanwhile have their turn next.
  for (Connection* connection : std::exchange(backlog_, {})) {
    connection->in_backlog = false;
    connection->go_on();
  }
  if (!lingering_.empty()) abort_overdue();
  if (shard_.now() >= doors_pause_until_ || (doors_open_ && shard_.now() >= doors_again_)) open_doors();
  bridges_.turn();
  shard_.end_turn();
  auto dirty = shard_.flush_list().take_dirty();
  for (auto* transport : dirty) transport->flush();
  shard_.flush_list().recycle(std::move(dirty));
  bridges_.flush();
  if (!buried_.empty()) destroy_buried();
  measure_load();
}

void ShardLoop::measure_load() {
  const MonoTime now = shard_.now();
  const auto elapsed = now - load_since_;
  if (elapsed < kLoadPeriod) return;
  const std::int64_t cpu_ns = thread_cpu_ns();
  const auto percent = (cpu_ns - std::exchange(load_cpu_ns_, cpu_ns)) / (elapsed.count() * 10'000);
  shard_.counters().load_percent.store(static_cast<std::uint32_t>(percent), std::memory_order_relaxed);
  load_since_ = now;
  if (doors_open_) hand_on_doors();
}

void ShardLoop::add_door(int descriptor, ListenerState& listener, log::Logger logger) {
  doors_.emplace_back(*this, descriptor, listener, logger);
}

void ShardLoop::open_doors() {
  doors_pause_until_ = doors_again_ = kNever;
  if (stopping_) return;
  doors_open_ = true;
  core_.accepts_here.store(shard_.id(), std::memory_order_relaxed);
  for (auto& door : doors_) door.open();
}

void ShardLoop::shut_doors() {
  doors_open_ = false;
  doors_again_ = kNever;
  for (auto& door : doors_) door.shut();
}

void ShardLoop::pause_accepting() {
  shut_doors();
  doors_pause_until_ = shard_.now() + kAcceptPause;
}

void ShardLoop::open_doors_again(MonoTime then) {
  if (doors_open_) doors_again_ = std::min(doors_again_, then);
}

/// While one shard is filled after the other, the one that new sessions go to accepts.
void ShardLoop::hand_on_doors() {
  if (shard_.options_ref()->placement != config::Placement::fill_first) return;
  const routing::ShardId next = core_.fill_next(*shard_.options_ref());
  if (next == shard_.id()) return;
  shut_doors();
  loop_of(next).post([&there = loop_of(next)] { there.open_doors(); });
}

void ShardLoop::post(std::function<void()> task) {
  {
    const std::lock_guard lock{posted_mutex_};
    posted_.push_back(std::move(task));
  }
  bell_.ring();
}

void ShardLoop::run_posted() {
  std::vector<std::function<void()>> tasks;
  {
    const std::lock_guard lock{posted_mutex_};
    tasks.swap(posted_);
  }
  for (const auto& task : tasks) task();
}

void ShardLoop::accepted(int descriptor, const sockaddr_storage& address, ListenerState& listener) {
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
  const auto entrance = listener.entrance.load();
  std::shared_ptr<const auth::Peer> peer = std::make_shared<auth::Peer>(peer_of(descriptor, address));
  if (!entrance->plain() || !entrance->door_is_open || watches_addresses(*options)) {
    std::string_view why_not;
    if (!entrance->admits_socket(*peer)) {
      why_not = entrance->proxy_header ? kNotAProxy : kNotItsNetwork;
    } else if (!entrance->proxy_header && !may_connect(*peer)) {  // behind a proxy its client is asked about
      why_not = kMustWait;
    }
    if (!why_not.empty()) {
      turned_away(peer->address, listener, why_not);
      ::close(descriptor);
      return;
    }
  }
  Arrival arrival{descriptor, &listener, std::move(peer)};
  if (!entrance->plain()) {
    WayIn::MayConnect ask;
    if (entrance->proxy_header) ask = [this](const auth::Peer& told) { return may_connect(told); };
    arrival.way_in = std::make_unique<WayIn>(entrance, std::exchange(arrival.peer, nullptr), std::move(ask));
  }
  listener.connections.fetch_add(1, std::memory_order_relaxed);
  Connection& connection = add(arrival);
  shard_.on_open(connection, listener.index, false);
  connection.start({});
  connection.on_event(EPOLLIN);  // its first bytes are there already: see kDeferAccept_s
}

bool ShardLoop::may_connect(const auth::Peer& peer) {
  return core_.penalties.may_connect(broker::Penalties::host_of(peer), shard_.now());
}

void ShardLoop::turned_away(std::string_view address, const ListenerState& listener, std::string_view why) {
  shard_.counters().connections_refused.add();
  const auto& listeners = shard_.options_ref()->listeners;
  const auto& at = listeners[std::min(listener.index, listeners.size() - 1)];
  const std::string rule = at.is_unix() ? fmt::format("listener {}", at.address) : fmt::format("listener {}:{}", at.address, at.port);
  auth::Refusal refusal;
  refusal.kind = auth::Refusal::Kind::connection;
  refusal.address = address;
  refusal.rule = rule;
  refusal.reason = why;
  core_.audit.refused(refusal, shard_.now());
}

void ShardLoop::adopt(Arrival arrival) {
  // A std::function wants to be copied, which an arrival cannot be.
  post([this, shared = std::make_shared<Arrival>(std::move(arrival))] {
    Connection& connection = add(*shared);
    shard_.on_open(connection, shared->listener->index, true, std::move(shared->luggage));
    if (stopping_) return shard_.disconnect_all(mqtt::ReasonCode::server_shutting_down);
    connection.start(shared->bytes);
  });
}

Connection& ShardLoop::add(Arrival& arrival) {
  connections_.push_back(std::make_unique<Connection>(*this, arrival));
  connections_.back()->index = static_cast<std::uint32_t>(connections_.size() - 1);
  return *connections_.back();
}

void ShardLoop::add_to_backlog(Connection& connection) {
  if (std::exchange(connection.in_backlog, true)) return;
  backlog_.push_back(&connection);
}

void ShardLoop::linger(Connection& connection, Milliseconds patience) {
  lingering_.push_back({&connection, shard_.now() + patience});
}

bool ShardLoop::begin_giving() {
  if (giving_ == kGivingMax) return false;
  ++giving_;
  return true;
}

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
  shut_doors();
  doors_pause_until_ = kNever;
  bridges_.end_all();
  shard_.disconnect_all(mqtt::ReasonCode::server_shutting_down);
}

}  // namespace tombo::net
