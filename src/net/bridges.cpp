#include "net/bridges.hpp"

#include "net/shard_loop.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <random>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

namespace tombo::net {

namespace {

constexpr std::size_t kNodeIdSize = 16;
constexpr const char* kNodeFile = "node-id";

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "tombo";
  return name.data();
}

std::uint64_t random_number() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

/// Some bridge speaks 3.x, where messages hold no ids.
bool looks_at_what_returns(const config::Options& options) {
  return std::any_of(options.bridges.begin(), options.bridges.end(), [](const config::Bridge& bridge) {
    return bridge.version != config::BridgeVersion::v5 && bridge.loop_window_s != 0;
  });
}

bool is_node_id(const std::string& text) {
  return text.size() == kNodeIdSize && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

}  // namespace

std::string node_id(const std::string& directory, const log::Logger& logger) {
  const std::string fresh = fmt::format("{:016x}", random_number());
  if (directory.empty()) return fresh;
  const std::string path = directory + "/" + kNodeFile;
  std::string kept;
  if (std::ifstream file{path}; file >> kept && is_node_id(kept)) return kept;
  // Written aside and renamed: half an id would be another one.
  const std::string aside = path + ".new";
  const int descriptor = ::open(aside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const std::string line = fresh + "\n";
  const bool written = descriptor >= 0 &&
                       ::write(descriptor, line.data(), line.size()) == static_cast<ssize_t>(line.size()) &&
                       ::fsync(descriptor) == 0;
  const int error = errno;
  if (descriptor >= 0) ::close(descriptor);
  if (!written || std::rename(aside.c_str(), path.c_str()) != 0) {
    logger.warning("{} cannot be written: {}; loops of bridges are found for this start only", path,
                   std::strerror(written ? errno : error));
  }
  return fresh;
}

Result<std::shared_ptr<const filter::TlsClient>, std::string> Bridges::load_tls(const config::Bridge& bridge) const {
  if (!bridge.has_tls()) return std::shared_ptr<const filter::TlsClient>{};
  auto loaded = filter::TlsClient::load(bridge, key_log_);
  if (loaded) return *loaded;
  return Failure{fmt::format("bridge {}: {}", bridge.name, fmt::join(loaded.error(), "\n"))};
}

Result<void, std::string> Bridges::prepare(const config::Options& options) {
  for (const config::Bridge& bridge : options.bridges) {
    auto tls = load_tls(bridge);
    if (!tls) return Failure{tls.error()};
    tls_[bridge.name] = std::move(*tls);
  }
  return {};
}

void Bridges::start(const config::Options& options) {
  core_.loops.set_node(node_id(options.persistence.directory, logger_));
  if (looks_at_what_returns(options)) core_.loops.begin_remembering();
  for (const config::Bridge& bridge : options.bridges) {
    for (auto& plan : bridge::plans_of(bridge, host_name())) {
      const std::string name = plan->name;
      running_[name] = {std::move(plan), std::make_shared<broker::BridgeFigures>(name), tls_[bridge.name]};
      add(running_[name]);
    }
  }
  publish_list();
}

/// To the shard where its session is, or where a new one is to be.
void Bridges::add(const Running& running) {
  routing::ShardId shard = 0;
  if (!core_.directory.find(running.plan->local_client_id, shard))
    shard = core_.place(running.plan->local_client_id, *core_.first_options());
  ShardLoop& loop = *loops_[shard];
  loop.post([&loop, order = BridgeOrder{running.plan, running.figures, running.tls, random_number()}] {
    loop.bridges().add(order);
  });
}

void Bridges::publish_list() {
  auto list = std::make_shared<broker::BridgeList>();
  for (const auto& [name, running] : running_) list->push_back(running.figures);
  core_.bridges.exchange(std::move(list));
}

void Bridges::reload(const config::Options& options) {
  if (looks_at_what_returns(options)) core_.loops.begin_remembering();
  std::map<std::string, Running> wanted;
  for (const config::Bridge& bridge : options.bridges) {
    auto tls = load_tls(bridge);
    if (!tls) logger_.error("{}; it goes on with what it had", tls.error());
    for (auto& plan : bridge::plans_of(bridge, host_name())) {
      const auto known = running_.find(plan->name);
      const bool same_session = known != running_.end() && known->second.plan->local_client_id == plan->local_client_id;
      Running next{plan, same_session ? known->second.figures : std::make_shared<broker::BridgeFigures>(plan->name),
                   tls                       ? *tls
                   : known != running_.end() ? known->second.tls
                                             : nullptr};
      if (!tls && next.tls == nullptr) continue;  // a new one, which would speak in the clear
      wanted[plan->name] = std::move(next);
    }
  }
  for (const auto& [name, running] : running_) {
    const auto next = wanted.find(name);
    if (next != wanted.end() && next->second.plan->local_client_id == running.plan->local_client_id) continue;
    logger_.info("bridge {} is not wanted any more", name);
    for (ShardLoop* loop : loops_) loop->post([loop, gone = name] { loop->bridges().remove(gone, true); });
  }
  for (const auto& [name, next] : wanted) {
    const auto known = running_.find(name);
    if (known == running_.end() || known->second.plan->local_client_id != next.plan->local_client_id) {
      add(next);
      continue;
    }
    // What is read anew for TLS holds from the next connection on.
    if (known->second.plan->options == next.plan->options && next.tls == nullptr) continue;
    const BridgeOrder order{next.plan, next.figures, next.tls, 0};
    for (ShardLoop* loop : loops_) loop->post([loop, order] { loop->bridges().change(order); });
  }
  running_ = std::move(wanted);
  publish_list();
}

}  // namespace tombo::net
