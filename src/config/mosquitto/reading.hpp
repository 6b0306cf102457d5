#pragma once

#include "config/draft.hpp"
#include "config/mosquitto/directive.hpp"

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tombo::config::mosquitto {

/// One directive as it stands in a file.
struct Line {
  const Directive* directive = nullptr;
  std::string_view name;   // as it is written: "plugin_opt_config_file"
  std::string_view value;  // without blanks around it; may be empty
  Place name_at;
  Place value_at;
};

/// What a listener's lines say that only the whole file can make an option of.
struct ListenerNotes {
  std::optional<Line> identity;  // use_identity_as_username true
  std::optional<Line> subject;   // use_subject_as_username true
  std::optional<Line> psk_hint;
  std::optional<Line> psk_file;
  std::optional<Line> domain;     // socket_domain
  std::optional<Line> anonymous;  // allow_anonymous or listener_allow_anonymous
  bool by_default = false;        // there because options were written for it, not by `listener`
};

/// What a bridge's lines say that only all of them together can make an option of.
struct BridgeNotes {
  Line connection;
  std::optional<Line> clean_session;
  std::optional<Line> local_clean_session;
  std::optional<Line> session_expiry;
};

/// Something that is said once and holds for all listeners.
struct ForAll {
  std::string_view key;
  Raw value;
  Line line;
};

/// A plugin, by its number in the options, and where it is written.
struct PluginLine {
  std::size_t plugin;
  Line line;
};

/// log_dest and log_type, each of which may stand several times.
struct LogNotes {
  std::optional<Line> first_destination, first_type;
  std::vector<std::string> destinations, types;
  bool nowhere = false;  // log_dest none
};

/// Where we are in a file: what its directives belong to.  Each included file begins anew, as Mosquitto has it.
struct Where {
  std::optional<std::size_t> listener;  // none: the default listener
  std::optional<std::size_t> bridge;
  std::optional<std::size_t> plugin;
  int depth = 0;  // of include_dir
};

/// A mosquitto.conf while it is read: the draft, and what is known of where we are.  Lives on: main.
class Reading {
 public:
  Reading(std::string_view text, const std::string& name);

  Draft draft;
  Where where;
  bool per_listener = false;
  bool security_seen = false;                   // something that per_listener_settings would have moved
  std::optional<std::size_t> default_listener;  // made when something is written for it
  std::vector<Line> kept_for_default;           // what does not make one, but holds for it once it is there
  std::vector<ListenerNotes> listeners;         // as in draft.options
  std::vector<BridgeNotes> bridges;
  std::vector<ForAll> for_all;
  std::vector<PluginLine> plugins_for_all;  // global_plugin
  std::vector<PluginLine> plugins_unused;   // plugin_load without plugin_use
  LogNotes log;
  std::optional<Line> persistence, persistence_file, persistence_location, user, psk_file;
  std::optional<Line> queued_messages, queued_bytes, memory;

  /// Reads a file's directives, one after the other.  `file` is its number in the draft.
  void read(std::string_view text, int file);
  /// Keeps a text for as long as the reading lasts, for lines to point into.
  std::string_view keep(std::string text);

  void error(const Line& line, std::string message) { draft.error(line.value_at, std::move(message)); }
  void warning(const Line& line, std::string message) { draft.warning(line.value_at, std::move(message)); }

  /// The listener that directives belong to here; the default one is made where there is none yet.
  std::size_t listener();
  std::size_t add_listener(Place place);
  void make_default_listener();
  ListenerNotes& notes();  // of listener()
  /// The bridge that directives belong to here; none, and an error, before any `connection`.
  std::optional<std::size_t> bridge(const Line& line);

  /// Stores a value in an option; the draft says what is wrong with it.
  void set(Section section, std::string_view key, std::size_t index, const Raw& raw, const Line& line);
  /// Keeps a value for an option that all listeners have.
  void hold_for_all(std::string_view key, const Raw& raw, const Line& line);
  /// As set() for a number, which is moved to the option's nearest bound, with a warning, where it is beyond.
  void set_number(Section section, std::string_view key, std::size_t index, std::uint64_t value, const Line& line);
  /// The same for a text that may be written once only.
  void set_text(Section section, std::string_view key, std::size_t index, const Line& line);

 private:
  void take(Line line);
  bool keep_for_default(const Line& line);
  std::deque<std::string> texts_;
};

/// "limits.in_flight_max" → its row.  Nullptr for a directive that becomes no single option.
const Row* row_of(const Directive& directive);

/// The words of a value, separated by blanks.
std::vector<std::string_view> words_of(std::string_view value);
/// The first word of a value that is one word; more is not read, with a warning, as Mosquitto does without one.
std::string_view only_word(Reading& reading, const Line& line);
/// true, false, 1 or 0; an error for anything else.
std::optional<bool> flag_of(Reading& reading, const Line& line);
/// A whole number between the directive's bounds; an error for anything else.
std::optional<std::int64_t> number_of(Reading& reading, const Line& line);
std::optional<std::int64_t> parse_number(std::string_view word);

/// What holds in Mosquitto where nothing is written.
void set_mosquitto_defaults(Options& options);
/// Makes options of what only the whole file tells, and looks for conflicts.
void finish(Reading& reading);
void finish_listeners(Reading& reading);
void finish_log(Reading& reading);
void finish_persistence(Reading& reading);
void finish_process(Reading& reading);
void finish_bridges(Reading& reading);

/// Reads what include_dir names, in Mosquitto's order.
void take_include_dir(Reading& reading, const Line& line);

/// A message of the checks that both syntaxes share, with the names of directives in place of those of a TOML file.
std::string in_mosquitto_words(std::string message);

/// Reads all of it; the options and problems are in the reading's draft.
void read_all(Reading& reading, std::string_view text);

}  // namespace tombo::config::mosquitto
