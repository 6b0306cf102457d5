#pragma once

#include "base/log.hpp"
#include "base/result.hpp"
#include "broker/core.hpp"
#include "control/dialogue.hpp"
#include "control/limits.hpp"
#include "base/socket_file.hpp"
#include "control/store_worker.hpp"
#include "control/task.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace tombo::control {

/// The control socket and the one thread that serves it, which knows shards by their mailboxes only.
/// Lives on: main; ends before the core does.
class Server {
 public:
  struct Parts {
    broker::Core& core;
    log::Logger logger;
    log::Logger::Levels* levels = nullptr;
    /// Has main reload the options and hands the outcome over; may come from any thread.
    std::function<void(std::function<void(Reloaded)>)> reload = {};
    Limits limits = {};
    /// Outlives the server; null: nothing is kept.
    StoreOperations* store = nullptr;
    /// Outlives the server; null: the rules cannot be asked.
    const auth::acl::Explainer* rules = nullptr;
  };
  explicit Server(Parts parts);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Opens the socket and begins to serve it; says why that cannot be.
  Result<void, std::string> start(const std::string& path, unsigned mode);
  void stop();

 private:
  struct Peer {
    int descriptor;
    std::unique_ptr<Dialogue> dialogue;
  };

  void run();
  int wait_ms() const;
  void accept_all();
  bool read_from(Peer& peer);
  bool write_to(Peer& peer);
  bool serve(Peer& peer, short events);

  std::unique_ptr<StoreWorker> store_;
  Context context_;
  Limits limits_;
  SocketFile socket_;
  std::vector<Peer> peers_;  // the thread's
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace tombo::control
