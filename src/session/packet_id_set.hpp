#pragma once

#include "mqtt/types.hpp"

#include <array>
#include <bitset>
#include <cstddef>
#include <memory>

namespace tombo::session {

/// Packet identifiers of QoS 2 messages that were received and not yet released.  A bitmap in pieces of 1,024
/// identifiers, each there only while something is in it: O(1), at most 8 KiB whatever a client does.
/// Lives on: the session's shard.
class PacketIdSet {
 public:
  bool contains(mqtt::PacketId id) const {
    const auto& piece = pieces_[id / kPiece];
    return piece && piece->bits.test(id % kPiece);
  }
  /// False if it was there already.
  bool insert(mqtt::PacketId id);
  /// False if it was not there.
  bool erase(mqtt::PacketId id);
  std::size_t size() const { return size_; }
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (std::size_t piece = 0; piece < pieces_.size(); ++piece) {
      for (std::size_t i = 0; pieces_[piece] && i < kPiece; ++i) {
        if (pieces_[piece]->bits.test(i)) visit(static_cast<mqtt::PacketId>(piece * kPiece + i));
      }
    }
  }

 private:
  static constexpr std::size_t kPiece = 1024;
  struct Piece {
    std::bitset<kPiece> bits;
    std::size_t count = 0;
  };
  std::array<std::unique_ptr<Piece>, 65536 / kPiece> pieces_;
  std::unique_ptr<Piece> spare_;
  std::size_t size_ = 0;
};

}  // namespace tombo::session
