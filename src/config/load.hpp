#pragma once

#include "config/options.hpp"
#include "config/problem.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tombo::config {

/// How a configuration file is written.
enum class Syntax : std::uint8_t { by_content, toml, mosquitto };

/// Options and everything that was wrong with them; use the options only if ok().
struct Loaded {
  Options options;
  std::vector<Problem> problems;
  bool listeners_given = false;  // false: the listeners are those of without_file()
  Syntax syntax = Syntax::toml;  // which it was
  bool ok() const;               // no error among the problems
};

/// Reads a file in TOML or Mosquitto's syntax; all problems at once, never only the first.  A file that cannot be
/// read is a problem.
Loaded load_file(const std::string& path, Syntax syntax = Syntax::by_content);
/// The same from memory; `name` stands for the file in problems.
Loaded load_text(std::string_view text, const std::string& name, Syntax syntax = Syntax::by_content);
Loaded load_toml(std::string_view text, const std::string& name);
/// As mosquitto.conf(5) has it; what include_dir names is read from the file system.
Loaded load_mosquitto(std::string_view text, const std::string& name);

/// What runs without a configuration file: loopback only, v4 and v6, anonymous clients allowed.
Options without_file(std::uint16_t port);

/// The loopback listeners that stand in when nothing else was written.
std::vector<Listener> loopback_listeners(std::uint16_t port);

/// The options as a commented TOML file that loads to the same options (--print-config).
std::string print_toml(const Options& options);
/// docs/options.md from the schema.
std::string print_markdown();
/// docs/migrating-from-mosquitto.md from the table of Mosquitto's directives.
std::string print_mosquitto_markdown();
/// A file in Mosquitto's syntax as TOML: each option with the line that it came from, and what had no effect.
struct Imported {
  std::string toml;               // empty when the file cannot be read
  std::vector<Problem> problems;  // of the file, errors and warnings
};
Imported import_mosquitto(const std::string& path);
/// config/tombo.toml, the file that the package installs.
std::string print_shipped();

/// An option that differs between two configurations, and when the new value takes effect.
struct Change {
  std::string key;   // "limits.queue_messages_max", "listener 127.0.0.1:1883 qos_max"
  std::string from;  // as written in TOML; empty: was not there
  std::string to;
  bool needs_restart = false;
};
std::vector<Change> changes(const Options& running, const Options& wanted);

/// `wanted` as far as it can be taken over without a restart; what needs one keeps its value from `running`.
Options reloadable(const Options& running, const Options& wanted);

/// Keys whose change needs a restart, of those that differ.  (SIGHUP says which.)
std::vector<std::string> needs_restart(const Options& running, const Options& wanted);

}  // namespace tombo::config
