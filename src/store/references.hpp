#pragma once

#include "store/rows.hpp"

#include <cstdint>
#include <unordered_map>
#include <vector>

namespace tombo::store {

/// How many deliveries name each shared message, so that the last one takes it along.  After a start those of earlier
/// epochs are counted little by little; until that is done none of their messages is given up.
/// Lives on: under the store's commit lock.
class References {
 public:
  /// `first_number`: of this epoch; what is below was there at the start.
  void begin(MessageNumber first_number) { first_ = next_ = first_number; }

  MessageNumber make() { return next_++; }
  void add(MessageNumber number) { ++counts_[number]; }
  /// Somebody names it for certain, so its row is there.
  bool known(MessageNumber number) const { return counts_.contains(number); }
  /// This delivery names the message no more.  True if nobody does, and it may be erased.
  bool remove(MessageNumber number, SessionNumber session, Seq seq);

  /// A delivery of an earlier epoch was found; they come in the order of their keys.
  void found(MessageNumber number) { ++counts_[number]; }
  /// Deliveries of earlier epochs before this place have been found.
  void found_up_to(SessionNumber session, Seq seq) {
    session_ = session;
    seq_ = seq;
  }
  /// All were found: the messages that lost their last delivery meanwhile.
  std::vector<MessageNumber> finish_counting();
  std::size_t size() const { return counts_.size(); }

 private:
  bool was_found(SessionNumber session, Seq seq) const {
    return !counting_ || seq >= first_ || session < session_ || (session == session_ && seq < seq_);
  }

  std::unordered_map<MessageNumber, std::uint32_t> counts_;
  std::vector<MessageNumber> given_up_;  // at zero while others may yet be found
  MessageNumber first_ = 0;
  MessageNumber next_ = 0;
  SessionNumber session_ = 0;
  Seq seq_ = 0;
  bool counting_ = true;
};

}  // namespace tombo::store
