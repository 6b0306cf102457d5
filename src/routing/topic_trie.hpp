#pragma once

#include "routing/hash.hpp"
#include "routing/qsbr.hpp"
#include "routing/topic_tree.hpp"

#include <string_view>

namespace tombo::routing {

class MatchBatch;

/// The filters with wildcards, level by level.  '+' and '#' have places of their own in a node, so a walk takes at
/// most two ways from each node and never visits one twice.
/// Lives on: any thread for match() and find(), the tree's writer for the rest.
class TopicTrie {
 public:
  TopicTrie(Qsbr& qsbr, const TextHash& hash);
  ~TopicTrie();  // frees the filters that are still in
  TopicTrie(const TopicTrie&) = delete;
  TopicTrie& operator=(const TopicTrie&) = delete;

  /// Appends the filters that match.
  void match(std::string_view topic, MatchResult& result) const;
  /// The same for a batch of topics; false if the walk grew too wide and was given up.
  bool match_many(MatchBatch& batch) const;
  Filter* find(std::string_view filter) const;
  /// The filter is not in yet.
  void insert(Filter* filter);
  /// Unlinks the filter and the nodes that only led to it.  The filter itself is the caller's to retire.
  void remove(const Filter* filter);

 private:
  struct Node;
  class Levels;
  class Together;
  friend class MatchBatch;

  Node* child(const Node& node, std::uint64_t hash, std::string_view level) const;
  Node* child_or_new(Node& node, std::string_view level);
  void remove_child(Node& parent, Node* node);
  static void destroy_below(Node* root);

  Qsbr& qsbr_;
  const TextHash& hash_;
  Node* root_;
};

}  // namespace tombo::routing
