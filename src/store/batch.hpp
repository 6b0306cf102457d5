#pragma once

#include "store/engine.hpp"
#include "store/entry.hpp"
#include "store/message_form.hpp"
#include "store/references.hpp"

#include <functional>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace tombo::store {

/// Makes one set of changes of what the shards handed over.  A delivery that began and ended within it leaves no trace; a
/// message with one delivery stands in its row, one with several in a row of its own.
/// Lives on: the committer's thread.
class Batch {
 public:
  using Retained = std::function<RetainedNow(std::string_view topic)>;
  using RowExists = std::function<bool(std::string_view key)>;
  Batch(References& references, Retained retained, RowExists row_exists)
      : references_(references), retained_(std::move(retained)), row_exists_(std::move(row_exists)) {}

  /// Adds the slices' records to `changes`.  What a session's end leaves behind is to be swept: `ended`.
  void build(std::span<const Slice> slices, const Moment& now, Changes& changes, std::vector<SessionNumber>& ended);
  /// Records that became rows, or took some away, in the last build.
  std::size_t records() const { return records_; }

 private:
  struct Place {
    SessionNumber session;
    Seq seq;
    bool operator==(const Place&) const = default;
  };
  struct PlaceHash {
    std::size_t operator()(const Place& place) const {
      return static_cast<std::size_t>((place.session * 0x9E37'79B9'7F4A'7C15ULL) ^ (place.seq * 0xC2B2'AE3D'27D4'EB4FULL));
    }
  };
  /// What happened to one delivery within the batch.
  struct Story {
    bool begins = false;  // its row is not on disk yet
    bool ends = false;    // the client has the message
  };

  void look(const Entry& entry);
  void write(const Enqueued& enqueued);
  void write(const Finished& finished);
  void write(const RowChanged& row);
  void write(const RetainedChanged& retained);
  /// The message's number, or 0 if it stands in its deliveries; writes it where it has a row of its own.
  MessageNumber place_of(const mqtt::Message& message);
  bool take_row(const Place& place);
  void drop_reference(MessageNumber number, SessionNumber session, Seq seq);

  References& references_;
  Retained retained_;
  RowExists row_exists_;
  Moment now_;
  Changes* changes_ = nullptr;
  std::vector<SessionNumber>* ended_ = nullptr;
  std::size_t records_ = 0;
  // Kept for their memory.
  std::unordered_map<Place, Story, PlaceHash> stories_;
  std::unordered_map<const mqtt::Message*, std::uint32_t> uses_;
  std::unordered_set<std::string> retained_done_;
  std::unordered_set<Place, PlaceHash> taken_;  // rows that take_row() was asked for
  std::unordered_map<SessionNumber, Seq> heads_;
};

}  // namespace tombo::store
