#pragma once

#include <cstdint>
#include <vector>

namespace tombo::bench::engine {

/// Something with a descriptor in the loop.
class LoopClient {
 public:
  virtual ~LoopClient() = default;
  virtual void on_events(std::uint32_t epoll_events) = 0;
  /// Once a turn for those that asked for it with Loop::wake(), when all events have been seen: the place to write.
  virtual void on_turn_end() = 0;

 private:
  friend class Loop;
  bool awake_ = false;
};

/// One level-triggered epoll loop.  Lives on: its worker's thread, except for poke().
class Loop {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  bool good() const { return epoll_ >= 0 && poke_ >= 0; }
  bool add(int fd, LoopClient& client, std::uint32_t events);
  void change(int fd, LoopClient& client, std::uint32_t events);
  /// The client is called at the end of this turn.
  void wake(LoopClient& client) {
    if (client.awake_) return;
    client.awake_ = true;
    awake_.push_back(&client);
  }
  /// Waits until `until_ns` at most and hands out events.
  void wait(std::int64_t until_ns);
  /// Calls everyone who was woken; who is woken meanwhile has his turn in the next one.
  void finish_turn();
  bool has_awake() const { return !awake_.empty(); }
  /// From any thread: ends a wait().
  void poke();

 private:
  int epoll_;
  int poke_;
  std::vector<LoopClient*> awake_;
  std::vector<LoopClient*> calling_;
};

}  // namespace tombo::bench::engine
