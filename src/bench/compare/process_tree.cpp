#include "bench/compare/process_tree.hpp"

#include <fmt/format.h>

#include <unistd.h>
#include <algorithm>
#include <charconv>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <string>

namespace tombo::bench::compare {

namespace {

struct Stat {
  pid_t parent = 0;
  std::uint64_t start_ticks = 0;
  std::uint64_t rss_pages = 0;
  char state = '?';
};

/// Nothing when the process has ended.
std::optional<Stat> stat_of(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  // The name stands in parentheses and may hold anything: what follows begins behind the last one.
  const std::size_t name_end = line.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream rest(line.substr(name_end + 1));
  Stat stat;
  rest >> stat.state >> stat.parent;
  std::string skipped;
  for (int field = 5; field < 22; ++field) rest >> skipped;
  std::string virtual_bytes;
  rest >> stat.start_ticks >> virtual_bytes >> stat.rss_pages;
  return rest ? std::optional{stat} : std::nullopt;
}

double seconds_of(const timespec& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

double cpu_of(pid_t pid) {
  clockid_t clock = 0;
  timespec time{};
  if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) != 0) return 0;
  return seconds_of(time);
}

std::multimap<pid_t, pid_t> children_by_parent() {
  std::multimap<pid_t, pid_t> children;
  std::error_code ended;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", ended)) {
    const std::string name = entry.path().filename();
    pid_t pid = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (error != std::errc{} || end != name.data() + name.size()) continue;
    if (const auto stat = stat_of(pid)) children.emplace(stat->parent, pid);
  }
  return children;
}

}  // namespace

std::vector<Descendant> descendants_of(pid_t root) {
  const auto children = children_by_parent();
  std::vector<Descendant> found;
  std::vector<pid_t> parents{root};
  while (!parents.empty()) {
    const pid_t parent = parents.back();
    parents.pop_back();
    const auto [begin, end] = children.equal_range(parent);
    for (auto child = begin; child != end; ++child) {
      const auto stat = stat_of(child->second);
      if (!stat) continue;
      found.push_back({child->second, stat->start_ticks});
      parents.push_back(child->second);
    }
  }
  return found;
}

bool is_alive(const Descendant& process) {
  const auto stat = stat_of(process.pid);
  return stat && stat->start_ticks == process.start_ticks && stat->state != 'Z';
}

TreeUse use_of_tree(pid_t root) {
  static const auto kPageBytes = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  std::vector<pid_t> all{root};
  for (const Descendant& process : descendants_of(root)) all.push_back(process.pid);
  TreeUse use;
  for (const pid_t pid : all) {
    const auto stat = stat_of(pid);
    if (!stat) continue;
    ++use.processes;
    use.rss_bytes += stat->rss_pages * kPageBytes;
    use.cpu_s += cpu_of(pid);
  }
  return use;
}

double machine_cpu_s() {
  std::ifstream file("/proc/stat");
  std::string name;
  double user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0;
  file >> name >> user >> nice >> system >> idle >> iowait >> irq >> softirq;
  return (user + nice + system + irq + softirq) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

double own_cpu_s() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return seconds_of(time);
}

}  // namespace tombo::bench::compare
