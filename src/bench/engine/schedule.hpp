#pragma once

#include <cstdint>
#include <vector>

namespace tombo::bench::engine {

class Client;

/// Open loop: when each message of a worker's publishers is due.  All publishers of the run take turns, so that
/// message s of publisher p is due at from + (s * publishers + p) * step, whatever has become of those before.
class Schedule {
 public:
  void set_up(const std::vector<Client*>& own, std::uint32_t publishers, double rate);
  void begin(std::int64_t from_ns);
  bool is_on() const { return from_ns_ != 0; }
  void end() { from_ns_ = 0; }
  /// Releases what is due by now and wakes its publishers.
  void release(std::int64_t now);
  std::int64_t next_due_ns() const;

 private:
  std::vector<Client*> own_;
  std::uint32_t publishers_ = 0;
  double step_ns_ = 0;
  std::int64_t from_ns_ = 0;
  std::uint64_t round_ = 0;
  std::size_t position_ = 0;
};

}  // namespace tombo::bench::engine
