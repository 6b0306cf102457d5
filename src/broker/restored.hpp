#pragma once

#include "store/rows.hpp"

#include <string>
#include <utility>
#include <vector>

namespace tombo::broker {

/// A session as the store has it.
struct RestoredSession {
  store::SessionNumber number = 0;
  store::SessionRow row;
  std::vector<std::pair<std::string, store::SubscriptionRow>> subscriptions;
  std::vector<mqtt::PacketId> received;
  store::Seq head = 0;
};

}  // namespace tombo::broker
