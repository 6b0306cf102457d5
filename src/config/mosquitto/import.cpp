#include "config/load.hpp"

#include "config/mosquitto/reading.hpp"
#include "config/mosquitto/recognise.hpp"
#include "config/mosquitto/utf8.hpp"
#include "config/read_file.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tombo::config {

namespace {

using mosquitto::Reading;

/// As a comment may hold it: TOML wants UTF-8 without control characters.
std::string for_comment(std::string_view text) {
  std::string out{text};
  if (mosquitto::is_utf8(text)) return out;
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7F) c = '?';
  }
  return out;
}

/// Where an option comes from: "mosquitto.conf:12: max_qos".
std::string origin(const Draft& draft, const Row& row, std::size_t index) {
  const auto found = draft.places().find({row.section, index, std::string{row.key}});
  if (found == draft.places().end() || found->second.line == 0) return "as Mosquitto has it where nothing is written";
  std::string_view line = draft.line(found->second);
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  return for_comment(fmt::format("{}:{}: {}", draft.file_name(found->second.file), found->second.line,
                                 line.substr(0, line.find_first_of(" \t"))));
}

void print_section(std::string& out, const Draft& draft, const SectionInfo& info, std::size_t index) {
  const void* object = object_of(draft.options, info.section, index);
  std::string body;
  for (const Row& row : rows()) {
    if (row.section != info.section) continue;
    const Value value = row.get(object);
    if (value == default_of(row) && !draft.given(row.section, row.key, index)) continue;
    body += fmt::format("{} = {}  # {}\n", row.key, to_toml(row, value), origin(draft, row, index));
  }
  if (body.empty() && !info.repeated) return;
  out += info.section == Section::top ? "\n" : fmt::format("\n{}\n", info.title);
  out += body;
}

std::string print(const Draft& draft) {
  std::string out = fmt::format(
      "# Made from {} by tomboctl import.  What is not written here has tombo's default, which docs/options.md\n"
      "# tells and tombo --print-config shows.\n",
      for_comment(draft.name()));
  if (!draft.problems.empty()) out += "#\n# What had no effect, was refused or is to be looked at:\n";
  for (const Problem& problem : draft.problems) {
    const std::string_view kind = problem.severity == Problem::Severity::error ? "error" : "warning";
    out += for_comment(fmt::format("# {}:{}: {}: {}", problem.file, problem.line, kind, problem.message)) + "\n";
  }
  for (const SectionInfo& info : sections()) {
    const std::size_t count = count_of(draft.options, info.section);
    for (std::size_t i = 0; i < count; ++i) print_section(out, draft, info, i);
  }
  return out;
}

}  // namespace

Imported import_mosquitto(const std::string& path) {
  std::string text;
  std::string why_not;
  if (!read_file(path, text, why_not)) return {{}, {{Problem::Severity::error, path, 0, 0, why_not, {}}}};
  if (recognise_syntax(text, path) == Syntax::toml) {
    return {{},
            {{Problem::Severity::error,
              path,
              0,
              0,
              "this is no file for Mosquitto but TOML, which tombo reads as it is",
              {}}}};
  }
  Reading reading{text, path};
  mosquitto::read_all(reading, text);
  std::string toml = print(reading.draft);
  return {std::move(toml), finished(std::move(reading.draft), true).problems};
}

}  // namespace tombo::config
