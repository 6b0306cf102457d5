#pragma once

#include "config/options.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace tombo::config {

/// A group of options: one struct in options.hpp, one table in a TOML file.
enum class Section : std::uint8_t { top, listener, limits, mqtt, persistence, redirect, sys, log, control,
                                    auth, passwords, jwt, http, scram, ldap, sql, acl, defence, plugin, bridge };

struct SectionInfo {
  Section section;
  std::string_view name;     // "limits"
  std::string_view title;    // "[limits]" as it is written, "the top of the file" for top
  std::string_view summary;  // what its options are about, one sentence
  bool repeated = false;     // [[section]]: there may be several
};

/// When a changed option takes effect after SIGHUP.
enum class Reload : std::uint8_t { live, new_connections, restart };

/// How a value is written and checked.  A size is a number that may be written "256MiB".
enum class Type : std::uint8_t { flag, number, size, text, choice, list };

/// The value of any option, whatever format it was read from.  A choice is the text of its name.
using Value = std::variant<bool, std::uint64_t, std::string, std::vector<std::string>>;

/// Everything the broker knows about one option.  Readers of all formats, --test-config, --print-config,
/// docs/options.md and the reload follow from the rows; adding an option is a field and a row.
/// Lives on: any thread (immutable).
struct Row {
  Section section;
  std::string_view key;
  Type type;
  std::uint64_t min;  // numbers: smallest value; texts: shortest length; lists: fewest entries
  std::uint64_t max;
  Reload reload;
  std::string_view what;  // one sentence for the operator
  /// Reads and writes the field in the struct of its section.
  Value (*get)(const void* section);
  void (*set)(void* section, const Value& value);
  std::span<const std::string_view> choices;  // for texts and choices that take only these
  std::string_view word;                      // a word that stands for a number, for example "never"
  std::uint64_t word_value = 0;

  constexpr Row with_word(std::string_view w, std::uint64_t number) const {
    Row row = *this;
    row.word = w;
    row.word_value = number;
    return row;
  }
  constexpr Row one_of(std::span<const std::string_view> names) const {
    Row row = *this;
    row.choices = names;
    return row;
  }
};

/// All options, section by section in the order of options.hpp.
std::span<const Row> rows();
std::span<const SectionInfo> sections();
const SectionInfo& info_of(Section section);
std::string_view name_of(Reload reload);

/// nullptr when there is no such option.
const Row* find_row(Section section, std::string_view key);

/// The struct that the rows of a section read and write; `index` counts only where sections are repeated.
void* object_of(Options& options, Section section, std::size_t index);
const void* object_of(const Options& options, Section section, std::size_t index);
/// How many there are of a section: 1 where it is not repeated.
std::size_t count_of(const Options& options, Section section);
/// Makes another of a repeated section; returns its index.
std::size_t add_to(Options& options, Section section);

/// What the field holds when nobody writes it.
Value default_of(const Row& row);

}  // namespace tombo::config
