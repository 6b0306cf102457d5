#pragma once

#include <cstdint>

namespace tombo::net {

/// What a loop's epoll can point to.
/// Lives on: one shard.
class Watched {
 public:
  /// The descriptor is ready (EPOLL... flags).
  virtual void on_event(std::uint32_t events) = 0;

 protected:
  ~Watched() = default;
};

}  // namespace tombo::net
