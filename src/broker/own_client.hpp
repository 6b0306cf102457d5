#pragma once

#include "base/hash.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tombo::broker {

class BridgeFigures;

/// What a session of the broker's own may hold back, and which messages are its business.  Immutable.
struct QueueTerms {
  std::uint32_t messages_max = 0;
  std::uint64_t bytes_max = 0;
  bool drop_oldest = true;  // when it is full; else the new message is given up
  std::uint16_t in_flight_max = 20;  // at most, whatever the other broker takes
  std::uint32_t part = 0;   // of `parts` sessions that share the same subscriptions: a topic is the business of one
  std::uint32_t parts = 1;

  /// The same in every process: what waits on disk stays with its session.
  static std::uint32_t part_of(std::string_view topic, std::uint32_t parts) {
    return parts == 1 ? 0 : static_cast<std::uint32_t>(hash_bytes(topic, 0) % parts);
  }
  bool takes(std::string_view topic) const { return parts == 1 || part_of(topic, parts) == part; }
};

/// What the session of such a client has besides; one pointer in everybody else's.
struct OwnQueue {
  std::shared_ptr<const QueueTerms> terms;  // never null
  std::shared_ptr<BridgeFigures> figures;   // never null
};

/// A client that the broker makes itself: the local end of a bridge.  It is let in without a question, and no limit for
/// clients binds it; its session has terms of its own.
struct OwnClient {
  std::string user_name;             // whose rights it has; empty: it may do everything
  std::vector<std::string> filters;  // subscriptions that its session had and that are not here are taken away
  std::shared_ptr<const QueueTerms> queue;
  std::shared_ptr<BridgeFigures> figures;  // where messages are counted that have come round; never null
  std::uint16_t in_flight_max = 20;
  bool forget_received = false;      // packet identifiers of QoS 2 messages that are under way to the broker mean nothing any more

  bool trusted() const { return user_name.empty(); }
};

}  // namespace tombo::broker
