#pragma once

#include "base/ref.hpp"
#include "mqtt/message.hpp"
#include "routing/hash.hpp"
#include "routing/retained_source.hpp"
#include "routing/slot_table.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace tombo::routing {

/// One level of a retained topic; its text lies behind it.  Siblings form a list, the newest first, so a walk that
/// goes forward meets no node that was born after it.
struct RetainedNode {
  static constexpr std::uint32_t kNoExpiry = ~std::uint32_t{0};

  std::uint64_t path_hash = 0;  // of all levels down to here
  RetainedNode* parent = nullptr;
  RetainedNode* previous = nullptr;
  RetainedNode* next = nullptr;
  RetainedNode* first_child = nullptr;
  Ref<mqtt::Message> message;
  std::shared_ptr<const RetainedSource> source;  // of the message; none: the broker, or nobody knows
  std::uint32_t pins = 0;                  // cursors that stand here: the node stays linked
  std::uint32_t expiry_place = kNoExpiry;  // in the heap
  std::uint16_t depth = 0;                 // the root has 0
  std::uint16_t length = 0;

  static constexpr std::size_t kTextAt = 76;
  /// What the message counts.
  std::size_t message_bytes() const { return message->footprint() + (source ? source->footprint() : 0); }
  std::string_view text() const { return {reinterpret_cast<const char*>(this) + kTextAt, length}; }
};

/// The nodes of all retained topics.  One table finds a node by the hash of its whole path, so a topic costs one
/// look-up however deep it is.
/// Lives on: its owner's lock.
class RetainedTree {
 public:
  explicit RetainedTree(std::uint64_t seed);
  ~RetainedTree();
  RetainedTree(const RetainedTree&) = delete;
  RetainedTree& operator=(const RetainedTree&) = delete;

  RetainedNode* root() const { return root_; }
  RetainedNode* find(std::string_view topic) const;
  RetainedNode* child(const RetainedNode& node, std::string_view level) const;
  /// Bytes that find_or_create() would allocate.
  std::size_t bytes_to_create(std::string_view topic) const;
  RetainedNode* find_or_create(std::string_view topic);
  /// Removes the node and those above it as long as nothing needs them.
  void prune(RetainedNode* node);
  std::size_t bytes() const { return bytes_; }

 private:
  /// What is there of a topic: the deepest node, and the text that is missing below it.
  struct Found {
    RetainedNode* node;
    std::string_view missing;  // without data if nothing is
  };
  Found deepest(std::string_view topic) const;
  RetainedNode* lookup(std::uint64_t hash, std::uint16_t depth, std::string_view path) const;
  RetainedNode* create_below(RetainedNode* parent, std::string_view level);
  std::uint64_t hash_below(std::uint64_t parent_hash, std::string_view level) const {
    return TextHash::mix(parent_hash ^ hash_(level), 0x9e3779b97f4a7c15);
  }
  static std::size_t size_of(std::string_view level);
  void destroy(RetainedNode* node);

  const TextHash hash_;
  SlotSegments<256> nodes_;
  RetainedNode* root_;
  std::size_t bytes_ = 0;
};

}  // namespace tombo::routing
