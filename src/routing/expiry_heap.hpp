#pragma once

#include "base/clock.hpp"
#include "routing/retained_tree.hpp"

#include <vector>

namespace tombo::routing {

/// Nodes whose message expires, the earliest on top.  Each node knows its place, so a replaced message leaves nothing
/// behind: a topic that is stored every second for a day ahead has one entry.
/// Lives on: its owner's lock.
class ExpiryHeap {
 public:
  /// Adds or moves; kNever takes the node out.
  void set(RetainedNode& node, MonoTime at);
  void remove(RetainedNode& node);
  /// The node that is due first, or null.
  RetainedNode* due(MonoTime now) const;

 private:
  struct Entry {
    MonoTime at;
    RetainedNode* node;
  };
  void place(std::size_t index, Entry entry);
  void sift(std::size_t index);

  std::vector<Entry> entries_;
};

}  // namespace tombo::routing
