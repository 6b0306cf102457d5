#pragma once

#include "base/clock.hpp"
#include "base/ref.hpp"
#include "mqtt/message.hpp"
#include "routing/retained_source.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tombo::routing {

struct RetainedLimits {
  std::size_t count_max = 1'000'000;
  std::size_t bytes_max = std::size_t{256} << 20;
};

/// A walk over the retained messages that match a filter, done in bounded steps: what is stored or removed between two
/// steps does not disturb it; each topic is seen at most once.  What is stored after the walk began may be missed: the
/// subscriber gets it as an ordinary publication.  Must not outlive the store; ends the walk when destroyed.
class RetainedCursor {
 public:
  ~RetainedCursor();
  RetainedCursor(const RetainedCursor&) = delete;
  RetainedCursor& operator=(const RetainedCursor&) = delete;

 private:
  friend class RetainedStore;
  struct Walk;
  explicit RetainedCursor(std::unique_ptr<Walk> walk);
  std::unique_ptr<Walk> walk_;
};

/// The last retained message of each topic, for all shards.  One mutex, held for a bounded number of nodes: only
/// PUBLISH with RETAIN and new subscriptions come here (docs/decisions).
/// Lives on: any shard.
class RetainedStore {
 public:
  /// `seed` makes the hashes unpredictable for peers.
  explicit RetainedStore(RetainedLimits limits, std::uint64_t seed = 0);
  ~RetainedStore();
  RetainedStore(const RetainedStore&) = delete;
  RetainedStore& operator=(const RetainedStore&) = delete;

  enum class Stored : std::uint8_t { added, replaced, removed, nothing_to_remove, refused };
  /// Keeps the message for its topic; an empty payload removes what is there.  [MQTT-3.3.1-5, -6, -7]
  /// refused: a limit is reached and the topic has none yet (or the bytes do not fit); what was there stays.
  /// `source`: who stores it; none: the broker, or nobody knows.
  Stored store(const Ref<mqtt::Message>& message, std::shared_ptr<const RetainedSource> source = {});
  /// Removes a topic's message whatever it is.
  bool remove(std::string_view topic);
  /// The topic's message, and who stored it where `source` is given.
  Ref<mqtt::Message> find(std::string_view topic, std::shared_ptr<const RetainedSource>* source = nullptr) const;

  /// A filter without wildcard finds its topic in one step.  Leading wildcards skip '$' topics.
  std::unique_ptr<RetainedCursor> walk(std::string_view filter);
  /// Appends up to `message_max` matching messages to `out`, visiting at most `node_max` nodes; expired ones are
  /// skipped.  False when the walk has ended.  Who stored each is appended to `sources` if given.
  bool next(RetainedCursor& cursor, std::size_t message_max, std::size_t node_max, MonoTime now,
            std::vector<Ref<mqtt::Message>>& out, std::vector<std::shared_ptr<const RetainedSource>>* sources = nullptr);
  void end(std::unique_ptr<RetainedCursor> cursor);

  /// Removes up to `max` messages whose expiry has passed, the earliest first; call about once a second.
  /// Returns how many.
  /// The topics are added to `topics` if given.
  std::size_t expire(MonoTime now, std::size_t max, std::vector<std::string>* topics = nullptr);

  std::size_t count() const;
  /// Footprints of the messages and their nodes.
  std::size_t bytes() const;
  /// What is there already stays, even beyond the new limits.
  void set_limits(RetainedLimits limits);

 private:
  friend class RetainedCursor;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tombo::routing
