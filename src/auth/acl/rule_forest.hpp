#pragma once

#include "auth/acl/subject.hpp"
#include "auth/acl/template_filter.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tombo::auth::acl {

using RuleId = std::uint32_t;

/// How the filter of a rule is compared with what a client asks for.
enum class Relation : std::uint8_t {
  matches,  // a topic name is matched by it
  covers,   // whatever the wanted filter matches is matched by it
  overlaps  // something that the wanted filter matches is matched by it
};

/// Trees of topic filters with rules at their ends.  Everything is found in a walk down the levels, however many rules
/// there are; the literal children of all nodes are in one hash table.
///
/// A variable is compared with the subject's value as it is, never as a pattern.  Where a value does not fit into a level,
/// a rule that allows does not apply; one that denies applies to everything that it might mean.
/// Built by one thread, then immutable: find() on any.
class RuleForest {
 public:
  using Root = std::uint32_t;
  static constexpr Root kNoTree = 0;

  /// Told of each rule that was found; says true when it has heard enough.
  class Listener {
   public:
    virtual ~Listener() = default;
    virtual bool on_rule(RuleId rule) = 0;
  };
  struct Query {
    Relation relation = Relation::matches;
    bool deny = false;       // what the tree's rules do
    std::string_view topic;  // a valid topic name, or a valid filter without $share
    const Subject& subject;
  };

  RuleForest();
  Root plant();
  void add(Root root, const TemplateFilter& filter, RuleId rule);

  /// Tells the listener of every rule of the tree that stands in this relation, in no order.
  void find(Root root, const Query& query, Listener& listener) const;

 private:
  struct VariableChild {
    std::uint32_t variable;  // index in variables_
    std::uint32_t node;
  };
  struct Node {
    std::string name;  // of a literal one
    std::uint32_t parent = 0;
    std::uint32_t plus = 0;
    std::vector<std::uint32_t> literals;
    std::vector<VariableChild> variables;
    std::vector<RuleId> here;   // filters that end in this level
    std::vector<RuleId> below;  // "#" behind it
  };
  class Walk;

  std::uint32_t new_node(std::uint32_t parent, std::string_view name);
  std::uint32_t literal_child(std::uint32_t node, std::string_view name) const;
  std::uint32_t child_for(std::uint32_t node, const Level& level);
  std::size_t slot_of(std::uint32_t parent, std::string_view name) const;
  void enter(std::uint32_t node);

  std::vector<Node> nodes_;
  std::vector<Level> variables_;
  std::vector<std::uint32_t> table_;  // nodes by parent and name; 0: free; a power of two, half full at most
  std::size_t entered_ = 0;
};

}  // namespace tombo::auth::acl
