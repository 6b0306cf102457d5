#pragma once

#include <cstdint>
#include <span>

namespace tombo::store {

/// Names a moment in the journal: everything appended up to it is durable once durable() has reached it.
using Ticket = std::uint64_t;

/// Where state goes that must survive a restart.  The broker hands over opaque records and holds the acknowledgement
/// back until the record's ticket is durable; it does not know what keeps them.
/// Lives on: one journal per shard, called by that shard; completions reach the shard as a call of its on_durable().
class Journal {
 public:
  virtual ~Journal() = default;
  /// False: nothing is kept, and the broker need not build records.
  virtual bool keeps_anything() const = 0;
  virtual Ticket append(std::span<const std::uint8_t> record) = 0;
  /// The ticket of the newest record: what an acknowledgement given now has to wait for.
  virtual Ticket appended() const = 0;
  virtual Ticket durable() const = 0;
};

/// Keeps nothing: state lives as long as the process, acknowledgements go out at once.
class NoJournal final : public Journal {
 public:
  bool keeps_anything() const override { return false; }
  Ticket append(std::span<const std::uint8_t>) override { return 0; }
  Ticket appended() const override { return 0; }
  Ticket durable() const override { return 0; }
};

}  // namespace tombo::store
