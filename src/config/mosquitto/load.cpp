#include "config/load.hpp"

#include "config/mosquitto/reading.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tombo::config {

namespace mosquitto {

namespace {

/// Where only a default is above the memory that is allowed, there is nothing to tell the operator.
void keep_within_memory(Reading& reading) {
  Limits& limits = reading.draft.options.limits;
  if (limits.memory_bytes_max == 0) return;
  const auto least = [](std::string_view key) { return find_row(Section::limits, key)->min; };
  if (!reading.queued_bytes) {
    limits.queue_bytes_max =
        std::max(least("queue_bytes_max"), std::min(limits.queue_bytes_max, limits.memory_bytes_max));
  }
  limits.retained_bytes_max = std::min(limits.retained_bytes_max, limits.memory_bytes_max);
}

/// The checks that both syntaxes share.  A line of which an error has been told in Mosquitto's words is not told of again.
void check_the_rest(Draft& draft) {
  const std::vector<Problem> told = std::move(draft.problems);
  draft.problems.clear();
  check(draft);
  std::erase_if(draft.problems, [&](const Problem& problem) {
    return std::any_of(told.begin(), told.end(), [&](const Problem& before) {
      return before.severity == Problem::Severity::error && before.line == problem.line && before.file == problem.file;
    });
  });
  draft.problems.insert(draft.problems.begin(), told.begin(), told.end());
}

void warn_if_nobody_may_connect(Draft& draft) {
  if (somebody_may_connect(draft.options)) return;
  draft.warning(
      draft.place_of(Section::top, "allow_anonymous"),
      "nobody can connect: clients without a user name are not allowed, which is so where a file opens a listener, and "
      "there is no other way in; write password_file PATH, or allow_anonymous true to let everybody in");
}

}  // namespace

void set_mosquitto_defaults(Options& options) {
  const auto most = [](Section section, std::string_view key) { return find_row(section, key)->max; };
  Limits& limits = options.limits;
  limits.packet_bytes_max = static_cast<std::uint32_t>(most(Section::limits, "packet_bytes_max"));
  limits.session_expiry_max_s = 0xFFFFFFFF;
  limits.in_flight_max = 20;
  limits.topic_alias_max_out = 10;
  limits.queue_messages_max = 1'000;
  limits.queue_bytes_max = most(Section::limits, "queue_bytes_max");
  limits.retained_messages_max = static_cast<std::uint32_t>(most(Section::limits, "retained_messages_max"));
  limits.retained_bytes_max = most(Section::limits, "retained_bytes_max");
  options.log.to = {"stderr"};
  options.log.wording = LogWording::mosquitto;
  options.log.timestamp_format = "%s";
}

void finish(Reading& reading) {
  finish_listeners(reading);
  finish_log(reading);
  finish_persistence(reading);
  finish_process(reading);
  finish_bridges(reading);
  keep_within_memory(reading);
  Draft& draft = reading.draft;
  check_the_rest(draft);
  const bool fine = std::none_of(draft.problems.begin(), draft.problems.end(),
                                 [](const Problem& problem) { return problem.severity == Problem::Severity::error; });
  if (fine) warn_if_nobody_may_connect(draft);
  for (Problem& problem : draft.problems) problem.message = in_mosquitto_words(std::move(problem.message));
}

void read_all(Reading& reading, std::string_view text) {
  set_mosquitto_defaults(reading.draft.options);
  reading.read(text, 0);
  finish(reading);
}

}  // namespace mosquitto

Loaded load_mosquitto(std::string_view text, const std::string& name) {
  mosquitto::Reading reading{text, name};
  mosquitto::read_all(reading, text);
  const bool listeners_given = !reading.listeners.empty();
  return finished(std::move(reading.draft), listeners_given);
}

}  // namespace tombo::config
