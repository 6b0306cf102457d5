#include "config/mosquitto/reading.hpp"
#include "config/read_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <system_error>

namespace tombo::config::mosquitto {

namespace {

constexpr std::size_t kFilesMax = 1'000;

int lower(char c) {
  return std::tolower(static_cast<unsigned char>(c));
}

/// As Mosquitto sorts them: letters without their case, and where names differ in it alone, upper case first.
bool comes_before(const std::string& a, const std::string& b) {
  const std::size_t shorter = std::min(a.size(), b.size());
  for (std::size_t i = 0; i < shorter; ++i) {
    if (a[i] == b[i]) continue;
    if (lower(a[i]) == lower(b[i])) return a[i] < b[i];
    return lower(a[i]) < lower(b[i]);
  }
  return a.size() < b.size();
}

std::vector<std::string> names_in(const std::string& directory, std::error_code& failed) {
  std::vector<std::string> names;
  std::filesystem::directory_iterator entry{directory, failed};
  for (; !failed && entry != std::filesystem::directory_iterator{} && names.size() <= kFilesMax;
       entry.increment(failed)) {
    std::string name = entry->path().filename().string();
    if (name.size() > 5 && name.ends_with(".conf")) names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end(), &comes_before);
  return names;
}

void read_one(Reading& reading, const std::string& path) {
  std::string text, why_not;
  const bool readable = read_file(path, text, why_not);
  const std::string_view kept = reading.keep(std::move(text));
  const int file = reading.draft.add_file(kept, path);
  if (!readable) return reading.draft.error({0, 0, file}, std::move(why_not));
  const Where before = reading.where;
  reading.where = {{}, {}, {}, before.depth + 1};
  reading.read(kept, file);
  reading.where = before;
}

}  // namespace

void take_include_dir(Reading& reading, const Line& line) {
  if (reading.where.depth > 0) {
    return reading.draft.warning(line.name_at,
                                 "'include_dir' has no effect: it counts in the main file only, as with Mosquitto");
  }
  const std::string directory{line.value};
  std::error_code failed;
  const auto names = names_in(directory, failed);
  if (failed)
    return reading.error(line, fmt::format("cannot read the directory '{}': {}", directory, failed.message()));
  if (names.size() > kFilesMax)
    return reading.error(line, fmt::format("'{}' holds more than {} files", directory, kFilesMax));
  for (const std::string& name : names) read_one(reading, directory + (directory.ends_with('/') ? "" : "/") + name);
}

}  // namespace tombo::config::mosquitto
