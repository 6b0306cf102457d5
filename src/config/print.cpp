#include "config/draft.hpp"
#include "config/load.hpp"

#include <fmt/format.h>

namespace tombo::config {

namespace {

constexpr std::size_t kLineWidth = 100;

/// Appends a text as comment lines.
void comment(std::string& out, std::string_view text) {
  while (text.size() + 2 > kLineWidth) {
    const std::size_t gap = text.rfind(' ', kLineWidth - 2);
    if (gap == std::string_view::npos) break;
    out += fmt::format("# {}\n", text.substr(0, gap));
    text.remove_prefix(gap + 1);
  }
  out += fmt::format("# {}\n", text);
}

/// What a value may be and when a change takes effect: "(between 1 and 65535; changes need a restart)".
std::string conditions(const Row& row) {
  const std::string bounds = bounds_of(row);
  const std::string_view when = row.reload == Reload::restart           ? "changes need a restart"
                                : row.reload == Reload::new_connections ? "changes hold for new connections"
                                                                        : "changes hold at once";
  return bounds.empty() ? fmt::format("({})", when) : fmt::format("({}; {})", bounds, when);
}

/// One struct with its values; what has its default is written as a comment.
void print_section(std::string& out, const SectionInfo& section, const void* object) {
  out += "\n";
  if (section.section != Section::top) {
    comment(out, section.summary);
    out += fmt::format("{}\n", section.title);
  }
  bool first = true;
  for (const Row& row : rows()) {
    if (row.section != section.section) continue;
    const Value value = row.get(object);
    if (!first) out += "\n";
    first = false;
    comment(out, fmt::format("{} {}", row.what, conditions(row)));
    out += fmt::format("{}{} = {}\n", value == default_of(row) ? "# " : "", row.key, to_toml(row, value));
  }
}

std::string print_with_heading(const Options& options, std::string_view heading) {
  std::string out;
  for (std::size_t end = 0; !heading.empty(); heading.remove_prefix(end)) {
    end = heading.find('\n') + 1;
    out += "# ";
    out += heading.substr(0, end);
  }
  for (const SectionInfo& section : sections()) {
    const std::size_t count = count_of(options, section.section);
    for (std::size_t i = 0; i < count; ++i)
      print_section(out, section, object_of(options, section.section, i));
  }
  return out;
}

/// What the quickstart runs: reachable from other machines, open to everybody.
Options shipped() {
  Options options;
  options.allow_anonymous = true;
  Listener everywhere;
  everywhere.address = "*";
  options.listeners.push_back(everywhere);
  options.persistence.directory = "/var/lib/tombo";
  return options;
}

std::string markdown_default(const Row& row) {
  const Value value = default_of(row);
  return fmt::format("`{}`", to_toml(row, value));
}

}  // namespace

std::string print_toml(const Options& options) {
  return print_with_heading(
      options,
      "The configuration of tombo.  An option behind # has its default.\n"
      "tombo --test-config -c FILE checks a file, docs/operations.md tells the rest.\n");
}

std::string print_shipped() {
  return print_with_heading(
      shipped(),
      "The configuration that comes with tombo: every option, those behind # with their defaults.\n"
      "It listens on every address of this machine and lets everybody in (allow_anonymous below),\n"
      "which suits a first try and a closed network, not the internet.\n"
      "tombo --test-config -c FILE checks a file after a change, SIGHUP makes a running tombo read it "
      "again.\n");
}

std::string print_markdown() {
  std::string out =
      "# Options\n\n"
      "Every option of tombo.toml.  This page is generated from the same table that the loader uses\n"
      "(`tombo --print-options-markdown`); a test keeps it true.\n\n"
      "Times are whole numbers in the unit at the end of the key.  Sizes are bytes, or a text with a unit:\n"
      "`\"64KiB\"`, `\"256MiB\"`, `\"1GiB\"` (1024-based), `\"64KB\"`, `\"1MB\"`, `\"1GB\"` (1000-based).\n\n"
      "What SIGHUP does with a changed option: *live* holds at once, *new connections* holds for clients "
      "that\n"
      "connect from then on, *restart* keeps the old value and says so in the log.\n";
  for (const SectionInfo& section : sections()) {
    out += section.section == Section::top ? "\n## Top of the file\n\n"
                                           : fmt::format("\n## {}\n\n", section.title);
    out += fmt::format("{}\n\n| key | default | allowed | reload | meaning |\n|---|---|---|---|---|\n",
                       section.summary);
    for (const Row& row : rows()) {
      if (row.section != section.section) continue;
      out += fmt::format("| `{}` | {} | {} | {} | {} |\n", row.key, markdown_default(row), bounds_of(row),
                         name_of(row.reload), row.what);
    }
  }
  return out;
}

}  // namespace tombo::config
