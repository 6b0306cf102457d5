#include "config/rows/rows.hpp"

namespace tombo::config {

namespace {

// clang-format off
constexpr auto kRows = std::to_array<Row>({
  text<&Persistence::directory>("directory", 4096, kRestart, "Where the store is kept, made if it is not there; empty means that nothing survives a restart."),
  text<&Persistence::import_file>("import_file", 4096, kRestart, "A mosquitto.db that is taken over when the directory holds no store yet; it is only read."),
  choice<&Persistence::sync>("sync", kLive, "When a message counts as safe: ack means on stable storage before it is acknowledged, interval that a crash may lose the last sync_interval_ms, off that the operating system decides."),
  list<&Persistence::sync_topics>("sync_topics", {0, 64}, kLive, "Other levels for some topics, such as \"telemetry/#=interval\": filter=level, the first that matches holds."),
  number<&Persistence::sync_interval_ms>("sync_interval_ms", {10, 60'000}, kLive, "Time between two syncs of what the level interval covers; so much a crash may lose."),
  number<&Persistence::linger_ms>("linger_ms", {0, 1000}, kLive, "A commit waits so long for more messages (after one of 64 records or more up to 1 ms even at 0), which wears flash memory less and makes acknowledgements slower; 5 to 20 suit eMMC."),
  number<&Persistence::patience_ms>("patience_ms", {0, 1000}, kLive, "How long a message is held back from the disk while all its subscribers are there and may acknowledge it; one that they all did is never written."),
  choice<&Persistence::profile>("profile", kRestart, "gateway uses little memory and few files, server more of both for a higher rate."),
  choice<&Persistence::on_error>("on_error", kLive, "While the disk cannot be written: delay holds acknowledgements back until it can, refuse answers MQTT 5.0 publishers with 0x97 instead."),
  number<&Persistence::window_messages>("window_messages", {1, 100'000}, kLive, "Messages of a session's queue that are in memory; the others are on the disk only."),
  size<&Persistence::backlog_bytes_max>("backlog_bytes_max", {64 * kKiB, kTiB}, kLive, "Bytes of messages on their way to the disk; with more, publishers are not read from."),
});
// clang-format on

}  // namespace

std::span<const Row> persistence_rows() {
  return kRows;
}

}  // namespace tombo::config
