#pragma once

#include "base/ref.hpp"
#include "routing/retained_source.hpp"
#include "store/hold.hpp"
#include "store/rows.hpp"

#include <cstdint>
#include <memory>

namespace tombo::broker {

class Client;

/// What is known about the message that is being routed, besides itself.
struct RoutingNow {
  Client* publisher = nullptr;     // whose acknowledgement has to wait for the disk, if it comes to that; or null
  Ref<store::Hold> hold;           // on that acknowledgement, once something is waited for
  std::uint64_t publish = 0;       // names a QoS 2 publish whose records belong together; 0: they need not
  std::shared_ptr<const routing::RetainedSource> source;  // of what is retained
  std::uint32_t letters = 0;       // that carry the hold
  bool passed_on = false;          // a letter's message went on to another shard, with what it held
  // The delivery, as it is recorded for another member of a shared subscription, whose place the next one takes.
  store::SessionNumber from_session = 0;
  store::Seq from_seq = 0;
};

}  // namespace tombo::broker
