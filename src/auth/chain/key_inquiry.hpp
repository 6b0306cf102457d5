#pragma once

#include "auth/chain/gate.hpp"
#include "auth/chain/snapshot.hpp"

#include <cstddef>
#include <functional>
#include <memory>

namespace tombo::auth {

/// One question for a pre-shared key on its way along those of its door who give any, one after the other, until one knows
/// the identity.  Made by std::make_shared.
/// Lives on: the shard that asks, then the threads that answer.
class KeyInquiry : public std::enable_shared_from_this<KeyInquiry> {
 public:
  using Done = std::function<void(std::shared_ptr<const PskKey>)>;

  KeyInquiry(std::shared_ptr<const Snapshot> snapshot, std::shared_ptr<const KeyWanted> wanted,
             std::shared_ptr<Gate> gate, Done done);
  /// `done` is called once, through the gate, perhaps before this returns; with nothing where nobody gives a key.
  void begin() { ask_on(); }

 private:
  void ask_on();
  /// Whether that was the end.
  bool judge(KeyAnswer answer);

  std::shared_ptr<const Snapshot> snapshot_;
  std::shared_ptr<const KeyWanted> wanted_;
  std::shared_ptr<Gate> gate_;
  Done done_;
  const Door& door_;
  std::size_t next_ = 0;
};

}  // namespace tombo::auth
