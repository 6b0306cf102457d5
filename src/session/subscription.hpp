#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

namespace tombo::routing {
struct Filter;
}  // namespace tombo::routing

namespace tombo::session {

/// One ordinary subscription of a session.  16 bytes; the filter's text stands once in the tree, the options in the
/// shard's table of subscribers, where delivery reads them.
struct Subscription {
  routing::Filter* filter = nullptr;
  std::uint32_t position = 0;  // in the shard's table of that filter's subscribers
};

/// A session's ordinary subscriptions: a vector, and an index by filter once there are more than a few.
/// Lives on: the session's shard.
class SubscriptionList {
 public:
  static constexpr std::uint32_t kNone = 0xFFFF'FFFF;

  std::uint32_t size() const { return static_cast<std::uint32_t>(records_.size()); }
  Subscription& operator[](std::uint32_t record) { return records_[record]; }
  /// The record of this filter, or kNone.
  std::uint32_t find(const routing::Filter* filter) const;
  std::uint32_t add(const Subscription& subscription);
  /// Swap-remove: what stood last now stands at `record` (unless that was the last itself).
  void remove(std::uint32_t record);

 private:
  static constexpr std::size_t kIndexFrom = 16;
  std::vector<Subscription> records_;
  std::unique_ptr<std::unordered_map<const routing::Filter*, std::uint32_t>> index_;
};

}  // namespace tombo::session
