#include "config/draft.hpp"
#include "config/load.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tombo::config {

namespace {

std::string name_of(const Listener& listener) {
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
    out.push_back({fmt::format("{}{}", prefix, row.key), to_toml(row, from), to_toml(row, to),
                   row.reload == Reload::restart});
  }
}

/// Listeners are told apart by address and port, so their order in the file does not matter.
const Listener* find(const std::vector<Listener>& all, const std::string& name) {
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Listener& l) { return name_of(l) == name; });
  return found == all.end() ? nullptr : &*found;
}

void compare_listeners(std::vector<Change>& out, const Options& running, const Options& wanted) {
  for (const Listener& old : running.listeners) {
    const std::string name = name_of(old);
    if (const Listener* now = find(wanted.listeners, name)) {
      compare(out, Section::listener, name + " ", &old, now);
    } else {
      out.push_back({name, "listening", "", true});
    }
  }
  for (const Listener& added : wanted.listeners) {
    const std::string name = name_of(added);
    if (find(running.listeners, name) == nullptr) out.push_back({name, "", "listening", true});
  }
}

}  // namespace

std::vector<Change> changes(const Options& running, const Options& wanted) {
  std::vector<Change> out;
  for (const SectionInfo& info : sections()) {
    if (info.section == Section::listener) {
      compare_listeners(out, running, wanted);
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
  result.listeners.clear();
  for (const Listener& old : running.listeners) {
    const Listener* now = find(wanted.listeners, name_of(old));
    result.listeners.push_back(now != nullptr ? *now : old);
  }
  for (const Row& row : rows()) {
    if (row.reload != Reload::restart) continue;
    const std::size_t count = row.section == Section::listener ? running.listeners.size() : 1;
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
