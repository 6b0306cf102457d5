#include "mqtt/decode.hpp"

namespace tombo::mqtt {

Result<void, ReasonCode> decode_ping(const Frame& frame) {
  if (frame.flags != 0 || !frame.body.empty()) return Failure{ReasonCode::malformed_packet};
  return {};
}

}  // namespace tombo::mqtt
