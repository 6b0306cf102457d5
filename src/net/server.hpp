#pragma once

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "config/options.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace tombo::auth {
class Authenticator;
}  // namespace tombo::auth

namespace tombo::broker {
class Core;
class Keeper;
}  // namespace tombo::broker

namespace tombo::filter {
class KeyLog;
}  // namespace tombo::filter

namespace tombo::net {

/// All shards with their threads, and the listeners that feed them.
/// Lives on: main; the calls may come from main only.
class Server {
 public:
  struct Parts {
    std::shared_ptr<const config::Options> options;
    log::Logger logger;
    const Clock* clock = nullptr;
    std::string version;  // for $SYS/broker/version
    std::shared_ptr<broker::Keeper> keeper{};  // of what survives a restart; none: nothing does
    auth::Authenticator* authenticator = nullptr;  // outlives the server; none: allow_anonymous alone decides
    std::shared_ptr<const filter::KeyLog> key_log{};  // gets the secrets of TLS connections; none: nobody does
  };
  explicit Server(Parts parts);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Binds every listener; nothing is accepted yet.  The error names address, port and reason.
  /// `inherited`: listening sockets that systemd made; each must belong to a listener.
  Result<void, std::string> listen(std::vector<int> inherited = {});
  /// Makes sessions and retained messages of what is kept.  The error is for the operator.
  Result<void, std::string> restore();
  /// Starts the shards and begins to accept.
  void start();

  /// Hands new options to every shard; what needs a restart keeps its old value (the caller has said so).
  void reload(std::shared_ptr<const config::Options> options);
  /// Reads certificates, revocation lists and keys of every listener again; what cannot be read stays as it was, and the
  /// log says so; the first problem is returned.
  std::string reread_files();
  /// Files that listeners and bridges read, for who watches them; empty texts among them are none.
  static std::vector<std::string> files(const config::Options& options);
  /// The authenticator has new rights: live subscriptions are looked at again.
  void rights_changed();
  /// Sends connected 5.0 clients to the configured other server.  [redirect]
  void redirect_clients();
  /// One screen for the log: connections, sessions, messages, drops by reason, load of each shard.
  std::string summary();
  /// What the shards share, for who asks them by letter; lives until this server does not.
  broker::Core& core();
  /// The store, or null.
  broker::Keeper* keeper();
  /// Whether every shard has turned its loop within the last `seconds`; for the watchdog.
  bool alive(int seconds);

  /// Phase one: stop accepting and reading, drain, DISCONNECT 0x8B, for options.stop_deadline_s at most.
  /// Phase two: destroy.  Returns when all threads have ended.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tombo::net
