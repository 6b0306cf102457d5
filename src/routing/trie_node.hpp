#pragma once

#include "routing/children.hpp"
#include "routing/topic_trie.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <new>
#include <string_view>

namespace tombo::routing {

/// One level of at least one filter; its text lies behind it.
/// Lives on: any thread, readers; the tree's writer changes it.
struct TopicTrie::Node {
  explicit Node(std::uint64_t level_hash, std::string_view level)
      : hash(level_hash), length(static_cast<std::uint16_t>(level.size())) {
    level.copy(text_begin(), level.size());
  }
  static Node* make(std::uint64_t hash, std::string_view level) {
    return new (::operator new(kTextAt + std::max(level.size(), sizeof(Node) - kTextAt))) Node(hash, level);
  }
  static void destroy(void* node) {
    static_cast<Node*>(node)->~Node();
    ::operator delete(node);
  }
  std::string_view text() const { return {reinterpret_cast<const char*>(this) + kTextAt, length}; }
  bool in_use() const {
    return !children.empty() || plus.load(std::memory_order_relaxed) != nullptr ||
           self.load(std::memory_order_relaxed) != nullptr || multi.load(std::memory_order_relaxed) != nullptr;
  }
  /// It may begin at the end of a cache line.
  void prefetch() const {
    __builtin_prefetch(this);
    __builtin_prefetch(reinterpret_cast<const char*>(this) + kTextAt);
  }

  const std::uint64_t hash;
  Children<Node> children;
  std::atomic<Node*> plus{nullptr};     // the child '+'
  std::atomic<Filter*> self{nullptr};   // the filter that ends here
  std::atomic<Filter*> multi{nullptr};  // the filter that goes on with '#'
  const std::uint16_t length;

 private:
  static constexpr std::size_t kTextAt = 42;  // right behind `length`, in the padding
  char* text_begin() { return reinterpret_cast<char*>(this) + kTextAt; }
};

/// Cuts the next level off; `rest` is left without data behind the last one.
inline std::string_view cut_level(std::string_view& rest) {
  std::size_t end = 0;
  while (end < rest.size() && rest[end] != '/') ++end;
  const std::string_view level = rest.substr(0, end);
  rest = end < rest.size() ? rest.substr(end + 1) : std::string_view{};
  return level;
}

}  // namespace tombo::routing
