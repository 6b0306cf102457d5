#include "support/wire_cases.hpp"

namespace tombo::test {
namespace {

using enum mqtt::ReasonCode;
using enum mqtt::Version;
using enum mqtt::Sender;

constexpr WireRow kRows[] = {
    {"5.0 PUBLISH, QoS 0", "5.0 MQTT-2.2.1-2", v5, client, "30 ## <a/b> [ ] 'hello'"},
    {"5.0 PUBLISH, QoS 0, no payload", "", v5, client, "30 ## <a/b> [ ]", success, true},
    {"5.0 PUBLISH, QoS 0, retained", "", v5, client, "31 ## <a/b> [ ] 'x'"},
    {"5.0 PUBLISH, QoS 1", "", v5, client, "32 ## <a/b> 00 01 [ ]", success, true},
    {"5.0 PUBLISH, QoS 1, DUP", "5.0 MQTT-3.3.1-1", v5, client, "3A ## <a/b> 00 01 [ ] 'x'"},
    {"5.0 PUBLISH, QoS 1, DUP, retained", "", v5, client, "3B ## <a/b> FF FF [ ] 'x'"},
    {"5.0 PUBLISH, QoS 2", "", v5, client, "34 ## <a/b> 00 02 [ ]", success, true},
    {"5.0 PUBLISH, QoS 2, DUP", "", v5, client, "3C ## <a/b> 00 02 [ ] 'x'"},
    {"5.0 PUBLISH with every property", "5.0 MQTT-3.3.2-4", v5, client,
     "32 ## <a> 00 01 [ 01 01 02 00 00 00 0A 03 <t> 08 <r> 09 <c> 23 00 05 26 <a> <b> 26 <a> <c> ]", success, true},
    {"5.0 PUBLISH with alias and topic", "5.0 MQTT-3.3.2-12", v5, client, "30 ## <a> [ 23 00 01 ] 'x'"},
    {"5.0 PUBLISH with alias instead of topic", "", v5, client, "30 ## <> [ 23 FF FF ] 'x'"},
    {"5.0 PUBLISH, correlation data is bytes", "", v5, client, "30 ## <a> [ 09 00 03 00 FF C0 ] 'x'"},
    {"5.0 PUBLISH, payload is bytes", "", v5, client, "30 ## <a> [ ] 00 FF C0 80"},
    {"5.0 PUBLISH, topic of one space", "", v5, client, "30 ## 00 01 20 [ ]"},
    {"5.0 PUBLISH, topic of one slash", "", v5, client, "30 ## </> [ ]"},
    {"5.0 PUBLISH, topic with a leading slash", "", v5, client, "30 ## </a//b/> [ ]"},
    {"5.0 PUBLISH, topic with $", "", v5, client, "30 ## <$SYS/x> [ ]"},
    {"5.0 PUBLISH, topic with U+FEFF", "5.0 MQTT-1.5.4-3", v5, client, "30 ## 00 04 EF BB BF 'a' [ ]"},
    {"5.0 PUBLISH, topic with a control character", "", v5, client, "30 ## 00 02 01 7F [ ]"},
    {"5.0 PUBLISH, topic with U+10FFFF", "", v5, client, "30 ## 00 04 F4 8F BF BF [ ]"},
    {"5.0 PUBLISH, Remaining Length of two bytes", "", v5, client,
     "30 ## <a> [ ] '0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
     "0123456789012345678901234567890123456789'"},
    {"5.0 PUBLISH, QoS 3", "5.0 MQTT-3.3.1-4", v5, client, "36 ## <a/b> 00 01 [ ]", malformed_packet},
    {"5.0 PUBLISH, QoS 3, DUP, retained", "5.0 MQTT-3.3.1-4", v5, client, "3F ## <a/b> 00 01 [ ]", malformed_packet},
    {"5.0 PUBLISH, QoS 0, DUP", "5.0 MQTT-3.3.1-2", v5, client, "38 ## <a/b> [ ]", malformed_packet},
    {"5.0 PUBLISH, packet identifier 0", "5.0 MQTT-2.2.1-3", v5, client, "32 ## <a/b> 00 00 [ ]", protocol_error},
    {"5.0 PUBLISH, QoS 2, packet identifier 0", "5.0 MQTT-2.2.1-3", v5, client, "34 ## <a/b> 00 00 [ ]", protocol_error},
    {"5.0 PUBLISH, topic with +", "5.0 MQTT-3.3.2-2", v5, client, "30 ## <a/+> [ ]", topic_name_invalid},
    {"5.0 PUBLISH, topic with # inside a level", "5.0 MQTT-3.3.2-2", v5, client, "30 ## <a#b> [ ]", topic_name_invalid},
    {"5.0 PUBLISH, wildcard far behind", "5.0 MQTT-3.3.2-2", v5, client, "30 ## <a/long/topic/name/and/then/+> [ ]", topic_name_invalid},
    {"5.0 PUBLISH, empty topic", "5.0 MQTT-4.7.3-1", v5, client, "30 ## <> [ ] 'x'", protocol_error},
    {"5.0 PUBLISH, alias 0", "5.0 MQTT-3.3.2-8", v5, client, "30 ## <a> [ 23 00 00 ]", topic_alias_invalid},
    {"5.0 PUBLISH, topic not text", "5.0 MQTT-3.3.2-1, 5.0 MQTT-1.5.4-1", v5, client, "30 ## 00 02 C0 80 [ ]", malformed_packet},
    {"5.0 PUBLISH, topic with U+0000", "5.0 MQTT-1.5.4-2, 5.0 MQTT-4.7.3-2", v5, client, "30 ## 00 03 61 00 62 [ ]", malformed_packet},
    {"5.0 PUBLISH, U+0000 behind eight characters", "5.0 MQTT-1.5.4-2", v5, client, "30 ## 00 0A 'abcdefgh' 00 'i' [ ]", malformed_packet},
    {"5.0 PUBLISH, topic cut within a character", "5.0 MQTT-1.5.4-1", v5, client, "30 ## 00 02 E2 82 [ ]", malformed_packet},
    {"5.0 PUBLISH, topic with a lead byte F8", "5.0 MQTT-1.5.4-1", v5, client, "30 ## 00 05 F8 88 80 80 80 [ ]", malformed_packet},
    {"5.0 PUBLISH, topic longer than the packet", "", v5, client, "30 ## 00 09 'abc'", malformed_packet},
    {"5.0 PUBLISH, empty body", "", v5, client, "30 00", malformed_packet},
    {"5.0 PUBLISH, response topic with +", "5.0 MQTT-3.3.2-14", v5, client, "30 ## <a> [ 08 <r/+> ]", protocol_error},
    {"5.0 PUBLISH, response topic with #", "5.0 MQTT-3.3.2-14", v5, client, "30 ## <a> [ 08 <#> ]", protocol_error},
    {"5.0 PUBLISH, response topic not text", "5.0 MQTT-3.3.2-13", v5, client, "30 ## <a> [ 08 00 01 FF ]", malformed_packet},
    {"5.0 PUBLISH, content type not text", "5.0 MQTT-3.3.2-19", v5, client, "30 ## <a> [ 03 00 01 FF ]", malformed_packet},
    {"5.0 PUBLISH, payload format 2", "", v5, client, "30 ## <a> [ 01 02 ]", protocol_error},
    {"5.0 PUBLISH, subscription identifier from a client", "5.0 MQTT-3.3.4-6", v5, client, "30 ## <a> [ 0B 01 ]", protocol_error},
    {"5.0 PUBLISH, subscription identifiers from a server", "5.0 MQTT-3.3.4-4", v5, server, "30 ## <a> [ 0B 01 0B 80 01 0B FF FF FF 7F ] 'x'"},
    {"5.0 PUBLISH, subscription identifier 0", "", v5, server, "30 ## <a> [ 0B 00 ]", protocol_error},
    {"5.0 PUBLISH, padded subscription identifier", "5.0 MQTT-1.5.5-1", v5, server, "30 ## <a> [ 0B 81 00 ]", malformed_packet},
    {"5.0 PUBLISH, subscription identifier too large", "", v5, server, "30 ## <a> [ 0B FF FF FF FF 01 ]", malformed_packet},
    {"PUBLISH, padded Remaining Length", "5.0 MQTT-1.5.5-1", v5, client, "30 84 00 00 01 'a' 00", malformed_packet},
    {"PUBLISH, Remaining Length of five bytes", "5.0 MQTT-1.5.5-1", v5, client, "30 FF FF FF FF 01", malformed_packet},

    {"3.1.1 PUBLISH, QoS 0", "3.1.1 MQTT-2.3.1-5", v3_1_1, client, "30 ## <a/b> 'hello'"},
    {"3.1.1 PUBLISH, QoS 0, no payload", "", v3_1_1, client, "30 ## <a/b>", success, true},
    {"3.1.1 PUBLISH, QoS 1", "", v3_1_1, client, "32 ## <a/b> 00 01", success, true},
    {"3.1.1 PUBLISH, QoS 2, DUP, retained", "3.1.1 MQTT-3.3.1-1", v3_1_1, client, "3D ## <a/b> 12 34 'x'"},
    {"3.1.1 PUBLISH from a server", "", v3_1_1, server, "31 ## <a/b> 'x'"},
    {"3.1.1 PUBLISH, QoS 3", "3.1.1 MQTT-3.3.1-4", v3_1_1, client, "36 ## <a/b> 00 01", malformed_packet},
    {"3.1.1 PUBLISH, QoS 0, DUP", "3.1.1 MQTT-3.3.1-2", v3_1_1, client, "38 ## <a/b> 'x'", malformed_packet},
    {"3.1.1 PUBLISH, packet identifier 0", "3.1.1 MQTT-2.3.1-1", v3_1_1, client, "32 ## <a/b> 00 00", protocol_error},
    {"3.1.1 PUBLISH, empty topic", "3.1.1 MQTT-4.7.3-1", v3_1_1, client, "30 ## <> 'x'", protocol_error},
    {"3.1.1 PUBLISH, topic with wildcard", "3.1.1 MQTT-3.3.2-2, 3.1.1 MQTT-4.7.1-1", v3_1_1, client, "30 ## <a/#> 'x'", topic_name_invalid},
    {"3.1.1 PUBLISH, topic not text", "3.1.1 MQTT-3.3.2-1, 3.1.1 MQTT-1.5.3-1", v3_1_1, client, "30 ## 00 03 ED A0 80", malformed_packet},
    {"3.1.1 PUBLISH, topic with U+0000", "3.1.1 MQTT-1.5.3-2, 3.1.1 MQTT-4.7.3-2", v3_1_1, client, "30 ## 00 01 00", malformed_packet},
    {"3.1 PUBLISH, QoS 0", "", v3_1, client, "30 ## <a/b> 'x'"},
    {"3.1 PUBLISH, QoS 0, DUP is tolerated", "", v3_1, client, "38 ## <a/b> 'x'"},
    {"3.1 PUBLISH, QoS 1, DUP", "", v3_1, client, "3A ## <a/b> 00 07 'x'"},
    {"3.1 PUBLISH, QoS 3", "", v3_1, client, "36 ## <a/b> 00 07 'x'", malformed_packet},
};

}  // namespace

std::span<const WireRow> publish_rows() { return kRows; }

}  // namespace tombo::test
