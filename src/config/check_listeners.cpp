#include "config/draft.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tombo::config {

namespace {

bool is_everywhere(std::string_view address) {
  return address.empty() || address == "*";
}

/// Two listeners that cannot both be bound.
bool overlap(const Listener& a, const Listener& b) {
  if (a.is_unix() || b.is_unix()) return a.address == b.address;
  if (a.port != b.port) return false;
  return a.address == b.address || is_everywhere(a.address) || is_everywhere(b.address);
}

void check_unix(Draft& draft, std::size_t index) {
  const Listener& listener = draft.options.listeners[index];
  const auto place = [&](std::string_view key) { return draft.place_of(Section::listener, key, index); };
  if (!listener.address.starts_with("unix:/")) {
    draft.error(place("address"), fmt::format("'address' in [[listener]] is \"{}\", but the path of a Unix socket begins with / "
                                              "as in \"unix:/run/tombo/mqtt.sock\"", listener.address));
  }
  const bool octal = !listener.unix_mode.empty() && listener.unix_mode.size() <= 4 &&
                     listener.unix_mode.find_first_not_of("01234567") == std::string::npos;
  if (!octal) {
    draft.error(place("unix_mode"), fmt::format("'unix_mode' in [[listener]] is \"{}\", which is no mode; write it in octal, "
                                                "such as \"0660\"", listener.unix_mode));
  }
}

void check_versions(Draft& draft, std::size_t index) {
  for (const std::string& version : draft.options.listeners[index].versions) {
    if (version == "3.1" || version == "3.1.1" || version == "5") continue;
    draft.error(draft.place_of(Section::listener, "versions", index),
                fmt::format("'versions' in [[listener]] holds \"{}\", but versions are 3.1, 3.1.1 and 5", version));
  }
}

void check_mount_point(Draft& draft, std::size_t index) {
  const std::string& mount = draft.options.listeners[index].mount_point;
  if (mount.empty()) return;
  const Place place = draft.place_of(Section::listener, "mount_point", index);
  const bool control = std::any_of(mount.begin(), mount.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
  if (mount.find_first_of("+#") != std::string::npos || control || mount.starts_with("$share/")) {
    draft.error(place, fmt::format("'mount_point' in [[listener]] is \"{}\", but wants the beginning of a topic, without + and #, "
                                   "such as \"site-1/\"", mount));
  } else if (!mount.ends_with('/')) {
    draft.warning(place, fmt::format("'mount_point' in [[listener]] is \"{0}\" and stands directly before each topic: \"t\" becomes "
                                     "\"{0}t\", and filters that begin with + or # are refused; did you mean \"{0}/\"?", mount));
  }
}

void check_http_directory(Draft& draft, std::size_t index) {
  const Listener& listener = draft.options.listeners[index];
  if (listener.http_directory.empty() || listener.protocol != Protocol::mqtt) return;
  draft.error(draft.place_of(Section::listener, "http_directory", index),
              "'http_directory' in [[listener]] gives files to browsers, but this listener speaks MQTT only; write protocol = "
              "\"websocket\" or \"any\"");
}

void check_address(Draft& draft, std::size_t index) {
  if (draft.options.listeners[index].is_unix()) return check_unix(draft, index);
  const std::string& address = draft.options.listeners[index].address;
  const Place place = draft.place_of(Section::listener, "address", index);
  if (std::count(address.begin(), address.end(), ':') == 1) {
    const std::size_t colon = address.find(':');
    draft.error(place,
                fmt::format("'address' in [[listener]] holds a port; write address = \"{}\" and port = {}",
                            address.substr(0, colon), address.substr(colon + 1)));
  } else if (address.find_first_of(" \t/[]") != std::string::npos) {
    draft.error(
        place,
        fmt::format("'address' in [[listener]] is \"{}\", which is no IPv4 or IPv6 address or host name",
                    address));
  }
}

}  // namespace

void check_listeners(Draft& draft) {
  const std::vector<Listener>& all = draft.options.listeners;
  for (std::size_t i = 0; i < all.size(); ++i) {
    check_address(draft, i);
    check_versions(draft, i);
    check_mount_point(draft, i);
    check_http_directory(draft, i);
    for (std::size_t j = 0; j < i; ++j) {
      if (!overlap(all[i], all[j])) continue;
      draft.error(draft.place_of(Section::listener,
                                 draft.given(Section::listener, "port", i) ? "port" : "address", i),
                  fmt::format("two listeners want port {} of the same address: the other stands in line {}",
                              all[i].port, draft.place_of(Section::listener, "", j).line));
      break;
    }
    if (all[i].connections_max > draft.options.limits.connections_max) {
      draft.warning(
          draft.place_of(Section::listener, "connections_max", i),
          fmt::format(
              "this listener may have {} connections, but connections_max in [limits] allows {} in all",
              all[i].connections_max, draft.options.limits.connections_max));
    }
  }
}

}  // namespace tombo::config
