#include "config/check_networks.hpp"
#include "config/draft.hpp"
#include "config/fields.hpp"

#include "base/log.hpp"
#include "base/nearest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

namespace tombo::config {

namespace {

void check_redirect(Draft& draft) {
  const Redirect& redirect = draft.options.redirect;
  const auto place = [&](std::string_view key) { return draft.place_of(Section::redirect, key); };
  if (redirect.server_reference.empty()) {
    if (redirect.mode != RedirectMode::off) {
      draft.error(place("mode"),
                  "'mode' in [redirect] needs a server_reference: clients must be told where to go");
    }
    if (redirect.connections_high > 0) {
      draft.error(
          place("connections_high"),
          "'connections_high' in [redirect] needs a server_reference: clients must be told where to go");
    }
  }
  if (redirect.connections_low > redirect.connections_high) {
    draft.error(
        place("connections_low"),
        fmt::format(
            "'connections_low' in [redirect] is {} but must not be above connections_high, which is {}",
            redirect.connections_low, redirect.connections_high));
  }
}

void check_persistence(Draft& draft) {
  const Persistence& persistence = draft.options.persistence;
  const auto levels = Names<Sync>::all;
  for (const std::string& entry : persistence.sync_topics) {
    const std::size_t equals = entry.rfind('=');
    const std::string_view level = equals == std::string::npos ? "" : std::string_view{entry}.substr(equals + 1);
    const bool known = std::find(levels.begin(), levels.end(), level) != levels.end();
    if (known && equals > 0) continue;
    draft.error(draft.place_of(Section::persistence, "sync_topics"),
                fmt::format("'sync_topics' in [persistence] holds \"{}\", but wants filter=level such as "
                            "\"telemetry/#=interval\"; levels are {}",
                            entry, fmt::join(levels, ", ")));
  }
}

void check_limits(Draft& draft) {
  const Limits& limits = draft.options.limits;
  const auto place = [&](std::string_view key) { return draft.place_of(Section::limits, key); };
  if (limits.sessions_max < limits.connections_max && draft.given(Section::limits, "sessions_max")) {
    draft.warning(place("sessions_max"),
                  fmt::format("sessions_max is {} and so holds before connections_max, which is {}: "
                              "each connection has a session",
                              limits.sessions_max, limits.connections_max));
  }
  if (limits.memory_bytes_max == 0) return;
  for (const auto& [key, bytes] : {std::pair{"queue_bytes_max", limits.queue_bytes_max},
                                   std::pair{"retained_bytes_max", limits.retained_bytes_max}}) {
    if (bytes <= limits.memory_bytes_max) continue;
    draft.warning(place(draft.given(Section::limits, key) ? key : "memory_bytes_max"),
                  fmt::format("{} is {} and so never reached: memory_bytes_max is {}", key, bytes,
                              limits.memory_bytes_max));
  }
}

constexpr std::array<std::string_view, 6> kDestinations{"stdout", "stderr", "syslog", "journald", "topic", "file:"};

void check_destinations(Draft& draft) {
  const Place place = draft.place_of(Section::log, "to");
  std::set<std::string> seen;
  for (const std::string& to : draft.options.log.to) {
    const bool known =
        std::find(kDestinations.begin(), kDestinations.end() - 1, to) != kDestinations.end() - 1;
    if (to == "file:") {
      draft.error(place,
                  "'to' in [log] holds \"file:\" without a path, for example \"file:/var/log/tombo.log\"");
    } else if (!known && !to.starts_with("file:")) {
      const std::string_view near = to.starts_with('/') ? std::string_view{} : nearest(to, kDestinations);
      draft.error(
          place,
          fmt::format("'to' in [log] holds \"{}\", but lines go to stdout, stderr, file:PATH, syslog, "
                      "journald or topic{}",
                      to,
                      to.starts_with('/') ? fmt::format("; did you mean \"file:{}\"?", to)
                      : near.empty()      ? std::string{}
                                          : fmt::format("; did you mean \"{}\"?", near)));
    }
    if (!seen.insert(to).second) draft.error(place, fmt::format("'to' in [log] names \"{}\" twice", to));
  }
}

void check_modules(Draft& draft) {
  std::vector<std::string_view> modules, levels;
  for (std::size_t i = 0; i < log::kModuleCount; ++i) modules.push_back(name_of(static_cast<log::Module>(i)));
  const Row& level_row = *find_row(Section::log, "level");
  levels.assign(level_row.choices.begin(), level_row.choices.end());
  const auto is_one_of = [](std::string_view name, const std::vector<std::string_view>& names) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  for (const std::string& entry : draft.options.log.modules) {
    const std::string_view text{entry};
    const std::size_t equals = text.find('=');
    const std::string_view module = text.substr(0, equals);
    const std::string_view level = equals == std::string_view::npos ? "" : text.substr(equals + 1);
    if (is_one_of(module, modules) && is_one_of(level, levels)) continue;
    draft.error(draft.place_of(Section::log, "modules"),
                fmt::format("'modules' in [log] holds \"{}\", but wants module=level such as \"net=debug\"; "
                            "modules are {}, levels {}",
                            entry, fmt::join(modules, ", "), fmt::join(levels, ", ")));
  }
}

void check_types(Draft& draft) {
  std::vector<std::string_view> known{"all"};
  for (std::size_t i = 0; i < log::kTypeCount; ++i) known.push_back(name_of(static_cast<log::Type>(i)));
  for (const std::string& type : draft.options.log.types) {
    if (std::find(known.begin(), known.end(), type) != known.end()) continue;
    const std::string_view near = nearest(type, known);
    draft.error(draft.place_of(Section::log, "types"),
                fmt::format("'types' in [log] holds \"{}\", but knows {}{}", type, fmt::join(known, ", "),
                            near.empty() ? std::string{} : fmt::format("; did you mean \"{}\"?", near)));
  }
}

}  // namespace

void check(Draft& draft) {
  check_listeners(draft);
  check_networks(draft);
  check_redirect(draft);
  check_persistence(draft);
  check_limits(draft);
  check_destinations(draft);
  check_modules(draft);
  check_types(draft);
  check_auth(draft);
}

}  // namespace tombo::config
