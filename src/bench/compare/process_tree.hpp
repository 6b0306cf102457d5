#pragma once

#include <cstdint>
#include <vector>

#include <sys/types.h>

namespace tombo::bench::compare {

/// A process and everything it started, as /proc shows them at one moment.
struct TreeUse {
  double cpu_s = 0;             // of those that live
  std::uint64_t rss_bytes = 0;  // their sum; what they share counts several times
  std::size_t processes = 0;
};
TreeUse use_of_tree(pid_t root);

/// A process that cannot be taken for a later one with the same number.
struct Descendant {
  pid_t pid = 0;
  std::uint64_t start_ticks = 0;
};
/// The root's children and theirs, without the root.
std::vector<Descendant> descendants_of(pid_t root);
bool is_alive(const Descendant& process);

/// CPU time that the whole machine has spent, time stolen by a host left out.
double machine_cpu_s();
double own_cpu_s();

}  // namespace tombo::bench::compare
