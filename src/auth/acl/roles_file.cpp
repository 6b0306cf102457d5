#include "auth/acl/roles_file.hpp"

#include "base/nearest.hpp"
#include "config/toml_library.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace tombo::auth::acl {

namespace {

struct Name {
  std::string text;
  toml::source_region place;
};

/// A table of the file whose keys are asked for one by one; what nobody asked for is a mistake.
class Table {
 public:
  Table(const toml::table& table, std::string_view title, std::vector<std::string_view> keys)
      : table_(table), title_(title), keys_(std::move(keys)) {}

  const toml::node* find(std::string_view key) const { return table_.get(key); }
  const toml::table& toml() const { return table_; }
  std::string_view title() const { return title_; }
  const std::vector<std::string_view>& keys() const { return keys_; }

 private:
  const toml::table& table_;
  std::string_view title_;
  std::vector<std::string_view> keys_;
};

class Reader {
 public:
  Reader(std::string_view text, RuleBook& book, Complaints& complaints) : book_(book), complaints_(complaints) {
    while (!text.empty()) {
      const std::string_view line = text.substr(0, text.find('\n'));
      lines_.push_back(line);
      text.remove_prefix(std::min(line.size() + 1, text.size()));
    }
  }

  Roles read(const toml::table& document) {
    for (const auto& [key, node] : document) {
      const std::string_view name = key.str();
      if (name != "role" && name != "user" && name != "group" && name != "default") unknown_section(name, key.source());
    }
    each(document, "role", [&](const toml::table& table) { read_role(table); });
    each(document, "group", [&](const toml::table& table) { read_group(table); });
    each(document, "user", [&](const toml::table& table) { read_user(table); });
    read_default(document);
    if (roles_.everybody.empty() && roles_.anonymous.empty() && roles_.authenticated.empty() && roles_.users.empty() &&
        roles_.groups.empty() && !broken_) {
      complaints_.warning(0, 0, "the file gives nobody a role: everything is denied to everybody");
    }
    return std::move(roles_);
  }

  void fail(const toml::source_region& place, std::string message) {
    broken_ = true;
    complaints_.error(line_of(place), static_cast<int>(place.begin.column), std::move(message), source(place));
  }

 private:
  static int line_of(const toml::source_region& place) { return static_cast<int>(place.begin.line); }
  std::string_view source(const toml::source_region& place) const {
    const std::size_t line = place.begin.line;
    if (line == 0 || line > lines_.size()) return {};
    std::string_view text = lines_[line - 1];
    if (text.ends_with('\r')) text.remove_suffix(1);
    return text;
  }

  void unknown_section(std::string_view name, const toml::source_region& place) {
    fail(place, fmt::format("unknown section '{}'; write [[role]], [[user]], [[group]] or [default]", shown(name)));
  }

  template <class Read>
  void each(const toml::table& document, std::string_view name, Read read) {
    const toml::node* node = document.get(name);
    if (node == nullptr) return;
    const toml::array* array = node->as_array();
    if (array == nullptr) {
      return fail(node->source(),
                  fmt::format("a {} is written [[{}]], with two pairs of brackets: there may be several", name, name));
    }
    for (const toml::node& entry : *array) {
      if (entry.is_table()) {
        read(*entry.as_table());
      } else {
        fail(entry.source(), fmt::format("a {} is written [[{}]] with keys below it", name, name));
      }
    }
  }

  void check_keys(const Table& table) {
    for (const auto& [key, node] : table.toml()) {
      const std::string_view name = key.str();
      if (std::find(table.keys().begin(), table.keys().end(), name) != table.keys().end()) continue;
      const std::string_view near = nearest(name, table.keys());
      fail(key.source(), fmt::format("unknown key '{}' in {}; {}", shown(name), table.title(),
                                     near.empty() ? fmt::format("it knows {}", fmt::join(table.keys(), ", "))
                                                  : fmt::format("did you mean '{}'?", near)));
    }
  }

  /// The table's name, which it must have and no other of its kind.
  std::string name_of(const Table& table, ByName<bool>& taken) {
    const toml::node* node = table.find("name");
    if (node == nullptr) {
      fail(table.toml().source(), fmt::format("this {} has no name; write name = \"...\"", table.title()));
      return {};
    }
    if (!node->is_string() || node->as_string()->get().empty()) {
      fail(node->source(), "a name is a text in quotes that is not empty");
      return {};
    }
    const std::string& name = node->as_string()->get();
    if (!taken.try_emplace(name, true).second) {
      fail(node->source(), fmt::format("there is a {} '{}' already; write all of it there", table.title(), shown(name)));
      return {};
    }
    return name;
  }

  std::vector<Name> names_in(const Table& table, std::string_view key) {
    std::vector<Name> names;
    const toml::node* node = table.find(key);
    if (node == nullptr) return names;
    if (!node->is_array()) {
      fail(node->source(), fmt::format("{} is a list of texts: write {} = [\"...\"]", key, key));
      return names;
    }
    for (const toml::node& entry : *node->as_array()) {
      if (entry.is_string()) {
        names.push_back({entry.as_string()->get(), entry.source()});
      } else {
        fail(entry.source(), fmt::format("{} is a list of texts in quotes", key));
      }
    }
    return names;
  }

