#include "auth/acl/rule_forest.hpp"

#include "auth/acl/filter_algebra.hpp"
#include "base/hash.hpp"

#include <algorithm>

namespace tombo::auth::acl {

/// One search in one tree.  Recursive: no filter and no topic has more than kTopicLevelsMax levels.
class RuleForest::Walk {
 public:
  Walk(const RuleForest& forest, const Query& query, Listener& listener)
      : forest_(forest), query_(query), listener_(listener), dollar_(query.topic.starts_with('$')) {}

  void go(std::uint32_t node, LevelReader rest, bool first) {
    const Node& at = forest_.nodes_[node];
    const bool wildcards = !(first && dollar_);
    if (wildcards) tell(at.below);
    if (done_) return;
    if (rest.done) return tell(at.here);
    const std::string_view level = rest.next();
    const bool name = query_.relation == Relation::matches;
    if (!name && level == "#") return on_hash(at, first);
    if (wildcards && at.plus != 0) go(at.plus, rest, false);
    if (!name && level == "+") return on_plus(at, rest, first);
    if (const std::uint32_t child = forest_.literal_child(node, level); child != 0) go(child, rest, false);
    for (const VariableChild& next : at.variables) {
      if (done_) return;
      on_variable(next, first, [&](const Level& known, std::string_view value) {
        if (known.is(level, value)) go(next.node, rest, false);
      });
    }
  }

 private:
  void tell(const std::vector<RuleId>& rules) {
    for (const RuleId rule : rules) {
      if (done_) return;
      done_ = listener_.on_rule(rule);
    }
  }

  /// Calls `with` for each value that fits, or takes all below where a rule that denies has none that does.
  template <class With>
  void on_variable(const VariableChild& next, bool first, With with) {
    const Level& level = forest_.variables_[next.variable];
    query_.subject.any_value(level.variable, [&](std::string_view value) {
      if (!fits_in_level(value)) {
        const bool may_mean_it = !first || !dollar_ || value.starts_with('$');
        if (query_.deny && may_mean_it) all_below(next.node, false);
        return done_;
      }
      // A name that begins with '$' opens no topic of the broker's own.
      const bool opens_dollar = first && !query_.deny && level.text.empty() && value.starts_with('$');
      if (!opens_dollar) with(level, value);
      return done_;
    });
  }

  /// The wanted filter ends here with "#".
  void on_hash(const Node& at, bool first) {
    if (query_.relation == Relation::overlaps) return all_below(static_cast<std::uint32_t>(&at - forest_.nodes_.data()), first);
    // "+/#" matches topics of one level, too, so it is as large as "#".
    if (first && at.plus != 0) tell(forest_.nodes_[at.plus].below);
    only_wide_denials(at, first);
  }

  /// The wanted filter has "+" here; the "+" of rules was followed already.
  void on_plus(const Node& at, LevelReader rest, bool first) {
    if (query_.relation != Relation::overlaps) return only_wide_denials(at, first);
    for (const std::uint32_t child : at.literals) {
      if (done_) return;
      if (first && forest_.nodes_[child].name.starts_with('$')) continue;
      go(child, rest, false);
    }
    for (const VariableChild& next : at.variables) {
      if (done_) return;
      on_variable(next, first, [&](const Level&, std::string_view) { go(next.node, rest, false); });
    }
  }

  /// A value that fits covers no wildcard; one that does not is taken for all that it might mean.
  void only_wide_denials(const Node& at, bool first) {
    for (const VariableChild& next : at.variables) on_variable(next, first, [](const Level&, std::string_view) {});
  }

  /// Every rule at and below a node.
  void all_below(std::uint32_t node, bool first) {
    const Node& at = forest_.nodes_[node];
    tell(at.below);
    tell(at.here);
    if (at.plus != 0 && !done_) all_below(at.plus, false);
    for (const std::uint32_t child : at.literals) {
      if (done_) return;
      if (first && forest_.nodes_[child].name.starts_with('$')) continue;
      all_below(child, false);
    }
    for (const VariableChild& next : at.variables) {
      if (done_) return;
      on_variable(next, first, [&](const Level&, std::string_view) { all_below(next.node, false); });
    }
  }

  const RuleForest& forest_;
  const Query& query_;
  Listener& listener_;
  bool dollar_;
  bool done_ = false;
};

RuleForest::RuleForest() : nodes_(1), table_(16) {}

RuleForest::Root RuleForest::plant() {
  return new_node(0, {});
}

std::uint32_t RuleForest::new_node(std::uint32_t parent, std::string_view name) {
  const auto node = static_cast<std::uint32_t>(nodes_.size());
  nodes_.emplace_back();
  nodes_.back().parent = parent;
  nodes_.back().name = name;
  return node;
}

/// Where the child is, or would be.
std::size_t RuleForest::slot_of(std::uint32_t parent, std::string_view name) const {
  const std::size_t mask = table_.size() - 1;
  std::size_t slot = hash_bytes(name, parent) & mask;
  while (table_[slot] != 0 && (nodes_[table_[slot]].parent != parent || nodes_[table_[slot]].name != name))
    slot = (slot + 1) & mask;
  return slot;
}

std::uint32_t RuleForest::literal_child(std::uint32_t node, std::string_view name) const {
  return table_[slot_of(node, name)];
}

void RuleForest::enter(std::uint32_t node) {
  if (2 * ++entered_ > table_.size()) {
    std::vector<std::uint32_t> old(2 * table_.size());
    old.swap(table_);
    for (const std::uint32_t known : old) {
      if (known != 0) table_[slot_of(nodes_[known].parent, nodes_[known].name)] = known;
    }
  }
  table_[slot_of(nodes_[node].parent, nodes_[node].name)] = node;
}

std::uint32_t RuleForest::child_for(std::uint32_t node, const Level& level) {
  if (level.kind == Level::Kind::plus) {
    if (nodes_[node].plus == 0) {
      const std::uint32_t child = new_node(node, {});
      nodes_[node].plus = child;
    }
    return nodes_[node].plus;
  }
  if (level.kind == Level::Kind::text) {
    std::uint32_t child = literal_child(node, level.text);
    if (child != 0) return child;
    child = new_node(node, level.text);
    nodes_[node].literals.push_back(child);
    enter(child);
    return child;
  }
  const auto same = [&](const Level& known) {
    return known.text == level.text && known.suffix == level.suffix && known.variable.kind == level.variable.kind &&
           known.variable.attribute == level.variable.attribute;
  };
  for (const VariableChild& next : nodes_[node].variables) {
    if (same(variables_[next.variable])) return next.node;
  }
  const auto known = std::find_if(variables_.begin(), variables_.end(), same);
  const auto variable = static_cast<std::uint32_t>(known - variables_.begin());
  if (known == variables_.end()) variables_.push_back(level);
  const std::uint32_t child = new_node(node, {});
  nodes_[node].variables.push_back({variable, child});
  return child;
}

void RuleForest::add(Root root, const TemplateFilter& filter, RuleId rule) {
  std::uint32_t node = root;
  for (const Level& level : filter.levels) {
    if (level.kind == Level::Kind::hash) return nodes_[node].below.push_back(rule);
    node = child_for(node, level);
  }
  nodes_[node].here.push_back(rule);
}

void RuleForest::find(Root root, const Query& query, Listener& listener) const {
  if (root == kNoTree) return;
  Walk(*this, query, listener).go(root, {query.topic}, true);
}

}  // namespace tombo::auth::acl
