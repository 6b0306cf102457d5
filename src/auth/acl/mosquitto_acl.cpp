#include "auth/acl/mosquitto_acl.hpp"

#include "base/nearest.hpp"
#include "mqtt/utf8.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace tombo::auth::acl {

namespace {

constexpr std::string_view kBlanks = " \t\r\v\f";

/// A line with its number, and how far it was read.
struct Line {
  std::string_view whole;
  int number = 0;
  std::string_view rest;

  int column() const { return static_cast<int>(whole.size() - rest.size()) + 1; }
  void skip_blanks() { rest.remove_prefix(std::min(rest.find_first_not_of(kBlanks), rest.size())); }
  std::string_view word() {
    const std::string_view found = rest.substr(0, rest.find_first_of(kBlanks));
    rest.remove_prefix(found.size());
    skip_blanks();
    return found;
  }
};

struct Access {
  std::string_view word;
  bool allow, publish, read;
};
constexpr std::array<Access, 4> kAccesses{
    {{"read", true, false, true}, {"write", true, true, false}, {"readwrite", true, true, true}, {"deny", false, true, true}}};

const Access* find_access(std::string_view word) {
  const auto found = std::find_if(kAccesses.begin(), kAccesses.end(), [&](const Access& a) { return a.word == word; });
  return found == kAccesses.end() ? nullptr : &*found;
}

class Reader {
 public:
  Reader(RuleBook& book, Complaints& complaints) : book_(book), complaints_(complaints) {
    acl_.anonymous = scope_ = book_.add_scope();
    acl_.patterns = book_.add_scope();
  }

  MosquittoAcl read(std::string_view text) {
    int number = 0;
    while (!text.empty() && !complaints_.full()) {
      const std::string_view whole = text.substr(0, text.find('\n'));
      text.remove_prefix(std::min(whole.size() + 1, text.size()));
      read_line({whole, ++number, whole.substr(0, whole.find_last_not_of(kBlanks) + 1)});
    }
    if (!rules_ && !broken_) complaints_.warning(0, 0, "the file holds no rule: everything is denied to everybody");
    return std::move(acl_);
  }

 private:
  void read_line(Line line) {
    line.whole = line.rest;
    line.skip_blanks();
    if (line.rest.empty() || line.rest.front() == '#') return;
    const int column = line.column();
    const std::string_view directive = line.word();
    if (directive == "user") return read_user(line);
    if (directive == "topic") return read_rule(line, false);
    if (directive == "pattern") return read_rule(line, true);
    constexpr std::array<std::string_view, 3> kDirectives{"user", "topic", "pattern"};
    const std::string_view near = nearest(directive, kDirectives);
    fail(line, column,
         fmt::format("unknown directive '{}'; {}", shown(directive),
                     near.empty() ? "write 'user NAME', 'topic [read|write|readwrite|deny] FILTER' or 'pattern ...'"
                                  : fmt::format("did you mean '{}'?", near)));
  }

  void fail(const Line& line, int column, std::string message) {
    broken_ = true;
    complaints_.error(line.number, column, std::move(message), line.whole);
  }

  void read_user(const Line& line) {
    if (line.rest.empty()) {
      return fail(line, 1, "'user' names nobody; write 'user NAME'; rules for anonymous clients stand before the first user");
    }
    if (!mqtt::is_valid_text(line.rest)) return fail(line, line.column(), "the user name is no UTF-8 text that MQTT allows");
    const auto [known, added] = acl_.users.try_emplace(std::string(line.rest), 0);
    if (added) known->second = book_.add_scope();
    scope_ = known->second;
  }

  void read_rule(Line line, bool pattern) {
    const std::string_view directive = pattern ? "pattern" : "topic";
    const int column = line.column();
    const std::string_view all = line.rest;
    const std::string_view first = line.word();
    const Access* access = find_access(first);
    if (access != nullptr && line.rest.empty()) {
      // Mosquitto takes it for a topic of that name, which "topic deny" hardly means.
      return fail(line, column, fmt::format("'{} {}' names no topic; write '{} {} FILTER'", directive, first, directive, first));
    }
    std::string_view filter = line.rest;
    if (access == nullptr) {
      if (!line.rest.empty()) {
        return fail(
            line, column,
            fmt::format("'{}' is neither read, write, readwrite nor deny; a topic with spaces needs one of them before it",
                        shown(first)));
      }
      access = find_access("readwrite");
      filter = all;
    }
    add(line, filter.empty() ? column : static_cast<int>(line.whole.size() - filter.size()) + 1, *access, filter, pattern);
  }

  void add(const Line& line, int column, const Access& access, std::string_view filter, bool pattern) {
    const Variables variables = pattern ? Variables::whole_level : Variables::none;
    const auto parsed = TemplateFilter::parse(filter, variables);
    if (!parsed) return fail(line, column, parsed.error());
    if (pattern && !parsed->has_variables()) {
      complaints_.warning(line.number, column, "this pattern holds neither %u nor %c: it applies to everybody alike", line.whole);
    }
    if (!pattern && names_variable(filter)) {
      return fail(
          line, column,
          fmt::format("%u and %c are replaced in 'pattern' lines only; write 'pattern {} {}'", access.word, shown(filter)));
    }
    if (access.allow && access.publish && is_below(filter, "$SYS")) {
      complaints_.warning(line.number, column, "nobody may publish below $SYS: only the reading part of this rule has an effect",
                          line.whole);
    }
    Rule rule;
    rule.place = std::make_shared<const std::string>(fmt::format("{}:{}", complaints_.file(), line.number));
    rule.text = line.whole;
    rule.filter = filter;
    rule.variables = variables;
    rule.allow = access.allow;
    rule.publish = access.publish;
    rule.read = access.read;
    rules_ = true;
    if (!book_.add(pattern ? acl_.patterns : scope_, std::move(rule), *parsed)) {
      fail(line, 1, fmt::format("there are more than {} rules", kRulesMax));
    }
  }

  static bool names_variable(std::string_view filter) {
    const std::string levels = "/" + std::string(filter) + "/";
    return levels.find("/%u/") != levels.npos || levels.find("/%c/") != levels.npos;
  }

  RuleBook& book_;
  Complaints& complaints_;
  MosquittoAcl acl_;
  ScopeId scope_;
  bool rules_ = false;
  bool broken_ = false;
};

}  // namespace

MosquittoAcl read_mosquitto_acl(std::string_view text, RuleBook& book, Complaints& complaints) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  return Reader(book, complaints).read(text);
}

}  // namespace tombo::auth::acl
