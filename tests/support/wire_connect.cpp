#include "support/wire_cases.hpp"

namespace tombo::test {
namespace {

using enum mqtt::ReasonCode;
using enum mqtt::Version;
using enum mqtt::Sender;

constexpr WireRow kRows[] = {
    {"5.0 CONNECT, smallest", "5.0 MQTT-3.1.3-6", v5, client, "10 ## <MQTT> 05 02 00 00 [ ] <>", success, true},
    {"5.0 CONNECT with client id", "5.0 MQTT-3.1.3-2", v5, client, "10 ## <MQTT> 05 02 00 3C [ ] <abc>", success, true},
    {"5.0 CONNECT, clean start off", "5.0 MQTT-3.1.2-5", v5, client, "10 ## <MQTT> 05 00 FF FF [ ] <abc>"},
    {"5.0 CONNECT with everything", "5.0 MQTT-3.1.3-1", v5, client,
     "10 ## <MQTT> 05 F6 00 3C [ 11 00 00 00 0A 21 00 14 27 00 01 00 00 22 00 0A 19 01 17 00 15 <m> 16 <d> 26 <a> <b> ] "
     "<abc> [ 18 00 00 00 05 01 01 02 00 00 00 1E 03 <text> 08 <r/t> 09 <id> 26 <k> <v> ] <w/t> <bye> <user> <pass>",
     success, true},
    {"5.0 CONNECT, will QoS 0", "5.0 MQTT-3.1.2-7", v5, client, "10 ## <MQTT> 05 06 00 00 [ ] <a> [ ] <w> <>", success, true},
    {"5.0 CONNECT, will QoS 1", "", v5, client, "10 ## <MQTT> 05 0E 00 00 [ ] <a> [ ] <w> <x>"},
    {"5.0 CONNECT, will QoS 2, retained", "", v5, client, "10 ## <MQTT> 05 36 00 00 [ ] <a> [ ] <w> <x>"},
    {"5.0 CONNECT, password alone", "5.0 MQTT-3.1.2-18", v5, client, "10 ## <MQTT> 05 42 00 00 [ ] <a> <pass>", success, true},
    {"5.0 CONNECT, user name alone", "5.0 MQTT-3.1.2-17", v5, client, "10 ## <MQTT> 05 82 00 00 [ ] <a> <user>", success, true},
    {"5.0 CONNECT, empty user name and password", "", v5, client, "10 ## <MQTT> 05 C2 00 00 [ ] <a> <> <>"},
    {"5.0 CONNECT, binary password", "", v5, client, "10 ## <MQTT> 05 C2 00 00 [ ] <a> <u> 00 03 00 FF C0"},
    {"5.0 CONNECT, client id with U+FEFF", "5.0 MQTT-1.5.4-3", v5, client, "10 ## <MQTT> 05 02 00 00 [ ] 00 04 EF BB BF 'a'"},
    {"5.0 CONNECT, client id of four-byte characters", "", v5, client, "10 ## <MQTT> 05 02 00 00 [ ] 00 04 F0 9F 90 98"},
    {"5.0 CONNECT, bridge bit", "", v5, client, "10 ## <MQTT> 85 02 00 00 [ ] <a>"},
    {"5.0 CONNECT, reserved flag", "5.0 MQTT-3.1.2-3", v5, client, "10 ## <MQTT> 05 03 00 00 [ ] <a>", malformed_packet},
    {"5.0 CONNECT, header flags 1", "5.0 MQTT-2.1.3-1", v5, client, "11 ## <MQTT> 05 02 00 00 [ ] <a>", malformed_packet},
    {"5.0 CONNECT, header flags 8", "5.0 MQTT-2.1.3-1", v5, client, "18 ## <MQTT> 05 02 00 00 [ ] <a>", malformed_packet},
    {"5.0 CONNECT, will QoS without will", "5.0 MQTT-3.1.2-11", v5, client, "10 ## <MQTT> 05 0A 00 00 [ ] <a>", malformed_packet},
    {"5.0 CONNECT, will retain without will", "5.0 MQTT-3.1.2-13", v5, client, "10 ## <MQTT> 05 22 00 00 [ ] <a>", malformed_packet},
    {"5.0 CONNECT, will QoS 3", "5.0 MQTT-3.1.2-12", v5, client, "10 ## <MQTT> 05 1E 00 00 [ ] <a> [ ] <w> <x>", malformed_packet},
    {"5.0 CONNECT, will topic with +", "5.0 MQTT-3.1.3-11", v5, client, "10 ## <MQTT> 05 06 00 00 [ ] <a> [ ] <w/+> <x>", topic_name_invalid},
    {"5.0 CONNECT, will topic with #", "5.0 MQTT-3.1.3-11", v5, client, "10 ## <MQTT> 05 06 00 00 [ ] <a> [ ] <#> <x>", topic_name_invalid},
    {"5.0 CONNECT, will topic empty", "5.0 MQTT-4.7.3-1", v5, client, "10 ## <MQTT> 05 06 00 00 [ ] <a> [ ] <> <x>", topic_name_invalid},
    {"5.0 CONNECT, will topic not text", "5.0 MQTT-3.1.3-11", v5, client, "10 ## <MQTT> 05 06 00 00 [ ] <a> [ ] 00 01 FF <x>", malformed_packet},
    {"5.0 CONNECT, client id not text", "5.0 MQTT-3.1.3-4, 5.0 MQTT-1.5.4-1", v5, client, "10 ## <MQTT> 05 02 00 00 [ ] 00 02 C0 80", malformed_packet},
    {"5.0 CONNECT, client id with a surrogate", "5.0 MQTT-1.5.4-1", v5, client, "10 ## <MQTT> 05 02 00 00 [ ] 00 03 ED A0 80", malformed_packet},
    {"5.0 CONNECT, client id with U+0000", "5.0 MQTT-1.5.4-2", v5, client, "10 ## <MQTT> 05 02 00 00 [ ] 00 01 00", malformed_packet},
    {"5.0 CONNECT, user name not text", "5.0 MQTT-3.1.3-12", v5, client, "10 ## <MQTT> 05 82 00 00 [ ] <a> 00 02 C3 28", malformed_packet},
    {"5.0 CONNECT, authentication data without method", "", v5, client, "10 ## <MQTT> 05 02 00 00 [ 16 <d> ] <a>", protocol_error},
    {"5.0 CONNECT, unknown property", "", v5, client, "10 ## <MQTT> 05 02 00 00 [ 7F 00 ] <a>", malformed_packet},
    {"5.0 CONNECT, property identifier of two bytes", "", v5, client, "10 ## <MQTT> 05 02 00 00 [ 80 01 00 ] <a>", malformed_packet},
    {"5.0 CONNECT, padded property identifier", "5.0 MQTT-1.5.5-1", v5, client, "10 ## <MQTT> 05 02 00 00 [ A1 00 00 0A ] <a>", malformed_packet},
    {"5.0 CONNECT, padded property length", "5.0 MQTT-1.5.5-1", v5, client, "10 ## <MQTT> 05 02 00 00 80 00 <a>", malformed_packet},
    {"5.0 CONNECT, property length beyond the packet", "", v5, client, "10 ## <MQTT> 05 02 00 00 7F <a>", malformed_packet},
    {"5.0 CONNECT, property cut by its section", "", v5, client, "10 ## <MQTT> 05 02 00 00 02 21 00 0A <a>", malformed_packet},
    {"5.0 CONNECT, property length of five bytes", "", v5, client, "10 ## <MQTT> 05 02 00 00 FF FF FF FF 01 <a>", malformed_packet},
    {"5.0 CONNECT, user property with U+0000", "5.0 MQTT-1.5.7-1", v5, client, "10 ## <MQTT> 05 02 00 00 [ 26 00 01 00 <b> ] <a>", malformed_packet},
    {"CONNECT to another protocol", "5.0 MQTT-3.1.2-1", v5, client, "10 ## <MQTX> 05 02 00 00 [ ] <a>", unsupported_protocol_version},
    {"CONNECT in lower case", "5.0 MQTT-3.1.2-1", v5, client, "10 ## <mqtt> 05 02 00 00 [ ] <a>", unsupported_protocol_version},
    {"CONNECT without protocol name", "5.0 MQTT-3.1.2-1", v5, client, "10 ## <> 05 02 00 00 [ ] <a>", unsupported_protocol_version},
    {"CONNECT, level 6", "5.0 MQTT-3.1.2-2", v5, client, "10 ## <MQTT> 06 02 00 00 [ ] <a>", unsupported_protocol_version},
    {"CONNECT, level 0", "5.0 MQTT-3.1.2-2", v5, client, "10 ## <MQTT> 00 02 00 00 <a>", unsupported_protocol_version},
    {"CONNECT, level 255", "5.0 MQTT-3.1.2-2", v5, client, "10 ## <MQTT> FF 02 00 00 <a>", unsupported_protocol_version},
    {"CONNECT, MQTT at level 3", "3.1.1 MQTT-3.1.2-2", v3_1_1, client, "10 ## <MQTT> 03 02 00 00 <a>", unsupported_protocol_version},
    {"CONNECT, MQIsdp at level 4", "3.1.1 MQTT-3.1.2-1", v3_1_1, client, "10 ## <MQIsdp> 04 02 00 00 <a>", unsupported_protocol_version},
    {"CONNECT, nothing after the name", "", v5, client, "10 ## <MQTT>", malformed_packet},
    {"CONNECT, name longer than the packet", "", v5, client, "10 ## FF FF 'MQTT'", malformed_packet},
    {"CONNECT from a server", "", v5, server, "10 ## <MQTT> 05 02 00 00 [ ] <a>", protocol_error},

    {"3.1.1 CONNECT, smallest", "3.1.1 MQTT-3.1.3-6", v3_1_1, client, "10 ## <MQTT> 04 02 00 00 <>", success, true},
    {"3.1.1 CONNECT with everything", "3.1.1 MQTT-3.1.3-1", v3_1_1, client, "10 ## <MQTT> 04 F6 00 0A <abc> <w/t> <bye> <user> <pass>", success, true},
    {"3.1.1 CONNECT, old session", "3.1.1 MQTT-3.1.2-4", v3_1_1, client, "10 ## <MQTT> 04 00 00 0A <abc>", success, true},
    {"3.1.1 CONNECT, will QoS 2", "3.1.1 MQTT-3.1.2-9", v3_1_1, client, "10 ## <MQTT> 04 16 00 0A <abc> <w> <x>", success, true},
    {"3.1.1 CONNECT, bridge bit", "", v3_1_1, client, "10 ## <MQTT> 84 02 00 0A <abc>"},
    {"3.1.1 CONNECT, reserved flag", "3.1.1 MQTT-3.1.2-3", v3_1_1, client, "10 ## <MQTT> 04 03 00 0A <abc>", malformed_packet},
    {"3.1.1 CONNECT, header flags", "3.1.1 MQTT-2.2.2-2", v3_1_1, client, "12 ## <MQTT> 04 02 00 0A <abc>", malformed_packet},
    {"3.1.1 CONNECT, will QoS without will", "3.1.1 MQTT-3.1.2-13", v3_1_1, client, "10 ## <MQTT> 04 12 00 0A <abc>", malformed_packet},
    {"3.1.1 CONNECT, will retain without will", "3.1.1 MQTT-3.1.2-15", v3_1_1, client, "10 ## <MQTT> 04 22 00 0A <abc>", malformed_packet},
    {"3.1.1 CONNECT, will QoS 3", "3.1.1 MQTT-3.1.2-14", v3_1_1, client, "10 ## <MQTT> 04 1E 00 0A <abc> <w> <x>", malformed_packet},
    {"3.1.1 CONNECT, password without user name", "3.1.1 MQTT-3.1.2-22", v3_1_1, client, "10 ## <MQTT> 04 42 00 0A <abc> <pass>", malformed_packet},
    {"3.1.1 CONNECT, user name missing", "3.1.1 MQTT-3.1.2-19", v3_1_1, client, "10 ## <MQTT> 04 82 00 0A <abc>", malformed_packet},
    {"3.1.1 CONNECT, password missing", "3.1.1 MQTT-3.1.2-21", v3_1_1, client, "10 ## <MQTT> 04 C2 00 0A <abc> <user>", malformed_packet},
    {"3.1.1 CONNECT, client id not text", "3.1.1 MQTT-3.1.3-4, 3.1.1 MQTT-1.5.3-1", v3_1_1, client, "10 ## <MQTT> 04 02 00 0A 00 02 C0 80", malformed_packet},
    {"3.1.1 CONNECT, client id with U+0000", "3.1.1 MQTT-1.5.3-2", v3_1_1, client, "10 ## <MQTT> 04 02 00 0A 00 02 41 00", malformed_packet},
    {"3.1.1 CONNECT, will topic not text", "3.1.1 MQTT-3.1.3-10", v3_1_1, client, "10 ## <MQTT> 04 06 00 0A <abc> 00 01 80 <x>", malformed_packet},
    {"3.1.1 CONNECT, user name not text", "3.1.1 MQTT-3.1.3-11", v3_1_1, client, "10 ## <MQTT> 04 82 00 0A <abc> 00 01 80", malformed_packet},
    {"3.1.1 CONNECT, user name without flag", "3.1.1 MQTT-3.1.2-18", v3_1_1, client, "10 ## <MQTT> 04 02 00 0A <abc> <user>", malformed_packet},
    {"3.1.1 CONNECT, will topic with wildcard", "", v3_1_1, client, "10 ## <MQTT> 04 06 00 0A <abc> <a/#> <x>", topic_name_invalid},

    {"3.1 CONNECT, smallest", "", v3_1, client, "10 ## <MQIsdp> 03 02 00 0A <a>", success, true},
    {"3.1 CONNECT with everything", "", v3_1, client, "10 ## <MQIsdp> 03 F6 00 0A <abc> <w/t> <bye> <user> <pass>"},
    {"3.1 CONNECT, empty client id", "", v3_1, client, "10 ## <MQIsdp> 03 02 00 0A <>"},
    {"3.1 CONNECT, bridge bit", "", v3_1, client, "10 ## <MQIsdp> 83 02 00 0A <a>"},
    {"3.1 CONNECT, flag bit 0 is unused", "", v3_1, client, "10 ## <MQIsdp> 03 03 00 0A <a>"},
    {"3.1 CONNECT, user name flag without the field", "", v3_1, client, "10 ## <MQIsdp> 03 82 00 0A <a>"},
    {"3.1 CONNECT, password flag without the field", "", v3_1, client, "10 ## <MQIsdp> 03 C2 00 0A <a> <user>"},
    {"3.1 CONNECT, both login fields missing", "", v3_1, client, "10 ## <MQIsdp> 03 C2 00 0A <a>"},
    {"3.1 CONNECT, user name cut", "", v3_1, client, "10 ## <MQIsdp> 03 82 00 0A <a> 00 05 'u'", malformed_packet},
    {"3.1 CONNECT, password without user name", "", v3_1, client, "10 ## <MQIsdp> 03 42 00 0A <a> <pass>", malformed_packet},
    {"3.1 CONNECT, will QoS 3", "", v3_1, client, "10 ## <MQIsdp> 03 1E 00 0A <a> <w> <x>", malformed_packet},
};

}  // namespace

std::span<const WireRow> connect_rows() { return kRows; }

}  // namespace tombo::test
