#include "session/packet_id_set.hpp"

#include <utility>

namespace tombo::session {

bool PacketIdSet::insert(mqtt::PacketId id) {
  auto& piece = pieces_[id / kPiece];
  if (!piece) piece = spare_ ? std::move(spare_) : std::make_unique<Piece>();
  if (piece->bits.test(id % kPiece)) return false;
  piece->bits.set(id % kPiece);
  ++piece->count;
  ++size_;
  return true;
}

bool PacketIdSet::erase(mqtt::PacketId id) {
  auto& piece = pieces_[id / kPiece];
  if (!piece || !piece->bits.test(id % kPiece)) return false;
  piece->bits.reset(id % kPiece);
  --size_;
  // A client counts upwards, so the piece it leaves is soon wanted again at the other end.
  if (--piece->count == 0) spare_ = std::move(piece);
  return true;
}

}  // namespace tombo::session
