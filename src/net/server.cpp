#include "net/server.hpp"

#include "broker/keeper.hpp"
#include "net/bridges.hpp"
#include "net/listener.hpp"
#include "net/listening_socket.hpp"
#include "net/memory_size.hpp"
#include "net/resolver.hpp"
#include "net/shard_loop.hpp"

#include <algorithm>
#include <random>
#include <thread>
#include <utility>

#include <sched.h>

#include <fmt/format.h>

namespace tombo::net {

namespace {
/// The options with what only the running machine can say.
std::shared_ptr<const config::Options> completed(const std::shared_ptr<const config::Options>& given) {
  auto options = std::make_shared<config::Options>(*given);
  if (options->limits.memory_bytes_max == 0) options->limits.memory_bytes_max = memory_size() / 4 * 3;
  if (options->listeners.empty()) options->listeners.emplace_back();
  return options;
}

unsigned shard_count(const config::Options& options) {
  unsigned wanted = options.threads;
  if (wanted == 0) {
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    wanted = ::sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? static_cast<unsigned>(CPU_COUNT(&allowed))
                                                                    : std::thread::hardware_concurrency();
  }
  return std::clamp(wanted, 1u, routing::kShardsMax);
}

std::string joined(const std::vector<std::string>& problems) { return fmt::format("{}", fmt::join(problems, "\n")); }

std::uint64_t random_seed() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}
}  // namespace

struct Server::Impl {
  explicit Impl(Parts parts)
      : options(completed(parts.options)),
        logger(parts.logger),
        clock(parts.clock),
        anonymous(options->allow_anonymous),
        keeper(std::move(parts.keeper)),
        key_log(std::move(parts.key_log)),
        core({shard_count(*options), options, random_seed(), logger.for_module(log::Module::broker), parts.clock,
              parts.authenticator != nullptr ? parts.authenticator : &anonymous, parts.version, keeper ? keeper->store().epoch() : 0}) {
    store::Sink* sink = keeper ? &keeper->store() : nullptr;
    for (unsigned i = 0; i < core.shards(); ++i) {
      loops.push_back(std::make_unique<ShardLoop>(core, static_cast<routing::ShardId>(i), sink, pointers, *resolver));
      pointers.push_back(loops.back().get());
    }
  }

  std::shared_ptr<const config::Options> options;
  log::Logger logger;
  const Clock* clock;
  auth::AnonymousOnly anonymous;
  std::shared_ptr<broker::Keeper> keeper;
  std::shared_ptr<const filter::KeyLog> key_log;  // or none
  broker::Core core;
  std::unique_ptr<Resolver> resolver = std::make_unique<Resolver>();  // goes before the loops that it tells of names
  std::vector<ShardLoop*> pointers;
  std::vector<std::unique_ptr<ShardLoop>> loops;
  Bridges bridges{core, pointers, logger.for_module(log::Module::net), key_log};
  std::vector<std::unique_ptr<Listener>> listeners;
  std::vector<std::thread> threads;
};

Server::Server(Parts parts) : impl_(std::make_unique<Impl>(std::move(parts))) {}

Server::~Server() {
  stop();
  // Connections name their listener, and listeners their loop: connections go first.
  for (auto& loop : impl_->loops) loop->drop_connections();
  impl_->listeners.clear();
  // What the store could not write names counters of the core.
  impl_->resolver.reset();
  impl_->loops.clear();
  impl_->keeper.reset();
}

Result<void, std::string> Server::listen(std::vector<int> inherited) {
  for (std::size_t i = 0; i < impl_->options->listeners.size(); ++i) {
    const auto logger = impl_->logger.for_module(log::Module::net);
    auto listener = std::make_unique<Listener>(impl_->options->listeners[i], i, logger, impl_->key_log);
    if (auto good = listener->prepare(impl_->options->listeners[i]); !good) return Failure{joined(good.error())};
    if (auto good = listener->listen(inherited); !good) return good;
    for (const int descriptor : listener->descriptors()) {
      for (auto& loop : impl_->loops) loop->add_door(descriptor, listener->state(), logger);
    }
    impl_->listeners.push_back(std::move(listener));
  }
  for (const int descriptor : inherited) {
    if (descriptor < 0) continue;
    return Failure{fmt::format("systemd hands over a socket at {} that no [[listener]] names", text_of(bound_address(descriptor)))};
  }
  return impl_->bridges.prepare(*impl_->options);
}

Result<void, std::string> Server::restore() {
  if (!impl_->keeper) return {};
  std::vector<broker::Shard*> shards;
  for (auto& loop : impl_->loops) shards.push_back(&loop->shard());
  const auto counts = impl_->keeper->restore(impl_->core, shards);
  if (!counts) return Failure{counts.error()};
  impl_->logger.for_module(log::Module::store)
      .info("restored sessions={} subscriptions={} retained={} damaged={}", counts->sessions, counts->subscriptions,
            counts->retained, counts->damaged);
  return {};
}

void Server::start() {
  if (impl_->keeper) impl_->keeper->start_threads();
  for (auto& listener : impl_->listeners) listener->announce(impl_->options->log.wording);
  // Before the first client can publish: what it says waits for the bridges.
  impl_->bridges.start(*impl_->options);
  auto& first = *impl_->loops.front();
  first.post([&first] { first.open_doors(); });
  for (auto& loop : impl_->loops) impl_->threads.emplace_back([&loop] { loop->run(); });
}

