#include "config/draft.hpp"
#include "config/load.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tombo::config {

namespace {

std::string name_of(const Bridge& bridge) {
  return fmt::format("bridge {}", bridge.name);
}

std::string name_of(const Plugin& plugin) {
  return fmt::format("plugin {}", plugin.name);
}

std::string name_of(const Listener& listener) {
  if (listener.is_unix()) return "listener " + listener.address;
  const bool everywhere = listener.address.empty() || listener.address == "*";
  if (listener.address.find(':') != std::string::npos)
    return fmt::format("listener [{}]:{}", listener.address, listener.port);
  return fmt::format("listener {}:{}", everywhere ? "*" : listener.address, listener.port);
}

void compare(std::vector<Change>& out, Section section, std::string_view prefix, const void* running,
             const void* wanted) {
  for (const Row& row : rows()) {
    if (row.section != section) continue;
    const Value from = row.get(running);
    const Value to = row.get(wanted);
    if (from == to) continue;
    // Changes are logged; passwords and keys are not.
    const bool secret = section == Section::bridge && (row.key == "password" || row.key == "psk");
    out.push_back({fmt::format("{}{}", prefix, row.key), secret ? "***" : to_toml(row, from), secret ? "***" : to_toml(row, to),
                   row.reload == Reload::restart});
  }
}

/// Listeners are told apart by address and port, plugins by name, so their order in the file does not matter.
template <class T>
const T* find(const std::vector<T>& all, const std::string& name) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const T& entry) { return name_of(entry) == name; });
  return found == all.end() ? nullptr : &*found;
}

template <class T>
void compare_repeated(std::vector<Change>& out, Section section, const std::vector<T>& running,
                      const std::vector<T>& wanted, const std::string& there, bool restart = true) {
  for (const T& old : running) {
    const std::string name = name_of(old);
    if (const T* now = find(wanted, name)) {
      compare(out, section, name + " ", &old, now);
    } else {
      out.push_back({name, there, "", restart});
    }
  }
  for (const T& added : wanted) {
    const std::string name = name_of(added);
    if (find(running, name) == nullptr) out.push_back({name, "", there, restart});
  }
}

/// Those that run, with the options that are wanted: one comes or goes only with a restart.
template <class T>
std::vector<T> kept(const std::vector<T>& running, const std::vector<T>& wanted) {
  std::vector<T> result;
  for (const T& old : running) {
    const T* now = find(wanted, name_of(old));
    result.push_back(now != nullptr ? *now : old);
  }
  return result;
}

}  // namespace

std::vector<Change> changes(const Options& running, const Options& wanted) {
  std::vector<Change> out;
  for (const SectionInfo& info : sections()) {
    if (info.section == Section::listener) {
      compare_repeated(out, info.section, running.listeners, wanted.listeners, "listening");
      continue;
    }
    if (info.section == Section::plugin) {
      compare_repeated(out, info.section, running.plugins, wanted.plugins, "loaded");
      continue;
    }
    if (info.section == Section::bridge) {
      compare_repeated(out, info.section, running.bridges, wanted.bridges, "connected", false);
      continue;
    }
    const std::string prefix = info.section == Section::top ? std::string{} : fmt::format("{}.", info.name);
    compare(out, info.section, prefix, object_of(running, info.section, 0),
            object_of(wanted, info.section, 0));
  }
  return out;
}

Options reloadable(const Options& running, const Options& wanted) {
  Options result = wanted;
  result.listeners = kept(running.listeners, wanted.listeners);
  result.plugins = kept(running.plugins, wanted.plugins);
  for (const Row& row : rows()) {
    if (row.reload != Reload::restart) continue;
    const std::size_t count = count_of(running, row.section);
    for (std::size_t i = 0; i < count; ++i) {
      row.set(object_of(result, row.section, i), row.get(object_of(running, row.section, i)));
    }
  }
  return result;
}

std::vector<std::string> needs_restart(const Options& running, const Options& wanted) {
  std::vector<std::string> keys;
  for (const Change& change : changes(running, wanted)) {
    if (change.needs_restart) keys.push_back(change.key);
  }
  return keys;
}

}  // namespace tombo::config
