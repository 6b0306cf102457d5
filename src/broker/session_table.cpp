#include "broker/session_table.hpp"

namespace tombo::broker {

ClientSession& SessionTable::add(Directory::Entry& entry) {
  std::uint32_t slot;
  if (free_.empty()) {
    slot = static_cast<std::uint32_t>(slots_.size());
    slots_.emplace_back();
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  entry.slot = slot;
  slots_[slot].session = std::make_unique<ClientSession>(entry);
  slots_[slot].session->slot = slot;
  slots_[slot].session->generation = slots_[slot].generation = ++begun_;
  return *slots_[slot].session;
}

void SessionTable::remove(ClientSession& session) {
  Slot& slot = slots_[session.slot];
  free_.push_back(session.slot);
  slot.session.reset();
}

}  // namespace tombo::broker
