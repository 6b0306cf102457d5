#include "routing/expiry_heap.hpp"

namespace tombo::routing {

void ExpiryHeap::set(RetainedNode& node, MonoTime at) {
  if (at == kNever) return remove(node);
  if (node.expiry_place == RetainedNode::kNoExpiry) {
    entries_.push_back({at, &node});
    place(entries_.size() - 1, {at, &node});
  }
  entries_[node.expiry_place].at = at;
  sift(node.expiry_place);
}

void ExpiryHeap::remove(RetainedNode& node) {
  const std::size_t index = node.expiry_place;
  if (index == RetainedNode::kNoExpiry) return;
  node.expiry_place = RetainedNode::kNoExpiry;
  const Entry last = entries_.back();
  entries_.pop_back();
  if (entries_.capacity() > 64 && entries_.size() * 4 < entries_.capacity()) entries_.shrink_to_fit();
  if (last.node == &node) return;
  place(index, last);
  sift(index);
}

RetainedNode* ExpiryHeap::due(MonoTime now) const {
  return entries_.empty() || entries_.front().at > now ? nullptr : entries_.front().node;
}

void ExpiryHeap::place(std::size_t index, Entry entry) {
  entries_[index] = entry;
  entry.node->expiry_place = static_cast<std::uint32_t>(index);
}

void ExpiryHeap::sift(std::size_t index) {
  const Entry entry = entries_[index];
  while (index > 0 && entry.at < entries_[(index - 1) / 2].at) {
    place(index, entries_[(index - 1) / 2]);
    index = (index - 1) / 2;
  }
  for (;;) {
    std::size_t child = index * 2 + 1;
    if (child >= entries_.size()) break;
    if (child + 1 < entries_.size() && entries_[child + 1].at < entries_[child].at) ++child;
    if (entries_[child].at >= entry.at) break;
    place(index, entries_[child]);
    index = child;
  }
  place(index, entry);
}

}  // namespace tombo::routing
