#include "support/wire_cases.hpp"

namespace tombo::test {
namespace {

using enum mqtt::ReasonCode;
using enum mqtt::Version;
using enum mqtt::Sender;

constexpr WireRow kRows[] = {
    {"5.0 CONNACK, smallest", "", v5, server, "20 ## 00 00 [ ]", success, true},
    {"5.0 CONNACK, session present", "5.0 MQTT-3.2.2-3", v5, server, "20 ## 01 00 [ ]", success, true},
    {"5.0 CONNACK with everything", "", v5, server,
     "20 ## 00 00 [ 11 00 00 00 0A 21 00 14 24 01 25 00 27 00 00 10 00 12 <id> 22 00 0A 1F <why> 26 <a> <b> 28 00 29 00 2A 00 "
     "13 00 3C 1A <info> 1C <other> 15 <m> 16 <d> ]",
     success, true},
    {"5.0 CONNACK, refusal", "", v5, server, "20 ## 00 87 [ 1F <no> ]"},
    {"5.0 CONNACK, moved", "", v5, server, "20 ## 00 9D [ 1C <elsewhere> ]"},
    {"5.0 CONNACK, session present in a refusal", "5.0 MQTT-3.2.2-6", v5, server, "20 ## 01 87 [ ]", protocol_error},
    {"5.0 CONNACK, reserved flag", "5.0 MQTT-3.2.2-1", v5, server, "20 ## 02 00 [ ]", malformed_packet},
    {"5.0 CONNACK, foreign reason", "5.0 MQTT-3.2.2-8", v5, server, "20 ## 00 8E [ ]", protocol_error},
    {"5.0 CONNACK, header flags", "5.0 MQTT-2.1.3-1", v5, server, "21 ## 00 00 [ ]", malformed_packet},
    {"5.0 CONNACK from a client", "", v5, client, "20 ## 00 00 [ ]", protocol_error},
    {"3.1.1 CONNACK", "", v3_1_1, server, "20 02 00 00", success, true},
    {"3.1.1 CONNACK, session present", "3.1.1 MQTT-3.2.2-2", v3_1_1, server, "20 02 01 00"},
    {"3.1.1 CONNACK, refusal", "3.1.1 MQTT-3.2.2-4", v3_1_1, server, "20 02 00 05"},
    {"3.1.1 CONNACK, session present in a refusal", "3.1.1 MQTT-3.2.2-4", v3_1_1, server, "20 02 01 05", protocol_error},
    {"3.1.1 CONNACK, reserved flag", "", v3_1_1, server, "20 02 80 00", malformed_packet},
    {"3.1 CONNACK, first byte means nothing", "", v3_1, server, "20 02 FF 00"},

    {"5.0 PINGREQ", "", v5, client, "C0 00"},
    {"3.1.1 PINGREQ", "", v3_1_1, client, "C0 00"},
    {"3.1 PINGREQ", "", v3_1, client, "C0 00"},
    {"PINGREQ with a body", "", v5, client, "C0 01 00", malformed_packet},
    {"5.0 PINGREQ, flags", "5.0 MQTT-2.1.3-1", v5, client, "C1 00", malformed_packet},
    {"3.1.1 PINGREQ, flags", "3.1.1 MQTT-2.2.2-2", v3_1_1, client, "C8 00", malformed_packet},
    {"PINGREQ from a server", "", v5, server, "C0 00", protocol_error},
    {"PINGRESP", "", v5, server, "D0 00"},
    {"PINGRESP with a body", "", v5, server, "D0 01 00", malformed_packet},
    {"PINGRESP, flags", "", v3_1_1, server, "D2 00", malformed_packet},
    {"PINGRESP from a client", "", v5, client, "D0 00", protocol_error},

    {"5.0 DISCONNECT, empty", "", v5, client, "E0 00"},
    {"5.0 DISCONNECT, reason alone", "", v5, client, "E0 01 00"},
    {"5.0 DISCONNECT, with will", "", v5, client, "E0 01 04"},
    {"5.0 DISCONNECT, empty properties", "", v5, client, "E0 ## 00 [ ]"},
    {"5.0 DISCONNECT, expiry changed", "5.0 MQTT-3.14.2-2", v5, client, "E0 ## 00 [ 11 00 00 00 64 ]"},
    {"5.0 DISCONNECT, everything a client may say", "", v5, client, "E0 ## 80 [ 11 FF FF FF FF 1F <why> 26 <a> <b> ]"},
    {"5.0 DISCONNECT, everything a server may say", "", v5, server, "E0 ## 9C [ 1F <why> 1C <other> 26 <a> <b> ]"},
    {"5.0 DISCONNECT, shutting down", "", v5, server, "E0 01 8B"},
    {"5.0 DISCONNECT, a server's reason from a client", "5.0 MQTT-3.14.2-1", v5, client, "E0 01 8B", protocol_error},
    {"5.0 DISCONNECT, a client's reason from a server", "5.0 MQTT-3.14.2-1", v5, server, "E0 01 04", protocol_error},
    {"5.0 DISCONNECT, unknown reason", "5.0 MQTT-3.14.2-1", v5, client, "E0 01 7F", protocol_error},
    {"5.0 DISCONNECT, expiry from a server", "5.0 MQTT-3.14.2-2", v5, server, "E0 ## 00 [ 11 00 00 00 64 ]", protocol_error},
    {"5.0 DISCONNECT, server reference from a client", "", v5, client, "E0 ## 00 [ 1C <other> ]", protocol_error},
    {"5.0 DISCONNECT, flags", "5.0 MQTT-3.14.1-1", v5, client, "E1 00", malformed_packet},
    {"5.0 DISCONNECT, too long", "", v5, client, "E0 ## 00 [ ] 00", malformed_packet},
    {"5.0 DISCONNECT, properties cut", "", v5, client, "E0 ## 00 05 11 00", malformed_packet},
    {"3.1.1 DISCONNECT", "", v3_1_1, client, "E0 00"},
    {"3.1.1 DISCONNECT, flags", "3.1.1 MQTT-3.14.1-1", v3_1_1, client, "E2 00", malformed_packet},
    {"3.1.1 DISCONNECT with a reason", "", v3_1_1, client, "E0 01 00", malformed_packet},
    {"3.1.1 DISCONNECT from a server", "", v3_1_1, server, "E0 00", protocol_error},
    {"3.1 DISCONNECT", "", v3_1, client, "E0 00"},

    {"5.0 AUTH, continue", "5.0 MQTT-3.15.2-1", v5, client, "F0 ## 18 [ 15 <SCRAM> 16 <data> ]", success, true},
    {"5.0 AUTH, again", "", v5, client, "F0 ## 19 [ 15 <m> 1F <why> 26 <a> <b> ]", success, true},
    {"5.0 AUTH, success from a server", "", v5, server, "F0 ## 00 [ 15 <m> ]", success, true},
    {"5.0 AUTH, empty", "", v5, client, "F0 00", protocol_error},
    {"5.0 AUTH, success from a client", "5.0 MQTT-3.15.2-1", v5, client, "F0 ## 00 [ 15 <m> ]", protocol_error},
    {"5.0 AUTH, again from a server", "5.0 MQTT-3.15.2-1", v5, server, "F0 ## 19 [ 15 <m> ]", protocol_error},
    {"5.0 AUTH without method", "", v5, client, "F0 ## 18 [ 16 <data> ]", protocol_error},
    {"5.0 AUTH, foreign reason", "5.0 MQTT-3.15.2-1", v5, client, "F0 ## 87 [ 15 <m> ]", protocol_error},
    {"5.0 AUTH, flags", "5.0 MQTT-3.15.1-1", v5, client, "F1 ## 18 [ 15 <m> ]", malformed_packet},
    {"3.1.1 AUTH does not exist", "3.1.1 MQTT-4.8.0-1", v3_1_1, client, "F0 ## 18 [ 15 <m> ]", malformed_packet},
    {"3.1 AUTH does not exist", "", v3_1, client, "F0 00", malformed_packet},

    {"5.0 packet type 0", "", v5, client, "00 00", malformed_packet},
    {"3.1.1 packet type 0", "3.1.1 MQTT-4.8.0-1", v3_1_1, client, "00 00", malformed_packet},
};

}  // namespace

std::span<const WireRow> control_rows() { return kRows; }

}  // namespace tombo::test
