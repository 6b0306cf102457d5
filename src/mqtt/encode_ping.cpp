#include "mqtt/encode.hpp"
#include "mqtt/raw_writer.hpp"

namespace tombo::mqtt {

void encode_pingreq(WriteBatch& out) {
  RawWriter(out.extend(2)).head(PacketType::pingreq, 0, 0);
}

void encode_pingresp(WriteBatch& out) {
  RawWriter(out.extend(2)).head(PacketType::pingresp, 0, 0);
}

}  // namespace tombo::mqtt
