#include "config/rows/rows.hpp"

namespace tombo::config {

namespace {

// clang-format off
constexpr auto kRows = std::to_array<Row>({
  number<&Options::threads>("threads", {0, 256}, kRestart, "Shards, each a thread with its own connections; 0 means one for each available core."),
  choice<&Options::placement>("placement", kNew, "Which shard gets a new session: fill_first loads one shard before it spills to the next, hash spreads by client id, least_loaded takes the idlest."),
  number<&Options::spill_load_percent>("spill_load_percent", {1, 100}, kNew, "With placement fill_first, a shard that is busier than this gets no new session."),
  flag<&Options::allow_anonymous>("allow_anonymous", kNew, "Clients may connect without a user name, which lets everyone who reaches a listener publish and read every topic."),
  text<&Options::pid_file>("pid_file", 4096, kRestart, "File that holds the process id while the broker runs; empty means none."),
  number<&Options::stop_deadline_s>("stop_deadline_s", {0, 3600}, kLive, "How long a stop may take to drain connections."),
});
// clang-format on

}  // namespace

std::span<const Row> top_rows() {
  return kRows;
}

}  // namespace tombo::config
