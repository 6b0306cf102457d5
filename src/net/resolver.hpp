#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <sys/socket.h>

namespace tombo::net {

/// An address to connect to.
struct Destination {
  sockaddr_storage address{};
  socklen_t size = 0;
};
struct Resolved {
  std::vector<Destination> found;  // in the order in which they are to be tried
  std::string why;                 // if there are none
};

/// Looks names up on a thread of its own, one after the other: no shard waits for a name server.
/// Lives on: any thread.
class Resolver {
 public:
  /// Addresses of one name that are tried.
  static constexpr std::size_t kFoundMax = 16;
  /// Questions that wait; one more is answered at once with a failure.
  static constexpr std::size_t kWaitingMax = 1024;

  Resolver();
  /// Does not wait for a name server that takes its time: what it says then is heard by nobody.
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  /// `then` is called once, from the resolver's thread, unless the resolver goes before.  It must not take long.
  void resolve(std::string host, std::uint16_t port, std::function<void(Resolved)> then);
  /// The same for an address, at once; nothing found where it is a name.
  static Resolved address_of(const std::string& host, std::uint16_t port);

 private:
  struct State;
  static void run(const std::shared_ptr<State>& state);
  std::shared_ptr<State> state_;
};

}  // namespace tombo::net
