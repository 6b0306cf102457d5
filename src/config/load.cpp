#include "config/load.hpp"

#include "config/draft.hpp"
#include "config/mosquitto/recognise.hpp"
#include "config/read_file.hpp"
#include "config/toml_reader.hpp"

#include <algorithm>

namespace tombo::config {

namespace {

void add_listeners_if_none(Draft& draft) {
  if (!draft.options.listeners.empty()) return;
  draft.options.listeners = loopback_listeners(Listener{}.port);
  draft.warning({}, "no [[listener]] is given: listening on the loopback addresses only");
}

/// Without backends, a broker that refuses anonymous clients refuses everybody.
void warn_if_nobody_may_connect(Draft& draft) {
  if (somebody_may_connect(draft.options)) return;
  draft.warning(draft.place_of(Section::top, "allow_anonymous"),
                "nobody can connect: anonymous clients are not allowed and there is no other way in; "
                "name backends in [auth], or write allow_anonymous = true at the top of the file to let everybody in");
}

}  // namespace

bool Loaded::ok() const {
  return std::none_of(problems.begin(), problems.end(),
                      [](const Problem& problem) { return problem.severity == Problem::Severity::error; });
}

Loaded load_file(const std::string& path, Syntax syntax) {
  std::string text;
  std::string why_not;
  if (read_file(path, text, why_not)) return load_text(text, path, syntax);
  Draft draft{{}, path};
  if (syntax != Syntax::by_content) draft.syntax = syntax;
  draft.error({}, std::move(why_not));
  return finished(std::move(draft), false);
}

Loaded load_text(std::string_view text, const std::string& name, Syntax syntax) {
  if (syntax == Syntax::by_content) syntax = recognise_syntax(text, name);
  return syntax == Syntax::mosquitto ? load_mosquitto(text, name) : load_toml(text, name);
}

Loaded load_toml(std::string_view text, const std::string& name) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);  // a byte order mark, as some editors leave it
  Draft draft{text, name};
  read_toml(text, draft);
  check(draft);
  const bool listeners_given = !draft.options.listeners.empty();
  const bool syntax_is_fine = draft.problems.empty();
  // After an error these would blame the operator for what was only not understood.
  if (syntax_is_fine || listeners_given) add_listeners_if_none(draft);
  if (syntax_is_fine) warn_if_nobody_may_connect(draft);
  return finished(std::move(draft), listeners_given);
}

std::vector<Listener> loopback_listeners(std::uint16_t port) {
  std::vector<Listener> both(2);
  both[0].address = "127.0.0.1";
  both[1].address = "::1";
  both[0].port = both[1].port = port;
  return both;
}

Options without_file(std::uint16_t port) {
  Options options;
  options.allow_anonymous = true;
  options.listeners = loopback_listeners(port);
  return options;
}

}  // namespace tombo::config
