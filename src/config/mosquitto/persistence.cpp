#include "config/mosquitto/entries.hpp"
#include "config/mosquitto/reading.hpp"

#include <fmt/format.h>

namespace tombo::config::mosquitto {

namespace {

void take_persistence(Reading& reading, const Line& line) {
  const auto flag = flag_of(reading, line);
  if (flag) reading.persistence = *flag ? std::optional{line} : std::nullopt;
}

void keep_once(Reading& reading, const Line& line, std::optional<Line>& kept) {
  if (kept)
    return reading.error(
        line, fmt::format("'{}' is written twice: the other stands in line {}", line.name, kept->name_at.line));
  kept = line;
}

void take_file(Reading& reading, const Line& line) {
  keep_once(reading, line, reading.persistence_file);
}

void take_location(Reading& reading, const Line& line) {
  keep_once(reading, line, reading.persistence_location);
}

// clang-format off
constexpr auto kEntries = std::to_array<Directive>({
  special("persistence", Scope::global, kFlag, "persistence.directory, persistence.import_file", &take_persistence, "Sessions, queues and retained messages survive a restart: the store is the directory tombo under persistence_location, and a mosquitto.db that lies there is taken over at the first start and stays as it is."),
  special("retained_persistence", Scope::global, kFlag, "persistence.directory", &take_persistence, "An older name of persistence."),
  special("persistence_location", Scope::global, "directory", "persistence.directory", &take_location, "Where that is; the current directory where it is not written."),
  special("persistence_file", Scope::global, "file name", "persistence.import_file", &take_file, "The file that is taken over; mosquitto.db where it is not written."),
  without_effect("autosave_interval", Scope::global, kNumber, "what is acknowledged is on the disk already; [persistence] of a TOML file can lower that."),
  without_effect("autosave_on_changes", Scope::global, kFlag, "what is acknowledged is on the disk already; [persistence] of a TOML file can lower that."),
});
// clang-format on

std::string joined(std::string_view directory, std::string_view name) {
  if (directory.empty() || name.starts_with('/')) return std::string{name};
  return fmt::format("{}{}{}", directory, directory.ends_with('/') ? "" : "/", name);
}

}  // namespace

std::span<const Directive> persistence_directives() {
  return kEntries;
}

void finish_persistence(Reading& reading) {
  if (!reading.persistence) {
    for (const auto& line : {reading.persistence_location, reading.persistence_file}) {
      if (line)
        reading.draft.warning(line->name_at,
                              fmt::format("'{}' has no effect: there is no 'persistence true'", line->name));
    }
    return;
  }
  const std::string_view location = reading.persistence_location ? reading.persistence_location->value : "";
  const std::string_view file = reading.persistence_file ? reading.persistence_file->value : "mosquitto.db";
  reading.set(Section::persistence, "directory", 0, {joined(location, "tombo")},
              reading.persistence_location ? *reading.persistence_location : *reading.persistence);
  reading.set(Section::persistence, "import_file", 0, {joined(location, file)},
              reading.persistence_file ? *reading.persistence_file : *reading.persistence);
}

}  // namespace tombo::config::mosquitto
