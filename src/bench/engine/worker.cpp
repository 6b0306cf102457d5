#include "bench/engine/worker.hpp"

#include <sys/prctl.h>

#include <algorithm>
#include <system_error>
#include <utility>

namespace tombo::bench::engine {
namespace {

constexpr std::size_t kReadBytes = 256 * 1024;
constexpr std::int64_t kTickNs = 50 * kMillisecondNs;
constexpr std::int64_t kForgiveNs = kSecondNs;
constexpr std::size_t kErrorsMax = 16;

}  // namespace

Worker::Worker(RunWide& run, unsigned number, const std::vector<std::unique_ptr<Worker>>& others)
    : run_(run), number_(number), others_(others), context_(run, loop_, tally_) {
  const Layout& layout = run.layout;
  context_.read_room.resize(kReadBytes);
  context_.returned.assign(layout.publishers, 0);
  if (layout.spread == Spread::any) context_.group.assign(layout.streams, StreamState(false));
  local_publishers_.assign(layout.publishers, nullptr);
  for (const ClientSpec& spec : layout.clients) {
    if (spec.worker != number) continue;
    clients_.push_back(std::make_unique<Client>(context_, *this, spec));
    if (!spec.sends()) {
      first_sender_ = clients_.size();
      continue;
    }
    local_publishers_[spec.index] = clients_.back().get();
    publishers_.push_back(clients_.back().get());
  }
  sent_before_.assign(publishers_.size(), 0);
  if (layout.open_loop) schedule_.set_up(publishers_, layout.publishers, run.plan.pace.rate);
}

Worker::~Worker() {
  if (!thread_.joinable()) return;
  post({Command::Kind::leave});
  thread_.join();
}

bool Worker::start() {
  if (!loop_.good()) return false;
  thread_ = std::thread([this] { run(); });
  return true;
}

void Worker::join() {
  if (thread_.joinable()) thread_.join();
}

void Worker::post(const Command& command) {
  {
    const std::lock_guard lock(mutex_);
    commands_.push_back(command);
    commands_wait_.store(true, std::memory_order_release);
  }
  loop_.poke();
}

void Worker::poke_for_credit() {
  if (!credit_came_.exchange(true)) loop_.poke();
}

std::vector<RunError> Worker::errors() const {
  const std::lock_guard lock(mutex_);
  return errors_;
}

void Worker::run() {
  // The kernel's habit of gathering timers for 50 us would be charged to the broker.
  prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
  while (!leaving_) turn();
  for (const auto& client : clients_) client->leave();
  tally_.close_last();
  state_.ended.store(true);
}

void Worker::turn() {
  loop_.wait(next_timer(now_ns()));
  settle_credit();
  const std::int64_t now = now_ns();
  if (commands_wait_.load(std::memory_order_acquire)) {
    std::vector<Command> commands;
    {
      const std::lock_guard lock(mutex_);
      commands = std::exchange(commands_, {});
      commands_wait_.store(false, std::memory_order_relaxed);
    }
    for (const Command& command : commands) obey(command);
  }
  if (credit_came_.load(std::memory_order_relaxed) && credit_came_.exchange(false)) wake_publishers();
  if (next_connect_ < connect_to_) connect_some(now);
  if (churning_) churn(now);
  if (schedule_.is_on()) schedule_.release(now);
  tally_.tick(now);
  loop_.finish_turn();
  if (now >= next_tick_ns_) tick(now);
  tell_state(now);
}

std::int64_t Worker::next_timer(std::int64_t now) const {
  std::int64_t next = std::max(next_tick_ns_, now);
  if (schedule_.is_on()) next = std::min(next, schedule_.next_due_ns());
  const double connect_rate = run_.plan.client.connects_per_s / run_.plan.threads;
  if (next_connect_ < connect_to_ && connect_rate > 0 && half_open_ < half_open_max()) {
    const double wait_s = static_cast<double>(connects_begun_) / connect_rate;
    next = std::min(next, std::max(connect_from_ns_ + static_cast<std::int64_t>(wait_s * 1e9), now));
  }
  return next;
}

void Worker::obey(const Command& command) {
  const std::int64_t now = now_ns();
  switch (command.kind) {
    case Command::Kind::connect_receivers:
    case Command::Kind::connect_senders: {
      const bool senders = command.kind == Command::Kind::connect_senders;
      next_connect_ = senders ? first_sender_ : 0;
      connect_to_ = senders ? clients_.size() : first_sender_;
      connect_from_ns_ = now;
      connects_begun_ = 0;
      return;
    }
    case Command::Kind::calendar:
      context_.calendar = command.calendar;
      tally_.follow(command.calendar, now);
      return;
    case Command::Kind::traffic:
      context_.calendar = command.calendar;
      tally_.follow(command.calendar, now);
      context_.sending = true;
      if (run_.layout.open_loop) schedule_.begin(command.calendar.traffic_from_ns);
      next_forgive_ns_ = now + kForgiveNs;
      return wake_publishers();
    case Command::Kind::quiet:
      context_.sending = false;
      schedule_.end();
      return;
    case Command::Kind::churn:
      churning_ = run_.plan.churn_per_s > 0 && !clients_.empty();
      churn_from_ns_ = now;
      return;
    case Command::Kind::leave:
      leaving_ = true;
      return;
  }
}

std::uint32_t Worker::half_open_max() const {
  return std::max<std::uint32_t>(1, run_.plan.client.connecting_max / run_.plan.threads);
}

void Worker::connect_some(std::int64_t now) {
  const ClientOptions& options = run_.plan.client;
  const double rate = options.connects_per_s / run_.plan.threads;
  while (next_connect_ < connect_to_ && half_open_ < half_open_max()) {
    if (rate > 0 && static_cast<double>(connects_begun_) > static_cast<double>(now - connect_from_ns_) / 1e9 * rate) {
      return;
    }
    ++half_open_;
    ++connects_begun_;
    clients_[next_connect_++]->connect();
  }
}

/// Connections that are replaced in turn.
void Worker::churn(std::int64_t now) {
  const double rate = run_.plan.churn_per_s / run_.plan.threads;
  const auto due = static_cast<std::uint64_t>(static_cast<double>(now - churn_from_ns_) / 1e9 * rate);
  for (; churned_ < due && half_open_ < half_open_max(); ++churned_) {
    Client& client = *clients_[next_churn_++ % clients_.size()];
    if (!client.is_ready()) continue;
    state_.ready.fetch_sub(1);
    ++half_open_;
    client.restart();
  }
}

void Worker::settle_credit() {
  std::uint64_t pokes = 0;
  for (const std::uint32_t publisher : context_.touched) {
    run_.credit.add(publisher, std::exchange(context_.returned[publisher], 0));
    if (Client* const client = local_publishers_[publisher]) {
      client->wake();
    } else {
      pokes |= std::uint64_t{1} << (run_.layout.publisher_worker[publisher] % 64);
    }
  }
  context_.touched.clear();
  for (unsigned i = 0; pokes != 0 && i < others_.size(); ++i) {
    if (i != number_ && (pokes >> (i % 64) & 1U) != 0) others_[i]->poke_for_credit();
  }
}

void Worker::wake_publishers() {
  for (Client* const client : publishers_) client->wake();
}

void Worker::tick(std::int64_t now) {
  next_tick_ns_ = now + kTickNs;
  bool all_sent = true;
  bool settled = true;
  for (const auto& client : clients_) {
    client->on_tick(now);
    if (client->is_closed()) continue;
    if (!client->settled()) settled = false;
    if (client->publisher() != nullptr && !client->publisher()->all_sent()) all_sent = false;
  }
  state_.all_sent.store(all_sent, std::memory_order_relaxed);
  state_.settled.store(settled, std::memory_order_relaxed);
  if (context_.sending && now >= next_forgive_ns_) forgive_standstill(now);
}

/// A publisher that waits for deliveries which do not come would wait for ever: lost messages keep their credit.
void Worker::forgive_standstill(std::int64_t now) {
  next_forgive_ns_ = now + kForgiveNs;
  if (run_.layout.open_loop || run_.layout.copies == 0) return;
  for (std::size_t i = 0; i < publishers_.size(); ++i) {
    Publisher& publisher = *publishers_[i]->publisher();
    if (publisher.sent() == sent_before_[i] && publishers_[i]->is_ready() && !publisher.all_sent()) {
      publisher.forgive();
      publishers_[i]->wake();
    }
    sent_before_[i] = publisher.sent();
  }
}

void Worker::tell_state(std::int64_t now) {
  const std::uint64_t sum = context_.progress + tally_.sent_in_all;
  if (sum == progress_before_) return;
  progress_before_ = sum;
  state_.sent.store(tally_.sent_in_all, std::memory_order_relaxed);
  state_.delivered.store(context_.delivered, std::memory_order_relaxed);
  state_.progress.store(context_.progress, std::memory_order_relaxed);
  state_.active_ns.store(now, std::memory_order_relaxed);
}

void Worker::note(const RunError& error) {
  const std::lock_guard lock(mutex_);
  const bool known = std::ranges::any_of(errors_, [&](const RunError& e) { return e.text == error.text; });
  if (!known && errors_.size() < kErrorsMax) errors_.push_back(error);
}

void Worker::on_ready(Client&) {
  --half_open_;
  state_.ready.fetch_add(1);
}

void Worker::on_failed(Client&, const RunError& error) {
  --half_open_;
  ++tally_.connect_failures;
  ++tally_.now().errors;
  note(error);
  state_.failed.fetch_add(1);
}

void Worker::on_lost(Client&, const RunError& error, bool returns) {
  ++tally_.connections_lost;
  ++tally_.now().errors;
  if (returns) return;
  note(error);
  state_.gone.fetch_add(1);
}

}  // namespace tombo::bench::engine
