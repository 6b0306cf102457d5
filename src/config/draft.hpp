#pragma once

#include "config/load.hpp"
#include "config/problem.hpp"
#include "config/schema.hpp"

#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>
#include <vector>

namespace tombo::config {

/// Where something stands in a file.  Line 0: the file as a whole.
struct Place {
  int line = 0;
  int column = 0;
  int file = 0;  // 0: the one that was asked for; others are those that it includes
};

/// A value as it was written, before it is known whether its option can take it.
struct Raw {
  /// Something that no option takes, in words: "a table", "the number 1.5".
  struct Unusable {
    std::string what;
  };
  std::variant<bool, std::int64_t, std::string, std::vector<std::string>, Unusable> value;
};

/// Options while they are read, with everything that was wrong so far.  What the readers of all formats
/// share: they find out which option is meant and how the value is written; the draft checks it against the
/// option's row. Lives on: main.
class Draft {
 public:
  Draft(std::string_view text, std::string name);

  /// Which of the options: the key, and of a repeated section which one (an empty key is the section itself).
  using Key = std::tuple<Section, std::size_t, std::string>;

  Options options;
  std::vector<Problem> problems;
  Syntax syntax = Syntax::toml;

  /// Another file that this one includes; its number for Place::file.
  int add_file(std::string_view text, std::string name);
  const std::string& file_name(int file) const { return files_[static_cast<std::size_t>(file)].name; }

  void error(Place place, std::string message) { add(Problem::Severity::error, place, std::move(message)); }
  void warning(Place place, std::string message) { add(Problem::Severity::warning, place, std::move(message)); }

  /// Stores a value if its row allows it, otherwise adds what is wrong.
  void assign(const Row& row, std::size_t listener, const Raw& raw, Place key, Place value);
  /// Adds "unknown key" with the option that was probably meant.
  void unknown_key(Section section, std::string_view key, Place place);

  bool given(Section section, std::string_view key, std::size_t listener = 0) const;
  /// Where an option was written; the listener or the whole file when it was not.
  Place place_of(Section section, std::string_view key, std::size_t listener = 0) const;
  /// Begins another of a repeated section, which stands at `place`.
  std::size_t add_section(Section section, Place place);

  std::string_view line(Place place) const;
  const std::string& name() const { return files_.front().name; }
  const std::map<Key, Place>& places() const { return places_; }

 private:
  struct File {
    std::string name;
    std::vector<std::string> lines;
  };
  void add(Problem::Severity severity, Place place, std::string message);

  std::vector<File> files_;
  std::map<Key, Place> places_;  // a repeated section itself under an empty key
};

/// What was read, its problems in the order in which they stand in the files.
Loaded finished(Draft draft, bool listeners_given);

/// Finds conflicts between options and values that only a closer look shows to be wrong.
void check(Draft& draft);
/// The part of it that asks who may come in.
void check_auth(Draft& draft);
void check_listeners(Draft& draft);
/// Whether any listener has a way in: anonymously, by a backend or proved by its transport.
bool somebody_may_connect(const Options& options);

/// "256MiB" → 268435456; nothing for what is no size.
bool parse_size(std::string_view text, std::uint64_t& bytes);

/// As it is written in a TOML file: true, 1883, "256MiB", ["stdout"].
std::string to_toml(const Row& row, const Value& value);

/// "between 1 and 65535", "one of text, json"; empty for what has no bounds to tell.
std::string bounds_of(const Row& row);

}  // namespace tombo::config
