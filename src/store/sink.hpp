#pragma once

#include "store/entry.hpp"

#include <functional>

namespace tombo::store {

/// Deliveries read from the store.
struct Read {
  struct Item {
    Seq seq = 0;
    DeliveryRow row;            // without its body
    Ref<mqtt::Message> message;  // none if the row says released, or if it could not be read
  };
  std::vector<Item> items;
  bool more = false;    // there are further ones
  bool failed = false;  // the disk could not be read
};
struct ReadOrder {
  SessionNumber session = 0;
  Seq from = 0;
  std::size_t count_max = 0;
  std::size_t bytes_max = 0;                 // about; one item at least
  mqtt::MemoryAccount* account = nullptr;    // of the messages
  std::function<void(Read)> then;            // called on some thread of the store
};

/// Where shards hand their records to: the seam at which a replicated log takes the committer's place.
/// Lives on: any shard.
class Sink {
 public:
  virtual ~Sink() = default;
  /// Takes the slice; its completion reaches the shard later as a call of Shard::on_durable(slice.last).
  virtual void take(Slice slice) = 0;
  /// More is on its way to the disk than the limit allows: publishers are not read from.
  virtual bool full() const = 0;
  /// The disk cannot be written at the moment.
  virtual bool failing() const = 0;
  /// Reads some of a session's deliveries, as they are after everything handed over before.
  virtual void read(ReadOrder order) = 0;
};

}  // namespace tombo::store
