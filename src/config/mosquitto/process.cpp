#include "config/mosquitto/entries.hpp"
#include "config/mosquitto/reading.hpp"

#include <fmt/format.h>

#include <pwd.h>

namespace tombo::config::mosquitto {

namespace {

void take_user(Reading& reading, const Line& line) {
  if (reading.user) {
    return reading.error(
        line, fmt::format("'user' is written twice: the other stands in line {}", reading.user->name_at.line));
  }
  reading.user = line;
}

constexpr const char* kUsualUser = "mosquitto";  // nobody stands in where there is none

bool exists(const std::string& user) {
  return ::getpwnam(user.c_str()) != nullptr;
}

// clang-format off
constexpr auto kEntries = std::to_array<Directive>({
  special("include_dir", Scope::global, "directory", "", &take_include_dir, "Reads each file of the directory that ends in .conf, upper case of a letter before lower case; counts in the main file only."),
  path("pid_file", Scope::global, "pid_file", "File that holds the process id."),
  special("user", Scope::global, "user name", "defence.user", &take_user, "User that a broker started as root becomes: mosquitto where it is not written, and nobody where there is no such user."),
});
// clang-format on

}  // namespace

std::span<const Directive> process_directives() {
  return kEntries;
}

void finish_process(Reading& reading) {
  if (!reading.user) {
    reading.draft.options.defence.user = kUsualUser;
    return;
  }
  const std::string user{reading.user->value};
  if (user != kUsualUser && !exists(user)) {
    reading.warning(*reading.user,
                    fmt::format("there is no user '{}' on this machine, so a broker would not start here", user));
  }
  reading.set(Section::defence, "user", 0, {user}, *reading.user);
}

}  // namespace tombo::config::mosquitto
