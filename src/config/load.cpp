#include "config/load.hpp"

#include "config/mosquitto_hint.hpp"
#include "config/toml_reader.hpp"

#include <fmt/format.h>

#include <sys/stat.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace tombo::config {

namespace {

constexpr std::size_t kFileBytesMax = 1024 * 1024;  // a longer one is not what the operator meant

/// The whole file, or why it cannot be read.
bool read_file(const std::string& path, std::string& text, std::string& why_not) {
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) {
    why_not = "this is a directory; name a file in it";
    return false;
  }
  const auto close = [](std::FILE* open_file) { return std::fclose(open_file); };
  const std::unique_ptr<std::FILE, decltype(close)> file{std::fopen(path.c_str(), "re"), close};
  if (!file) {
    why_not = fmt::format("cannot read this file: {}", std::strerror(errno));
    return false;
  }
  std::array<char, 16 * 1024> buffer;
  while (const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), file.get())) {
    text.append(buffer.data(), got);
    if (text.size() <= kFileBytesMax) continue;
    why_not = fmt::format("this file is longer than {} bytes and so no configuration", kFileBytesMax);
    return false;
  }
  if (std::ferror(file.get()) == 0) return true;
  why_not = fmt::format("cannot read this file: {}", std::strerror(errno));
  return false;
}

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

Loaded finish(Draft draft, bool listeners_given) {
  std::stable_sort(draft.problems.begin(), draft.problems.end(), [](const Problem& a, const Problem& b) {
    return std::pair{a.line, a.column} < std::pair{b.line, b.column};
  });
  return {std::move(draft.options), std::move(draft.problems), listeners_given};
}

}  // namespace

bool Loaded::ok() const {
  return std::none_of(problems.begin(), problems.end(),
                      [](const Problem& problem) { return problem.severity == Problem::Severity::error; });
}

Loaded load_file(const std::string& path) {
  std::string text;
  std::string why_not;
  if (read_file(path, text, why_not)) return load_toml(text, path);
  Draft draft{{}, path};
  draft.error({}, std::move(why_not));
  return finish(std::move(draft), false);
}

Loaded load_toml(std::string_view text, const std::string& name) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);  // a byte order mark, as some editors leave it
  Draft draft{text, name};
  if (const auto hint = recognise_mosquitto(text)) {
    draft.error({hint->line, 1}, hint->message);
    return finish(std::move(draft), false);
  }
  read_toml(text, draft);
  check(draft);
  const bool listeners_given = !draft.options.listeners.empty();
  const bool syntax_is_fine = draft.problems.empty();
  // After an error these would blame the operator for what was only not understood.
  if (syntax_is_fine || listeners_given) add_listeners_if_none(draft);
  if (syntax_is_fine) warn_if_nobody_may_connect(draft);
  return finish(std::move(draft), listeners_given);
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
