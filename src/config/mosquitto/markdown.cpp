#include "config/load.hpp"

#include "config/mosquitto/directive.hpp"

#include <fmt/format.h>

#include <array>
#include <cctype>

namespace tombo::config {

namespace {

using mosquitto::Directive;
using mosquitto::Scope;

constexpr std::string_view kHead =
    "# Migrating from Mosquitto\n\n"
    "`tombo -c /etc/mosquitto/mosquitto.conf` takes the file as it is; `tombo --test-config -c FILE` tells before a "
    "start what it\n"
    "makes of it.  `tomboctl import FILE -o tombo.toml` writes the same as TOML, each option with the line that it "
    "came from.\n"
    "The syntax is recognised by the content of the file.  Password files, `acl_file`, `psk_file`, plugins and a "
    "`mosquitto.db` are\n"
    "used where they lie.\n\n"
    "Below is every directive of Mosquitto 2.0 and 2.1, and those that older versions had.  The table is generated "
    "from the one\n"
    "that the loader works by (`tombo --print-mosquitto-markdown`); a test keeps it true.  No directive is passed over "
    "in silence:\n\n"
    "- *honoured*: the option in the third column gets the value.\n"
    "- *in part*: the same, with a warning for what cannot be had.\n"
    "- *no effect*: accepted with a warning that says why.\n"
    "- *refused*: an error with its line and what to use instead; where that is said of a switch, of `true` only.\n\n"
    "An unknown directive is an error that names the nearest one.\n\n"
    "## What holds where nothing is written\n\n"
    "A file in this syntax brings Mosquitto's defaults, not tombo's:\n\n"
    "- Without a `listener`: the loopback addresses, port 1883, anonymous clients may connect.  With one: they may "
    "not, unless\n"
    "  `allow_anonymous true` says so.\n"
    "- `max_inflight_messages` 20, `max_queued_messages` 1000, `max_topic_alias` 10, `sys_interval` 10; no limit on "
    "queued bytes,\n"
    "  retained messages and the length of packets; sessions never expire.\n"
    "- Lines go to stderr in Mosquitto's wording, with the time in seconds since 1970.\n"
    "- Nothing survives a restart without `persistence true`.\n"
    "- A broker that is started as root becomes `mosquitto`, or `nobody` where there is no such user.\n"
    "- A directive of a listener that stands above every `listener` opens the default listener, on port 1883 of all "
    "addresses.\n\n"
    "What Mosquitto has no directive for keeps tombo's defaults: the ceiling of memory, the longest CONNECT, and the "
    "waiting times\n"
    "of [defence] for those who fail to log in or connect again and again.\n\n"
    "## Files\n\n"
    "A value goes to the end of its line; `true`, `false` and numbers end at a blank, and what follows is not read "
    "(with a\n"
    "warning).  A comment stands on a line of its own.  Tabs may stand for blanks.  `include_dir` counts in the main "
    "file; each\n"
    "file that it names begins with the default listener and no bridge, and the file that names it goes on where it "
    "was.\n";

struct Part {
  std::string_view title;
  std::array<Scope, 2> scopes;
};
constexpr auto kParts =
    std::to_array<Part>({{"The broker", {Scope::global, Scope::listeners}},
                         {"Who may come in, and what they may do", {Scope::security, Scope::plugin}},
                         {"Listeners", {Scope::listener, Scope::listener}},
                         {"Bridges", {Scope::bridge, Scope::bridge}}});

/// What the page says of a directive: a sentence, whether or not it goes on after a colon in messages.
std::string sentence(const Directive& directive) {
  std::string text{directive.what};
  const bool begins_with_a_name = text.substr(0, text.find(' ')).find('_') != std::string::npos;
  if (!begins_with_a_name) text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text;
}

std::string options_of(const Directive& directive) {
  std::string text;
  for (std::string_view rest = directive.becomes; !rest.empty();) {
    const std::size_t comma = rest.find(", ");
    text += fmt::format("{}`{}`", text.empty() ? "" : ", ", rest.substr(0, comma));
    rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 2);
  }
  return text;
}

}  // namespace

std::string print_mosquitto_markdown() {
  std::string out{kHead};
  for (const Part& part : kParts) {
    out += fmt::format("\n## {}\n\n| directive | value | becomes | fate | holds for | |\n|---|---|---|---|---|---|\n",
                       part.title);
    for (const Directive& directive : mosquitto::directives()) {
      if (directive.scope != part.scopes[0] && directive.scope != part.scopes[1]) continue;
      out += fmt::format("| `{}` | {} | {} | {} | {} | {} |\n", directive.name, directive.value, options_of(directive),
                         name_of(directive.fate), name_of(directive.scope), sentence(directive));
    }
  }
  return out;
}

}  // namespace tombo::config
