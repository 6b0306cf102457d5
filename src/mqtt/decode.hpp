#pragma once

#include "base/result.hpp"
#include "mqtt/framer.hpp"
#include "mqtt/packet_views.hpp"

namespace tombo::mqtt {

/// Limits on what one packet may hold beyond its size; see options.hpp for the defaults.
struct DecodeLimits {
  std::uint32_t properties_max = 128;    // per property section
  std::uint32_t topic_levels_max = 128;  // of topic names and filters, at most kTopicLevelsMax
};

// Each decoder takes a whole frame, whose type the caller has looked at, checks its flags and every field,
// and fills `out`.  decode_publish() and decode_ack() overwrite whatever `out` holds, so one view may serve
// every packet (that spares clearing two hundred bytes each time); the others expect a fresh one. A failure
// is malformed_packet or protocol_error or the more exact reason that the standard names (packets.md, section
// 7), without any other effect.  Bytes after the last field are malformed.

/// Also judges protocol name and level: unsupported_protocol_version.  `out.version` is set as soon as it is
/// known, so that a refusal can be told in the peer's own version.  [MQTT-3.1.2-1, MQTT-3.1.2-2]
Result<void, ReasonCode> decode_connect(const Frame& frame, const DecodeLimits& limits, ConnectView& out);
Result<void, ReasonCode> decode_publish(const Frame& frame, Version version, const DecodeLimits& limits,
                                        PublishView& out, Sender sender = Sender::client);
/// PUBACK, PUBREC, PUBREL and PUBCOMP.
Result<void, ReasonCode> decode_ack(const Frame& frame, Version version, const DecodeLimits& limits,
                                    AckView& out, Sender sender = Sender::client);
/// Filters are checked for text, options for reserved bits; whether a filter is well formed is judged later,
/// per filter.
Result<void, ReasonCode> decode_subscribe(const Frame& frame, Version version, const DecodeLimits& limits,
                                          SubscribeView& out);
Result<void, ReasonCode> decode_unsubscribe(const Frame& frame, Version version, const DecodeLimits& limits,
                                            UnsubscribeView& out);
/// PINGREQ and PINGRESP: nothing but the header.
Result<void, ReasonCode> decode_ping(const Frame& frame);
Result<void, ReasonCode> decode_disconnect(const Frame& frame, Version version, const DecodeLimits& limits,
                                           DisconnectView& out, Sender sender = Sender::client);
Result<void, ReasonCode> decode_auth(const Frame& frame, const DecodeLimits& limits, AuthView& out,
                                     Sender sender = Sender::client);

// What a client receives; for bench, bridges and tests.
Result<void, ReasonCode> decode_connack(const Frame& frame, Version version, const DecodeLimits& limits,
                                        ConnackView& out);
Result<void, ReasonCode> decode_suback(const Frame& frame, Version version, const DecodeLimits& limits,
                                       SubackView& out);
Result<void, ReasonCode> decode_unsuback(const Frame& frame, Version version, const DecodeLimits& limits,
                                         SubackView& out);

/// Takes the first of `filters`, which decode_subscribe() has checked, and moves on.
SubscriptionView next_subscription(Bytes& filters, Version version);
std::string_view next_filter(Bytes& filters);

}  // namespace tombo::mqtt
