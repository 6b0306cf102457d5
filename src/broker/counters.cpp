#include "broker/counters.hpp"

namespace tombo::broker {

std::string_view name_of(Drop reason) {
  static constexpr std::array<std::string_view, kDropReasons> kNames{
      "queue_full", "offline_qos0", "slow_reader_qos0", "mailbox_full",  "expired",  "too_large",
      "memory",     "refused",      "retained_full",    "session_ended", "no_member", "damaged"};
  return kNames[static_cast<std::size_t>(reason)];
}

}  // namespace tombo::broker
