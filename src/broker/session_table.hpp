#pragma once

#include "broker/client_session.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace tombo::broker {

/// The sessions of one shard by slot.  Generations count the sessions that began here, so they tell a session from the
/// one that stood in its slot before, and from one that is younger than a walk over the table.
/// Lives on: one shard.
class SessionTable {
 public:
  ClientSession& add(Directory::Entry& entry);
  void remove(ClientSession& session);

  ClientSession& operator[](std::uint32_t slot) { return *slots_[slot].session; }
  /// Null if the session that the handle names has ended.
  ClientSession* find(const routing::SessionHandle& handle) {
    if (handle.slot >= slots_.size() || slots_[handle.slot].generation != handle.generation) return nullptr;
    return slots_[handle.slot].session.get();
  }
  std::size_t size() const { return slots_.size() - free_.size(); }
  /// Every session has its slot below this.
  std::uint32_t slots() const { return static_cast<std::uint32_t>(slots_.size()); }
  /// The session in this slot, or null.
  ClientSession* at(std::uint32_t slot) { return slots_[slot].session.get(); }

  template <class Visit>
  void for_each(Visit&& visit) {
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      if (slots_[i].session) visit(*slots_[i].session);
    }
  }

 private:
  struct Slot {
    std::unique_ptr<ClientSession> session;
    std::uint32_t generation = 0;
  };
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
  std::uint32_t begun_ = 0;
};

}  // namespace tombo::broker
