#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace tombo::auth {

inline constexpr std::size_t kPooledConnectionsMax = 64;  // that nobody uses; as many as there may be workers

/// Connections to a server that nobody uses at the moment.  There are never more than workers that used one at a time.
/// Lives on: any thread.
template <class Connection>
class ConnectionPool {
 public:
  /// The one that was used last; null: there is none.
  std::unique_ptr<Connection> take() {
    const std::lock_guard lock(mutex_);
    if (idle_.empty()) return nullptr;
    auto connection = std::move(idle_.back());
    idle_.pop_back();
    return connection;
  }
  void give(std::unique_ptr<Connection> connection) {
    const std::lock_guard lock(mutex_);
    if (idle_.size() < kPooledConnectionsMax) idle_.push_back(std::move(connection));
  }
  std::size_t idle() const {
    const std::lock_guard lock(mutex_);
    return idle_.size();
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<Connection>> idle_;
};

}  // namespace tombo::auth