  void read_role(const toml::table& toml) {
    const Table table(toml, "[[role]]", {"name", "publish", "subscribe", "deny_publish", "deny_subscribe", "retain", "qos_max"});
    check_keys(table);
    const std::string name = name_of(table, role_names_);
    const ScopeId scope = book_.add_scope();
    if (!name.empty()) scopes_[name] = scope;
    Rule rule;
    rule.retain = flag(table, "retain", true);
    rule.qos_max = static_cast<mqtt::Qos>(qos(table));
    const auto add = [&](std::string_view key, bool publish, bool allow) {
      rule.publish = publish;
      rule.read = !publish;
      rule.allow = allow;
      for (const Name& filter : names_in(table, key)) add_rule(scope, rule, filter);
    };
    add("publish", true, true);
    add("subscribe", false, true);
    add("deny_publish", true, false);
    add("deny_subscribe", false, false);
  }

  bool flag(const Table& table, std::string_view key, bool usual) {
    const toml::node* node = table.find(key);
    if (node == nullptr) return usual;
    if (node->is_boolean()) return node->as_boolean()->get();
    fail(node->source(), fmt::format("{} is true or false, without quotes", key));
    return false;
  }

  std::int64_t qos(const Table& table) {
    const toml::node* node = table.find("qos_max");
    if (node == nullptr) return 2;
    const std::int64_t number = node->is_integer() ? node->as_integer()->get() : -1;
    if (number >= 0 && number <= 2) return number;
    fail(node->source(), "qos_max is 0, 1 or 2");
    return 0;
  }

  void add_rule(ScopeId scope, Rule rule, const Name& filter) {
    const auto parsed = TemplateFilter::parse(filter.text, Variables::in_level);
    if (!parsed) return fail(filter.place, parsed.error());
    if (rule.allow && rule.publish && is_below(filter.text, "$SYS")) {
      complaints_.warning(line_of(filter.place), static_cast<int>(filter.place.begin.column),
                          "nobody may publish below $SYS: this rule has no effect", source(filter.place));
    }
    rule.place = std::make_shared<const std::string>(fmt::format("{}:{}", complaints_.file(), line_of(filter.place)));
    std::string_view text = source(filter.place);
    text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
    rule.text = text;
    rule.filter = filter.text;
    rule.variables = Variables::in_level;
    if (!book_.add(scope, std::move(rule), *parsed)) fail(filter.place, fmt::format("there are more than {} rules", kRulesMax));
  }

  std::vector<ScopeId> roles_named(const Table& table, std::string_view key) {
    std::vector<ScopeId> scopes;
    for (const Name& name : names_in(table, key)) {
      const auto known = scopes_.find(name.text);
      if (known != scopes_.end()) {
        scopes.push_back(known->second);
        continue;
      }
      std::vector<std::string_view> names;
      for (const auto& [role, scope] : scopes_) names.push_back(role);
      const std::string_view near = nearest(name.text, names);
      const std::string advice = near.empty() ? "write a [[role]] of that name" : fmt::format("did you mean '{}'?", near);
      fail(name.place, fmt::format("there is no role '{}'; {}", shown(name.text), advice));
    }
    return scopes;
  }

  static void append(std::vector<ScopeId>& to, const std::vector<ScopeId>& more) {
    for (const ScopeId scope : more) {
      if (std::find(to.begin(), to.end(), scope) == to.end()) to.push_back(scope);
    }
  }

  void read_group(const toml::table& toml) {
    const Table table(toml, "[[group]]", {"name", "roles", "users"});
    check_keys(table);
    const std::string name = name_of(table, group_names_);
    const std::vector<ScopeId> scopes = roles_named(table, "roles");
    for (const Name& user : names_in(table, "users")) append(roles_.users[user.text], scopes);
    if (!name.empty()) append(roles_.groups[name], scopes);
  }

  void read_user(const toml::table& toml) {
    const Table table(toml, "[[user]]", {"name", "roles", "groups"});
    check_keys(table);
    const std::string name = name_of(table, user_names_);
    std::vector<ScopeId> scopes = roles_named(table, "roles");
    for (const Name& group : names_in(table, "groups")) {
      const auto known = roles_.groups.find(group.text);
      if (known != roles_.groups.end()) {
        append(scopes, known->second);
      } else {
        fail(group.place,
             fmt::format("there is no group '{}'; write a [[group]] of that name with its roles", shown(group.text)));
      }
    }
    if (!name.empty()) append(roles_.users[name], scopes);
  }

  void read_default(const toml::table& document) {
    const toml::node* node = document.get("default");
    if (node == nullptr) return;
    if (!node->is_table()) return fail(node->source(), "the section [default] is there once: write it with single brackets");
    const Table table(*node->as_table(), "[default]", {"roles", "anonymous", "authenticated"});
    check_keys(table);
    roles_.everybody = roles_named(table, "roles");
    roles_.anonymous = roles_named(table, "anonymous");
    roles_.authenticated = roles_named(table, "authenticated");
  }

  RuleBook& book_;
  Complaints& complaints_;
  Roles roles_;
  std::vector<std::string_view> lines_;
  ByName<ScopeId> scopes_;
  ByName<bool> role_names_, group_names_, user_names_;
  bool broken_ = false;
};

}  // namespace

Roles read_roles(std::string_view text, RuleBook& book, Complaints& complaints) {
  Reader reader(text, book, complaints);
  const toml::parse_result parsed = toml::parse(text, std::string_view{complaints.file()});
  if (parsed) return reader.read(parsed.table());
  reader.fail(parsed.error().source(), fmt::format("this is no valid TOML: {}", parsed.error().description()));
  return {};
}

}  // namespace tombo::auth::acl
