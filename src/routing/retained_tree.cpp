#include "routing/retained_tree.hpp"

#include "mqtt/topic.hpp"

#include <algorithm>
#include <array>
#include <new>

namespace tombo::routing {

namespace {

auto hash_of = [](const RetainedNode& node) { return node.path_hash; };
auto free_table = [](SlotTable* table) { SlotTable::destroy(table); };

/// Whether the node's levels, joined, are `path`.  Goes up from the node: what lies above is shared and warm.
bool has_path(const RetainedNode& node, std::string_view path) {
  for (const RetainedNode* at = &node;; at = at->parent) {
    if (!path.ends_with(at->text())) return false;
    path.remove_suffix(at->length);
    if (at->depth == 1) return path.empty();
    if (!path.ends_with('/')) return false;
    path.remove_suffix(1);
  }
}

}  // namespace

RetainedTree::RetainedTree(std::uint64_t seed)
    : hash_(seed), root_(new (::operator new(sizeof(RetainedNode))) RetainedNode) {}

RetainedTree::~RetainedTree() {
  nodes_.each<RetainedNode>([](RetainedNode& node) {
    node.~RetainedNode();
    ::operator delete(&node);
  });
  root_->~RetainedNode();
  ::operator delete(root_);
}

RetainedNode* RetainedTree::lookup(std::uint64_t hash, std::uint16_t depth, std::string_view path) const {
  return nodes_.find<RetainedNode>(hash, [&](const RetainedNode& node) {
    return node.path_hash == hash && node.depth == depth && has_path(node, path);
  });
}

RetainedNode* RetainedTree::find(std::string_view topic) const {
  std::uint64_t hash = 0;
  std::uint16_t depth = 0;
  for (std::size_t begin = 0; begin <= topic.size();) {
    const std::size_t end = std::min(topic.find('/', begin), topic.size());
    hash = hash_below(hash, topic.substr(begin, end - begin));
    ++depth;
    begin = end + 1;
  }
  return lookup(hash, depth, topic);
}

RetainedNode* RetainedTree::child(const RetainedNode& node, std::string_view level) const {
  const std::uint64_t hash = hash_below(node.path_hash, level);
  return nodes_.find<RetainedNode>(
      hash, [&](const RetainedNode& candidate) { return candidate.parent == &node && candidate.text() == level; });
}

RetainedTree::Found RetainedTree::deepest(std::string_view topic) const {
  struct Prefix {
    std::uint64_t hash;
    std::size_t end;
    Prefix() {}
  };
  std::array<Prefix, mqtt::kTopicLevelsMax> prefixes;
  std::uint16_t depth = 0;
  std::uint64_t hash = 0;
  for (std::size_t begin = 0; begin <= topic.size() && depth < prefixes.size();) {
    const std::size_t end = std::min(topic.find('/', begin), topic.size());
    prefixes[depth].hash = hash = hash_below(hash, topic.substr(begin, end - begin));
    prefixes[depth++].end = end;
    begin = end + 1;
  }
  // From below: of a new topic mostly the last level alone is missing.
  for (; depth > 0; --depth) {
    const Prefix& prefix = prefixes[depth - 1];
    RetainedNode* node = lookup(prefix.hash, depth, topic.substr(0, prefix.end));
    if (node == nullptr) continue;
    return {node, prefix.end < topic.size() ? topic.substr(prefix.end + 1) : std::string_view{}};
  }
  return {root_, topic};
}

std::size_t RetainedTree::bytes_to_create(std::string_view topic) const {
  const std::string_view missing = deepest(topic).missing;
  if (missing.data() == nullptr) return 0;
  std::size_t bytes = 0;
  for (std::size_t begin = 0; begin <= missing.size();) {
    const std::size_t end = std::min(missing.find('/', begin), missing.size());
    bytes += size_of(missing.substr(begin, end - begin));
    begin = end + 1;
  }
  return bytes;
}

RetainedNode* RetainedTree::find_or_create(std::string_view topic) {
  auto [node, missing] = deepest(topic);
  if (missing.data() == nullptr) return node;
  for (std::size_t begin = 0; begin <= missing.size();) {
    const std::size_t end = std::min(missing.find('/', begin), missing.size());
    node = create_below(node, missing.substr(begin, end - begin));
    begin = end + 1;
  }
  return node;
}

RetainedNode* RetainedTree::create_below(RetainedNode* parent, std::string_view level) {
  auto* node = new (::operator new(size_of(level))) RetainedNode;
  node->path_hash = hash_below(parent->path_hash, level);
  node->parent = parent;
  node->depth = static_cast<std::uint16_t>(parent->depth + 1);
  node->length = static_cast<std::uint16_t>(level.size());
  level.copy(reinterpret_cast<char*>(node) + RetainedNode::kTextAt, level.size());
  node->next = parent->first_child;
  if (node->next != nullptr) node->next->previous = node;
  parent->first_child = node;
  nodes_.put(node->path_hash, node, hash_of, free_table);
  bytes_ += size_of(level);
  return node;
}

void RetainedTree::prune(RetainedNode* node) {
  while (node != root_ && !node->message && node->first_child == nullptr && node->pins == 0) {
    RetainedNode* parent = node->parent;
    (node->previous != nullptr ? node->previous->next : parent->first_child) = node->next;
    if (node->next != nullptr) node->next->previous = node->previous;
    destroy(node);
    node = parent;
  }
}

void RetainedTree::destroy(RetainedNode* node) {
  nodes_.remove(node->path_hash, node, hash_of, free_table);
  bytes_ -= size_of(node->text());
  node->~RetainedNode();
  ::operator delete(node);
}

std::size_t RetainedTree::size_of(std::string_view level) {
  static_assert(offsetof(RetainedNode, length) + sizeof(std::uint16_t) == RetainedNode::kTextAt);
  return std::max(sizeof(RetainedNode), RetainedNode::kTextAt + level.size());
}

}  // namespace tombo::routing