void Server::reload(std::shared_ptr<const config::Options> options) {
  impl_->options = completed(options);
  if (impl_->keeper) impl_->keeper->reload(*impl_->options);
  for (unsigned shard = 0; shard < impl_->core.shards(); ++shard) {
    auto& mailbox = impl_->core.mailbox(static_cast<routing::ShardId>(shard));
    mailbox.post_call([fresh = impl_->options](broker::Shard& there) { there.apply(fresh); });
  }
  impl_->bridges.reload(*impl_->options);
}

std::string Server::reread_files() {
  std::string first;
  const auto logger = impl_->logger.for_module(log::Module::net);
  for (std::size_t i = 0; i < impl_->listeners.size(); ++i) {
    const auto good = impl_->listeners[i]->prepare(impl_->options->listeners[i]);
    if (good) continue;
    for (const auto& problem : good.error()) logger.error("{}", problem);
    if (first.empty()) first = good.error().front();
    logger.error("listener {} goes on with what it had", i + 1);
  }
  impl_->bridges.reload(*impl_->options);
  return first;
}

std::vector<std::string> Server::files(const config::Options& options) {
  std::vector<std::string> all;
  for (const auto& listener : options.listeners) {
    for (auto& file : Entrance::files(listener)) all.push_back(std::move(file));
  }
  for (const auto& bridge : options.bridges) {
    all.insert(all.end(), {bridge.ca_file, bridge.ca_directory, bridge.certificate, bridge.key});
  }
  return all;
}

void Server::rights_changed() {
  for (unsigned shard = 0; shard < impl_->core.shards(); ++shard) {
    impl_->core.mailbox(static_cast<routing::ShardId>(shard)).post_call([](broker::Shard& there) { there.rights_changed(); });
  }
}

void Server::redirect_clients() {
  for (unsigned shard = 0; shard < impl_->core.shards(); ++shard) {
    auto& mailbox = impl_->core.mailbox(static_cast<routing::ShardId>(shard));
    mailbox.post_call([](broker::Shard& there) { there.redirect(there.clients()); });
  }
}

std::string Server::summary() {
  const auto& core = impl_->core;
  using broker::ShardCounters;
  std::string text = fmt::format(
      "up {} s, {} clients connected, {} sessions away, {} subscriptions, {} retained, {} queued\n"
      "received {} publishes ({} bytes), sent {} publishes ({} bytes), memory held {} bytes\n",
      (impl_->clock->mono() - core.started()) / Milliseconds{1000}, core.sum(&ShardCounters::clients_connected),
      core.sum(&ShardCounters::sessions_disconnected), core.sum(&ShardCounters::subscriptions), core.retained.count(),
      core.sum(&ShardCounters::messages_queued), core.sum(&ShardCounters::publish_received),
      core.sum(&ShardCounters::publish_bytes_received), core.sum(&ShardCounters::publish_sent),
      core.sum(&ShardCounters::publish_bytes_sent), core.memory_used());
  text += "dropped:";
  for (std::size_t i = 0; i < broker::kDropReasons; ++i) {
    const auto reason = static_cast<broker::Drop>(i);
    text += fmt::format(" {}={}", broker::name_of(reason), core.dropped(reason));
  }
  for (unsigned shard = 0; shard < core.shards(); ++shard) {
    const auto& counters = core.counters(static_cast<routing::ShardId>(shard));
    text += fmt::format("\nshard {}: load {} %, {} clients, {} sessions, {} letters, {} wakes", shard,
                        counters.load_percent.load(std::memory_order_relaxed), counters.clients_connected.get(),
                        counters.sessions.get(), counters.letters_sent.get(), counters.wakes_sent.get());
  }
  return text;
}

broker::Core& Server::core() { return impl_->core; }

broker::Keeper* Server::keeper() { return impl_->keeper.get(); }

bool Server::alive(int seconds) {
  // A shard that sleeps has nothing to do; an empty letter makes it turn once, which the next question will see.
  bool all = true;
  const auto oldest = (impl_->clock->mono() - Seconds{seconds}).time_since_epoch().count();
  for (unsigned shard = 0; shard < impl_->core.shards(); ++shard) {
    const auto id = static_cast<routing::ShardId>(shard);
    all = all && impl_->core.counters(id).last_turn_ms.load(std::memory_order_relaxed) >= oldest;
    impl_->core.mailbox(id).post_call([](broker::Shard&) {});
  }
  return all;
}

void Server::stop() {
  if (impl_->threads.empty()) return;
  const MonoTime deadline = impl_->clock->mono() + Seconds{impl_->options->stop_deadline_s};
  for (auto& listener : impl_->listeners) listener->close();
  for (auto& loop : impl_->loops) loop->post([&loop, deadline] { loop->begin_stop(deadline); });
  for (auto& thread : impl_->threads) thread.join();
  impl_->threads.clear();
  if (!impl_->keeper) return;
  for (auto& loop : impl_->loops) loop->shard().hand_over();
  impl_->keeper->stop();
}

}  // namespace tombo::net
